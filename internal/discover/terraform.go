package discover

import (
	"path"
	"slices"
	"strings"

	"gate/internal/source"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/hashicorp/hcl/v2/json"
	"github.com/zclconf/go-cty/cty"
)

func isTerraform(base string) bool {
	switch base {
	case "terragrunt.hcl", "terragrunt.stack.hcl", "root.hcl":
		return true
	}
	return isModuleFile(base) || strings.HasSuffix(base, ".tfvars") || strings.HasSuffix(base, ".tfvars.json") || base == ".terraform.lock.hcl"
}

// isModuleFile says whether a file belongs to a module of Terraform or
// OpenTofu.
func isModuleFile(base string) bool {
	for _, ext := range []string{".tf", ".tofu", ".tf.json", ".tofu.json"} {
		if strings.HasSuffix(base, ext) && base != ext {
			return true
		}
	}
	return false
}

// moduleFile is what one file of a module says about others.
type moduleFile struct {
	calls   []string // local sources as written
	backend bool     // it has a backend or cloud block
}

// moduleSchema is the part of a module that tells which modules it calls.
var moduleSchema = &hcl.BodySchema{Blocks: []hcl.BlockHeaderSchema{
	{Type: "module", LabelNames: []string{"name"}},
	{Type: "terraform"},
}}

// terraformFile reads the calls of one file. A file that cannot be parsed
// calls nothing here; reading the module reports it.
func (c *collector) terraformFile(r *reading) {
	base := path.Base(r.entry.Path)
	if downloaded(r.entry.Path) {
		r.reason = "downloaded module or provider"
		return
	}
	if !isModuleFile(base) {
		return
	}
	data, err := c.tree.ReadFile(r.entry.Path)
	if err != nil {
		r.fault = err
		return
	}
	r.module = &moduleFile{}
	var file *hcl.File
	var diags hcl.Diagnostics
	if strings.HasSuffix(base, ".json") {
		file, diags = json.Parse(data, r.entry.Path)
	} else {
		file, diags = hclsyntax.ParseConfig(data, r.entry.Path, hcl.InitialPos)
	}
	r.unread = firstError(diags)
	if file == nil || file.Body == nil {
		return
	}
	content, _, _ := file.Body.PartialContent(moduleSchema)
	if content == nil {
		return
	}
	for _, b := range content.Blocks {
		switch b.Type {
		case "module":
			attrs, _, _ := b.Body.PartialContent(&hcl.BodySchema{Attributes: []hcl.AttributeSchema{{Name: "source"}}})
			if attrs == nil || attrs.Attributes["source"] == nil {
				continue
			}
			v, diags := attrs.Attributes["source"].Expr.Value(nil)
			if diags.HasErrors() || v.IsNull() || !v.IsKnown() || v.Type() != cty.String {
				continue
			}
			if s := v.AsString(); strings.HasPrefix(s, "./") || strings.HasPrefix(s, "../") || s == "." || s == ".." {
				r.module.calls = append(r.module.calls, s)
			}
		case "terraform":
			inner, _, _ := b.Body.PartialContent(&hcl.BodySchema{Blocks: []hcl.BlockHeaderSchema{{Type: "backend", LabelNames: []string{"type"}}, {Type: "cloud"}}})
			r.module.backend = r.module.backend || inner != nil && len(inner.Blocks) > 0
		}
	}
}

// firstError is the first error among diagnostics, with its line.
func firstError(diags hcl.Diagnostics) error {
	for _, d := range diags {
		if d.Severity != hcl.DiagError {
			continue
		}
		e := &source.Error{Msg: d.Summary}
		if d.Subject != nil {
			e.Position = source.Position{File: d.Subject.Filename, Line: d.Subject.Start.Line}
		}
		return e
	}
	return nil
}

func downloaded(p string) bool {
	return strings.HasPrefix(p, ".terraform/") || strings.Contains(p, "/.terraform/")
}

type terraformDir struct {
	calls  []string // directories
	called bool
	root   bool
}

// modules finds the root modules: directories that no other one calls or that
// have a backend of their own. What no root reaches (modules that call each
// other) is a root too, so that nothing stays unread.
func (c *collector) modules(inv *Inventory) {
	c.dirs = map[string]*terraformDir{}
	for i := range c.read {
		r := &c.read[i]
		if r.module == nil {
			continue
		}
		dir := path.Dir(r.entry.Path)
		d := c.dirs[dir]
		if d == nil {
			d = &terraformDir{}
			c.dirs[dir] = d
		}
		d.root = d.root || r.module.backend
		for _, s := range r.module.calls {
			d.calls = append(d.calls, path.Join(dir, s))
		}
	}
	var all []string
	for dir, d := range c.dirs {
		all = append(all, dir)
		for _, to := range d.calls {
			if t := c.dirs[to]; t != nil && to != dir {
				t.called = true
			}
		}
	}
	slices.Sort(all)
	reached := map[string]bool{}
	var reach func(dir string)
	reach = func(dir string) {
		if d := c.dirs[dir]; d != nil && !reached[dir] {
			reached[dir] = true
			for _, to := range d.calls {
				reach(to)
			}
		}
	}
	for _, dir := range all {
		if d := c.dirs[dir]; d.root || !d.called {
			inv.TerraformRoots = append(inv.TerraformRoots, dir)
			reach(dir)
		}
	}
	for _, dir := range all {
		if !reached[dir] {
			inv.TerraformRoots = append(inv.TerraformRoots, dir)
			reach(dir)
		}
	}
}
