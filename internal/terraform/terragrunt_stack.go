package terraform

import (
	"fmt"
	"maps"
	"path"
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"gate/internal/source"
)

// terragruntPlan is a terragrunt.stack.hcl for one place: a stack that others
// apply is generated once for each of them.
type terragruntPlan struct {
	file   string
	dir    string // below which it is generated
	values cty.Value
}

// terragruntStacks reads the units of all stacks of the tree.
func (l *loader) terragruntStacks(files []string) []*terragruntUnit {
	w := stackWalk{loader: l, read: map[string]bool{}}
	nested := map[string]bool{} // applied by another stack, which says with which values
	for _, file := range files {
		w.nested(file, nested)
	}
	var out []*terragruntUnit
	for _, file := range files {
		if !nested[file] {
			out = append(out, w.stack(terragruntPlan{file, path.Dir(file), cty.DynamicVal}, nil)...)
		}
	}
	for _, file := range files {
		if !w.read[file] { // only stacks that it applies itself apply it
			out = append(out, w.stack(terragruntPlan{file, path.Dir(file), cty.DynamicVal}, nil)...)
		}
	}
	return out
}

// stackWalk reads stacks within a limit: each may apply ten others.
type stackWalk struct {
	*loader
	read map[string]bool
	n    int
}

const maxTerragruntStacks = 1000

// stack reads the units of a stack, those of the stacks in it too. above are
// the files of the stacks around it.
func (l *stackWalk) stack(p terragruntPlan, above []string) []*terragruntUnit {
	l.read[p.file] = true
	l.n++
	self := &terragruntUnit{dir: path.Dir(p.file), file: p.file, values: p.values}
	c := l.terragruntConfig(p.file, self, 0)
	var out []*terragruntUnit
	for _, b := range c.blocks["unit"] {
		u := &terragruntUnit{faults: c.faults, values: cty.EmptyObjectVal, sourceAt: b.DefRange}
		u.dir = c.generatedDir(b, p.dir)
		local := l.generatedFrom(c, b, u, terragruntFile)
		if _, ok := l.tree.Lookup(local); ok {
			u.file = local
		}
		u.files = maps.Clone(self.files)
		out = append(out, u)
	}
	for _, b := range c.blocks["stack"] {
		u := &terragruntUnit{values: cty.EmptyObjectVal, sourceAt: b.DefRange}
		u.dir = c.generatedDir(b, p.dir)
		file := l.generatedFrom(c, b, u, terragruntStackFile)
		fault := ""
		switch _, ok := l.tree.Lookup(file); {
		case file == "" || !ok:
			fault = "the stack that it applies is not in the tree"
		case slices.Contains(above, file) || file == p.file || len(above) >= maxTerragruntDepth:
			fault = "stacks apply each other without end"
		case l.n >= maxTerragruntStacks:
			fault = fmt.Sprintf("stacks apply more than %d others", maxTerragruntStacks)
		default:
			for _, inner := range l.stack(terragruntPlan{file, u.dir, u.values}, append(above[:len(above):len(above)], p.file)) {
				maps.Copy(inner.files, self.files)
				out = append(out, inner)
			}
			continue
		}
		u.faults = []error{&source.Error{Position: l.position(b.DefRange), Msg: fault, Hint: "run `terragrunt stack generate` before the check"}}
		u.files = maps.Clone(self.files)
		out = append(out, u)
	}
	return out
}

// generatedDir is where a unit or stack is generated.
func (c *terragruntConfig) generatedDir(b *hcl.Block, dir string) string {
	attrs := attributes(b.Body)
	at := ""
	if len(b.Labels) > 0 {
		at = b.Labels[0]
	}
	if a := attrs["path"]; a != nil {
		if s, ok := knownText(c.value(a.Expr)); ok {
			at = s
		}
	}
	if a := attrs["no_dot_terragrunt_stack"]; a != nil && truth(a) {
		return path.Join(dir, path.Clean("/"+at))
	}
	return path.Join(dir, ".terragrunt-stack", path.Clean("/"+at))
}

// generatedFrom fills source and values of a unit or stack, and gives its file
// in the tree, "" of one from elsewhere.
func (l *loader) generatedFrom(c *terragruntConfig, b *hcl.Block, u *terragruntUnit, name string) string {
	attrs := attributes(b.Body)
	if a := attrs["values"]; a != nil {
		u.values = c.value(a.Expr)
	}
	a := attrs["source"]
	if a == nil {
		return ""
	}
	u.sourceAt = a.Range
	s, ok := knownText(c.value(a.Expr))
	if !ok {
		return ""
	}
	u.source, u.known = s, true
	if p, local := l.localSource(path.Dir(c.file), s); local {
		return path.Join(p, name)
	}
	return ""
}

// nested finds the stacks of the tree that a stack applies.
func (l *stackWalk) nested(file string, into map[string]bool) {
	self := &terragruntUnit{dir: path.Dir(file), file: file, values: cty.DynamicVal}
	c := l.terragruntConfig(file, self, 0)
	for _, b := range c.blocks["stack"] {
		if f := l.generatedFrom(c, b, &terragruntUnit{}, terragruntStackFile); f != "" && f != file {
			into[f] = true
		}
	}
}
