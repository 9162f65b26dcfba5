package terraform

import (
	"errors"
	"path"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"

	"gate/internal/source"
)

// maxTerragruntDepth limits configurations that read configurations.
const maxTerragruntDepth = 8

// terragruntConfig is one file, read for one unit: an included file tells
// something else for each unit that includes it.
type terragruntConfig struct {
	loader   *loader
	unit     *terragruntUnit
	file     string
	depth    int
	apart    bool // read by itself: it speaks of its own directory
	blocks   map[string][]*hcl.Block
	attrs    hcl.Attributes
	locals   hcl.Attributes
	busy     map[string]bool
	done     map[string]cty.Value
	funcs    map[string]function.Function
	includes []terragruntInclude
	faults   []error
}

type terragruntInclude struct {
	name     string
	file     string
	expose   bool
	strategy string
	config   *terragruntConfig
}

var terragruntSchema = &hcl.BodySchema{Blocks: []hcl.BlockHeaderSchema{
	{Type: "locals"}, {Type: "terraform"}, {Type: "remote_state"}, {Type: "inputs"},
	{Type: "generate", LabelNames: []string{"name"}}, {Type: "dependency", LabelNames: []string{"name"}},
	{Type: "unit", LabelNames: []string{"name"}}, {Type: "stack", LabelNames: []string{"name"}},
}}

// What one unit may cost: configurations that are read for it, and bytes and
// elements of the values of its expressions together.
const (
	maxTerragruntReads = 100
	maxTerragruntWork  = 1 << 22
)

// terragruntConfig reads one file; what cannot be read is a fault in it.
func (l *loader) terragruntConfig(file string, u *terragruntUnit, depth int) *terragruntConfig {
	return l.terragruntPart(file, u, depth, false)
}

func (l *loader) terragruntPart(file string, u *terragruntUnit, depth int, apart bool) *terragruntConfig {
	c := &terragruntConfig{loader: l, unit: u, file: file, depth: depth, apart: apart, blocks: map[string][]*hcl.Block{}, busy: map[string]bool{}, done: map[string]cty.Value{}, locals: hcl.Attributes{}}
	if u.reads++; depth > maxTerragruntDepth || u.reads > maxTerragruntReads {
		c.faults = append(c.faults, &source.Error{Position: source.Position{File: file}, Msg: "configurations read each other without end"})
		return c
	}
	u.reading(file)
	c.funcs = c.functions()
	body, err := l.parseOnce(file)
	if err != nil {
		c.faults = append(c.faults, err)
	}
	if body == nil {
		return c
	}
	content, _, _ := body.PartialContent(terragruntSchema)
	for _, b := range content.Blocks {
		c.blocks[b.Type] = append(c.blocks[b.Type], b)
		if b.Type == "locals" {
			for name, a := range attributes(b.Body) {
				c.locals[name] = a
			}
		}
	}
	c.attrs = attributes(body)
	c.readIncludes(body)
	return c
}

// readIncludes follows include blocks, which may lack their label.
func (c *terragruntConfig) readIncludes(body hcl.Body) {
	native, ok := body.(*hclsyntax.Body)
	if !ok {
		return
	}
	for _, b := range native.Blocks {
		if b.Type != "include" {
			continue
		}
		attrs := attributes(b.Body)
		in := terragruntInclude{strategy: "shallow"}
		if len(b.Labels) > 0 {
			in.name = b.Labels[0]
		}
		if a := attrs["expose"]; a != nil {
			in.expose = truth(a)
		}
		if s := literal(attrs["merge_strategy"]); s != "" {
			in.strategy = s
		}
		at := c.loader.position(b.DefRange())
		if a := attrs["path"]; a != nil {
			if s, ok := knownText(c.value(a.Expr)); ok {
				in.file, _ = c.inTree(s)
				c.unit.reading(in.file)
			}
		}
		if _, found := c.loader.tree.Lookup(in.file); in.file == "" || !found {
			c.faults = append(c.faults, &source.Error{Position: at, Msg: "what it includes cannot be found in the tree", Hint: "what an included file adds is not known; name it with find_in_parent_folders(\"root.hcl\")"})
			continue
		}
		// An included file speaks of the unit; it cannot include others itself,
		// but files that it reads can.
		in.config = c.loader.terragruntConfig(in.file, c.unit, c.depth+1)
		c.faults = append(c.faults, in.config.faults...)
		c.includes = append(c.includes, in)
	}
}

func (c *terragruntConfig) includePaths() []string {
	var out []string
	for _, in := range c.includes {
		out = append(out, in.file)
	}
	return out
}

// inTree is the path in the tree of a path that a configuration tells.
func (c *terragruntConfig) inTree(p string) (string, bool) {
	return inTreeFrom(path.Dir(c.baseFile()), p)
}

// inTreeFrom is the path in the tree of a path that is relative to dir.
func inTreeFrom(dir, p string) (string, bool) {
	if rest, ok := strings.CutPrefix(p, repositoryRoot); ok {
		p = path.Clean("./" + rest)
	} else if path.IsAbs(p) {
		return "", false
	} else {
		p = path.Join(dir, p)
	}
	return p, p != ".." && !strings.HasPrefix(p, "../")
}

func knownText(v cty.Value) (string, bool) {
	v, _ = v.Unmark()
	if !v.IsKnown() || v.IsNull() || v.Type() != cty.String {
		return "", false
	}
	return v.AsString(), true
}

// value evaluates an expression; what cannot be told is unknown.
func (c *terragruntConfig) value(expr hcl.Expression) (v cty.Value) {
	v = cty.DynamicVal
	defer func() {
		if recover() != nil { // the libraries panic on some hostile input
			v = cty.DynamicVal
		}
	}()
	if c.unit.work > maxTerragruntWork {
		return v
	}
	refs := expr.Variables()
	vars := c.variables(refs)
	if !affordable(expr, refs, vars) {
		return cty.DynamicVal
	}
	out, diags := expr.Value(&hcl.EvalContext{Variables: vars, Functions: c.funcs})
	if diags.HasErrors() {
		out = parts(expr, c.funcs, c.value)
	}
	n := size(out, maxValueSize)
	c.unit.work += n
	if n > maxValueSize {
		return cty.DynamicVal
	}
	return out
}

func (c *terragruntConfig) variables(refs []hcl.Traversal) map[string]cty.Value {
	out := map[string]cty.Value{}
	local := map[string]cty.Value{}
	for _, t := range refs {
		switch root := t.RootName(); root {
		case "local":
			if name := step(t, 1); name != "" {
				local[name] = c.local(name)
				continue
			}
			for name := range c.locals {
				local[name] = c.local(name)
			}
		case "include":
			out[root] = c.included()
		case "values":
			out[root] = c.unit.values
		default: // dependency, feature, unit, stack: only running tells
			out[root] = cty.DynamicVal
		}
	}
	if len(local) > 0 {
		out["local"] = cty.ObjectVal(local)
	}
	return out
}

func (c *terragruntConfig) local(name string) cty.Value {
	if v, ok := c.done[name]; ok {
		return v
	}
	a := c.locals[name]
	if a == nil || c.busy[name] {
		return cty.DynamicVal
	}
	c.busy[name] = true
	v := c.value(a.Expr)
	delete(c.busy, name)
	c.done[name] = v
	return v
}

// included is the value of include: by name, or of the one without a name.
func (c *terragruntConfig) included() cty.Value {
	out := map[string]cty.Value{}
	for _, in := range c.includes {
		if in.expose && in.name != "" {
			out[in.name] = in.config.exposed()
		} else if in.expose {
			return in.config.exposed()
		}
	}
	return cty.ObjectVal(out)
}

// exposed is what another configuration can read of this one.
func (c *terragruntConfig) exposed() cty.Value {
	locals := map[string]cty.Value{}
	for name := range c.locals {
		locals[name] = c.local(name)
	}
	inputs := map[string]cty.Value{}
	for name, v := range c.inputs() {
		inputs[name] = v
	}
	return cty.ObjectVal(map[string]cty.Value{
		"locals": cty.ObjectVal(locals), "inputs": cty.ObjectVal(inputs), "dependency": cty.DynamicVal, "remote_state": cty.DynamicVal,
		"terraform": cty.DynamicVal, "generate": cty.DynamicVal, "feature": cty.DynamicVal,
	})
}

// inputs are those of the file itself, without those that it includes.
func (c *terragruntConfig) inputs() map[string]cty.Value {
	out := map[string]cty.Value{}
	a := c.attrs["inputs"]
	if a == nil || c.busy["inputs"] {
		return out
	}
	c.busy["inputs"] = true // a configuration that reads itself has no inputs
	defer delete(c.busy, "inputs")
	if pairs, diags := hcl.ExprMap(a.Expr); !diags.HasErrors() { // one unknown input does not hide the others
		for _, kv := range pairs {
			if key, ok := knownText(c.key(kv.Key)); ok {
				out[key] = c.value(kv.Value)
			}
		}
		return out
	}
	v, marks := c.value(a.Expr).Unmark()
	if v.IsKnown() && !v.IsNull() && (v.Type().IsObjectType() || v.Type().IsMapType()) {
		for name, e := range v.AsValueMap() {
			out[name] = e.WithMarks(marks)
		}
	}
	return out
}

// wholeInputs says whether the names of all inputs of the file are known.
func (c *terragruntConfig) wholeInputs() bool {
	a := c.attrs["inputs"]
	if a == nil {
		return true
	}
	pairs, diags := hcl.ExprMap(a.Expr)
	if diags.HasErrors() {
		v, _ := c.value(a.Expr).Unmark()
		return v.IsKnown() && !v.IsNull() && (v.Type().IsObjectType() || v.Type().IsMapType())
	}
	for _, kv := range pairs {
		if _, ok := knownText(c.key(kv.Key)); !ok {
			return false
		}
	}
	return true
}

func (c *terragruntConfig) key(expr hcl.Expression) cty.Value {
	if kw := hcl.ExprAsKeyword(expr); kw != "" {
		return cty.StringVal(kw)
	}
	return c.value(expr)
}

var errOutside = errors.New("path leaves the repository")
