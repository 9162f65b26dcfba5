package terraform

import (
	"path"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
)

// value evaluates an expression. Errors make it unknown: the configuration is
// read without providers, so an error here is not one of the configuration.
func (s *scope) value(expr hcl.Expression, extra map[string]cty.Value) (v cty.Value) {
	v = cty.DynamicVal
	if s.ev.depth++; s.ev.depth > 120 {
		s.ev.depth--
		return v
	}
	defer func() {
		s.ev.depth--
		if recover() != nil { // the libraries panic on some hostile input
			v = cty.DynamicVal
		}
	}()
	refs := expr.Variables()
	ctx := &hcl.EvalContext{Variables: s.variables(refs, extra), Functions: s.funcs}
	if !affordable(expr, refs, ctx.Variables) {
		return cty.DynamicVal
	}
	out, diags := expr.Value(ctx)
	if diags.HasErrors() {
		out = parts(expr, ctx.Functions, func(e hcl.Expression) cty.Value { return s.value(e, extra) })
	}
	if size(out, maxValueSize) > maxValueSize {
		return cty.DynamicVal
	}
	return out
}

// variables gives the values that the references need and no others.
func (s *scope) variables(refs []hcl.Traversal, extra map[string]cty.Value) map[string]cty.Value {
	out := map[string]cty.Value{}
	nested := map[string]map[string]cty.Value{}
	put := func(root, name string, v cty.Value) {
		if nested[root] == nil {
			nested[root] = map[string]cty.Value{}
		}
		nested[root][name] = v
	}
	types := map[string]map[string]map[string]cty.Value{} // resource type -> name -> attributes
	for _, t := range refs {
		root := t.RootName()
		if v, ok := extra[root]; ok {
			out[root] = v
			continue
		}
		name := step(t, 1)
		switch root {
		case "var":
			v, ok := s.vars[name]
			if !ok {
				v = cty.DynamicVal
			}
			put("var", name, v)
		case "local":
			put("local", name, s.local(name))
		case "module":
			put("module", name, s.moduleValue(name, step(t, 2)))
		case "path":
			out["path"] = s.paths()
		case "terraform":
			out["terraform"] = cty.ObjectVal(map[string]cty.Value{"workspace": cty.UnknownVal(cty.String), "applying": cty.UnknownVal(cty.Bool)})
		case "data":
			attribute := step(t, 3)
			if types["data."+name] == nil {
				types["data."+name] = map[string]map[string]cty.Value{}
			}
			s.attribute(types["data."+name], "data."+name+".", step(t, 2), attribute)
		case "each", "count", "self", "ephemeral":
			out[root] = cty.DynamicVal
		default:
			if types[root] == nil {
				types[root] = map[string]map[string]cty.Value{}
			}
			s.attribute(types[root], root+".", name, step(t, 2))
		}
	}
	data := map[string]cty.Value{}
	for typ, names := range types {
		objects := map[string]cty.Value{}
		for name, attrs := range names {
			if attrs == nil {
				objects[name] = cty.DynamicVal
			} else {
				objects[name] = cty.ObjectVal(attrs)
			}
		}
		if t, ok := strings.CutPrefix(typ, "data."); ok {
			data[t] = cty.ObjectVal(objects)
		} else {
			out[typ] = cty.ObjectVal(objects)
		}
	}
	if len(data) > 0 {
		out["data"] = cty.ObjectVal(data)
	}
	for root, members := range nested {
		out[root] = cty.ObjectVal(members)
	}
	return out
}

// attribute adds what is known of one resource attribute; nil attributes mean
// that nothing is.
func (s *scope) attribute(names map[string]map[string]cty.Value, prefix, name, attr string) {
	if name == "" {
		return
	}
	attrs, seen := names[name]
	if seen && attrs == nil {
		return
	}
	b := s.node.module.resources[prefix+name]
	if b == nil || attr == "" || attributes(b.Body)["count"] != nil || attributes(b.Body)["for_each"] != nil {
		names[name] = nil
		return
	}
	if attrs == nil {
		attrs = map[string]cty.Value{}
		names[name] = attrs
	}
	attrs[attr] = s.blockAttribute(prefix+name, b, attr)
}

func (s *scope) blockAttribute(key string, b *hcl.Block, attr string) cty.Value {
	if b.Type == "data" {
		if source, ok := documentSources[b.Labels[0]]; ok && attr == source.attribute {
			return s.policyJSON(key, b)
		}
	}
	a := attributes(b.Body)[attr] // a data source keeps what it is given
	if a == nil {
		return cty.DynamicVal
	}
	return s.once("resource."+key+"."+attr, func() cty.Value { return s.value(a.Expr, nil) })
}

// once computes a value that might depend on itself.
func (s *scope) once(key string, compute func() cty.Value) cty.Value {
	if v, ok := s.locals[key]; ok {
		return v
	}
	if s.busy[key] {
		return cty.DynamicVal
	}
	s.busy[key] = true
	v := compute()
	delete(s.busy, key)
	s.locals[key] = v
	return v
}

func (s *scope) local(name string) cty.Value {
	a := s.node.module.locals[name]
	if a == nil {
		return cty.DynamicVal
	}
	return s.once("local."+name, func() cty.Value { return s.value(a.Expr, nil) })
}

// moduleValue is the value of module.<name>, with one output or, where the
// reference does not name it, all.
func (s *scope) moduleValue(name, output string) cty.Value {
	node := s.ev.sources.child(s.node, name)
	if node == nil || node.module == nil {
		return cty.DynamicVal
	}
	if s.busy["module."+name] {
		return cty.DynamicVal
	}
	s.busy["module."+name] = true
	defer delete(s.busy, "module."+name)
	instances := s.child(name)
	outputs := func(c *scope) cty.Value {
		members := map[string]cty.Value{}
		for out := range node.module.outputs {
			if output == "" || output == out || len(instances) != 1 || instances[0].key != nil {
				members[out] = c.output(out)
			}
		}
		return cty.ObjectVal(members)
	}
	switch {
	case len(instances) == 0:
		return cty.DynamicVal
	case len(instances) == 1 && instances[0].key == nil && instances[0].scope.caller == nil:
		return outputs(instances[0].scope)
	}
	byKey, byIndex := map[string]cty.Value{}, []cty.Value{}
	for _, in := range instances {
		switch k := in.key.(type) {
		case string:
			byKey[k] = outputs(in.scope)
		case int64:
			byIndex = append(byIndex, outputs(in.scope))
		default:
			return cty.DynamicVal
		}
	}
	if len(byIndex) > 0 {
		return cty.TupleVal(byIndex)
	}
	return cty.ObjectVal(byKey)
}

func (s *scope) output(name string) cty.Value {
	b := s.node.module.outputs[name]
	a := attributes(b.Body)["value"]
	if a == nil {
		return cty.DynamicVal
	}
	return s.once("output."+name, func() cty.Value {
		v := s.value(a.Expr, nil)
		if truth(attributes(b.Body)["sensitive"]) {
			v = v.Mark(sensitiveMark)
		}
		return v
	})
}

// paths is the value of path: directories relative to the stack, which is
// where Terraform runs.
func (s *scope) paths() cty.Value {
	return cty.ObjectVal(map[string]cty.Value{
		"module": cty.StringVal(relative(s.ev.sources.workDir(), s.node.module.dir)),
		"root":   cty.StringVal("."),
		"cwd":    cty.UnknownVal(cty.String),
	})
}

// relative is dir as seen from base; both are clean and inside the tree.
func relative(base, dir string) string {
	up := ""
	for base != "." && dir != base && !strings.HasPrefix(dir, base+"/") {
		up += "../"
		base = path.Dir(base)
	}
	switch {
	case dir == base:
		return path.Clean(up + ".")
	case base == ".":
		return path.Clean(up + dir)
	}
	return path.Clean(up + strings.TrimPrefix(dir, base+"/"))
}

// step names the i-th step of a traversal, "" if that is no name.
func step(t hcl.Traversal, i int) string {
	if i >= len(t) {
		return ""
	}
	switch s := t[i].(type) {
	case hcl.TraverseAttr:
		return s.Name
	case hcl.TraverseIndex:
		if s.Key.Type() == cty.String && s.Key.IsKnown() && !s.Key.IsNull() {
			return s.Key.AsString()
		}
	}
	return ""
}

func truth(a *hcl.Attribute) bool {
	if a == nil {
		return false
	}
	v, known := constant(a.Expr)
	return known && (v == true || v == "true")
}
