package terraform

import (
	"maps"
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"gate/internal/source"
)

// A value that a file of variables or the caller of a module gives is mended there, and
// not at the argument that hands it on. Only what certainly leads there is followed:
// names, and what does nothing but wrap them.

// maxGivenSteps limits how far a value is followed.
const maxGivenSteps = 40

// follower follows one value of a resource to where it is given.
type follower struct {
	s    *Sources
	node *moduleNode
	// keys are those of the instances of the module calls that lead to node.
	keys []any
	// block is what the expression stands in, and key that of its instance.
	block *hcl.Block
	key   any
	// iterators are those of the dynamic blocks around the expression.
	iterators map[string]iterator

	expr hcl.Expression
	rest source.Path // from the expression's value to the followed one
	// somewhere says that the way to the value is not known any more.
	somewhere bool
	// composed says that the value is made of the one that is followed.
	composed bool
	value    any // the followed one, nil if it is not known

	// document says that the way leads on inside of JSON text.
	document bool
	// named is where the names on the way got their values, argument that of the
	// outermost call of a module on it.
	named    []*place
	argument *place
}

// iterator is what a dynamic block iterates over, and which of its elements makes the
// block that is followed, -1 if that is not known.
type iterator struct {
	over  hcl.Expression
	index nth
}

// nth is a step of a path: to an element in the order in which for_each takes them.
type nth int

// place is where a value is given, and the way from there to the followed one.
type place struct {
	expr      hcl.Expression
	at        source.Position
	rest      source.Path
	somewhere bool
}

// given is where the value at p of a resource is given: by a file of variables, by the
// argument of the call of its module, or in the text of its document.
func (s *Sources) given(addr Address, node *moduleNode, block *hcl.Block, p source.Path, values any) (source.Position, bool) {
	if len(p) == 0 {
		return source.Position{}, false
	}
	f := &follower{s: s, node: node, block: block, key: addr.Index}
	for _, step := range addr.Module {
		f.keys = append(f.keys, step.Index)
	}
	if !f.enter(block.Body, p, values) {
		return source.Position{}, false
	}
	return f.follow()
}

// enter finds the argument that sets the value at p, as inBody does.
func (f *follower) enter(body hcl.Body, p source.Path, values any) bool {
	name, ok := p[0].(string)
	if !ok {
		return false
	}
	if a := attributes(body)[name]; a != nil {
		f.expr, f.rest, f.value = a.Expr, p[1:], member(values, name)
		for _, e := range f.rest {
			f.value = memberOrElement(f.value, e)
		}
		return true
	}
	native, ok := body.(*hclsyntax.Body)
	if !ok {
		return false
	}
	blocks := blocksOf(native, name)
	if len(blocks) == 0 {
		return false
	}
	rest, index, value := p[1:], 0, member(values, name)
	if len(rest) > 0 {
		if i, ok := rest[0].(int); ok {
			index, rest, value = i, rest[1:], element(value, i)
		}
	}
	if len(rest) == 0 {
		return false
	}
	chosen := chooseBlock(blocks, index, value)
	if chosen.Type == "content" {
		if len(blocks) > 1 {
			index = -1
		}
		f.iterate(native, name, nth(index))
	}
	return f.enter(chosen.Body, rest, value)
}

// iterate remembers what the dynamic blocks of a name iterate over.
func (f *follower) iterate(body *hclsyntax.Body, name string, index nth) {
	for _, b := range body.Blocks {
		if b.Type != "dynamic" || len(b.Labels) != 1 || b.Labels[0] != name {
			continue
		}
		called, attrs := name, attributes(b.Body)
		if a := attrs["iterator"]; a != nil {
			called = hcl.ExprAsKeyword(a.Expr)
		}
		if a := attrs["for_each"]; a != nil && called != "" {
			if f.iterators == nil {
				f.iterators = map[string]iterator{}
			}
			f.iterators[called] = iterator{a.Expr, index}
		}
	}
}

func memberOrElement(v any, at any) any {
	switch at := at.(type) {
	case string:
		return member(v, at)
	case int:
		return element(v, at)
	case nth:
		switch v := v.(type) {
		case []any:
			return element(v, int(at))
		case map[string]any:
			if keys := slices.Sorted(maps.Keys(v)); int(at) < len(keys) {
				return v[keys[at]]
			}
		}
	}
	return nil
}

// follow leads to where the value is given.
func (f *follower) follow() (source.Position, bool) {
	for range maxGivenSteps {
		ref, ok := f.reference()
		if !ok {
			break
		}
		name := step(ref, 1)
		if ref.RootName() == "var" && f.node.parent == nil {
			e := f.s.varFileValues[name]
			if e == nil {
				f.input(name, traversed(ref, 2))
				break
			}
			f.rest = append(traversed(ref, 2), f.rest...)
			return f.inFile(e)
		}
		if ref.RootName() == "data" && f.isSource(ref) {
			at, ok := f.source(ref)
			if !ok {
				break
			}
			f.document, f.named = true, append(f.named, &place{at: at})
			if f.expr == nil {
				break
			}
			continue
		}
		if !f.next(ref) {
			break
		}
	}
	return f.end()
}

// end is the place where the way ends.
func (f *follower) end() (source.Position, bool) {
	if call, ok := f.expr.(*hclsyntax.FunctionCallExpr); ok && f.document && (call.Name == "file" || call.Name == "templatefile") {
		if at, ok := f.inFileOf(call); ok {
			return at, true
		}
	}
	if !f.document {
		return f.inPlace(f.argument)
	}
	for _, g := range slices.Backward(f.named) {
		if at, ok := f.inPlace(g); ok {
			return at, true
		}
	}
	return source.Position{}, false
}

// inPlace goes into what is written at a place, if the value certainly comes from it.
func (f *follower) inPlace(g *place) (source.Position, bool) {
	switch {
	case g == nil:
		return source.Position{}, false
	case g.expr == nil:
		return g.at, true
	}
	rest, ok := ordered(g.expr, g.rest)
	if !ok {
		return source.Position{}, false
	}
	if v, diags := g.expr.Value(nil); !f.document && len(g.expr.Variables()) == 0 && !diags.HasErrors() {
		all, unknown := goValue(v)
		if unknown != nil {
			return source.Position{}, false
		}
		at := *f
		at.rest, at.somewhere = g.rest, g.somewhere
		way, ok := at.way(all)
		return f.s.loader.inExpression(g.expr, g.at, way, all), ok
	}
	if g.somewhere || !f.document && !holds(g.expr, rest) {
		return source.Position{}, false
	}
	return f.s.loader.inExpression(g.expr, g.at, rest, nil), true
}

// ordered is a path without steps by order, as far as what is written down says which
// they are.
func ordered(e hcl.Expression, rest source.Path) (source.Path, bool) {
	out := slices.Clone(rest)
	for i, step := range out {
		if n, ok := step.(nth); ok {
			if keys := slices.Sorted(maps.Keys(members(e))); int(n) < len(keys) {
				out[i] = keys[n]
			} else if items, diags := hcl.ExprList(e); !diags.HasErrors() && int(n) < len(items) {
				out[i] = int(n)
			} else {
				return nil, false
			}
		}
		switch step := out[i].(type) {
		case string:
			e = members(e)[step]
		case int:
			items, _ := hcl.ExprList(e)
			if e = nil; step >= 0 && step < len(items) {
				e = items[step]
			}
		}
		if e == nil {
			return out, !slices.ContainsFunc(out[i+1:], func(s any) bool { _, ok := s.(nth); return ok })
		}
	}
	return out, true
}

// holds says whether what is written down has a member for the way into it: else a
// default of the variable's type gives it.
func holds(e hcl.Expression, rest source.Path) bool {
	for _, at := range rest {
		name, ok := at.(string)
		written := members(e)
		if !ok || written == nil {
			return true
		}
		if e = written[name]; e == nil {
			return false
		}
	}
	return true
}

// input notes the input of a Terragrunt unit that gives a variable of its module.
func (f *follower) input(name string, behind source.Path) {
	u := f.s.unit
	if u == nil || f.composed || u.inputExpr[name].expr == nil {
		return
	}
	e := u.inputExpr[name].expr
	f.argument = &place{e, u.place(f.s.loader, name), append(behind, f.rest...), f.somewhere}
	f.named = append(f.named, f.argument)
}

// isSource says whether a reference is to the text of a data source that writes it.
func (f *follower) isSource(ref hcl.Traversal) bool {
	source, ok := documentSources[step(ref, 1)]
	last, named := ref[len(ref)-1].(hcl.TraverseAttr)
	return ok && len(f.rest) > 0 && named && last.Name == source.attribute
}

// next goes to what gives a name its value.
func (f *follower) next(ref hcl.Traversal) bool {
	m, name := f.node.module, step(ref, 1)
	if by, ok := f.iterators[ref.RootName()]; ok {
		f.expr = by.over
		if f.document && by.index >= 0 && name == "value" {
			f.rest = append(append(source.Path{by.index}, traversed(ref, 2)...), f.rest...)
		} else {
			f.rest, f.somewhere = nil, true
		}
		return true
	}
	switch ref.RootName() {
	case "each":
		if f.block == nil {
			return false
		}
		loop := attributes(f.block.Body)["for_each"]
		if loop == nil {
			return false
		}
		if key, ok := f.key.(string); ok && name == "value" {
			f.rest = append(append(source.Path{key}, traversed(ref, 2)...), f.rest...)
		} else {
			f.rest, f.somewhere = nil, true
		}
		f.expr, f.block, f.iterators = loop.Expr, nil, nil
		return true
	case "local":
		if m.locals[name] == nil {
			return false
		}
		a := m.locals[name]
		f.expr, f.rest, f.block, f.iterators = a.Expr, append(traversed(ref, 2), f.rest...), nil, nil
		f.named = append(f.named, &place{a.Expr, f.s.loader.position(attributeRange(a)), f.rest, f.somewhere})
		return true
	case "var":
		a := attributes(f.node.call.Body)[name]
		if a == nil || len(f.keys) == 0 {
			return false
		}
		f.expr, f.rest, f.block, f.iterators = a.Expr, append(traversed(ref, 2), f.rest...), f.node.call, nil
		f.node, f.key, f.keys = f.node.parent, f.keys[len(f.keys)-1], f.keys[:len(f.keys)-1]
		at := &place{a.Expr, f.s.loader.position(attributeRange(a)), f.rest, f.somewhere}
		if f.named = append(f.named, at); !f.composed {
			f.argument = at
		}
		return true
	case "module":
		child := f.s.child(f.node, name)
		last, named := ref[len(ref)-1].(hcl.TraverseAttr)
		if len(f.rest) == 0 || child == nil || child.module == nil || child.remote || !named || child.module.outputs[last.Name] == nil {
			return false
		}
		a := attributes(child.module.outputs[last.Name].Body)["value"]
		if a == nil {
			return false
		}
		f.node, f.keys, f.key = child, append(slices.Clone(f.keys), f.key), nil
		f.expr, f.block, f.iterators = a.Expr, nil, nil
		f.named = append(f.named, &place{a.Expr, f.s.loader.position(attributeRange(a)), f.rest, f.somewhere})
		return true
	}
	return false
}

// traversed are the steps of a reference behind the first n.
func traversed(t hcl.Traversal, n int) source.Path {
	var out source.Path
	for i := n; i < len(t); i++ {
		switch s := t[i].(type) {
		case hcl.TraverseAttr:
			out = append(out, s.Name)
		case hcl.TraverseIndex:
			switch {
			case s.Key.Type() == cty.String && s.Key.IsKnown() && !s.Key.IsNull():
				out = append(out, s.Key.AsString())
			case s.Key.Type() == cty.Number && s.Key.IsKnown() && !s.Key.IsNull():
				n, _ := s.Key.AsBigFloat().Int64()
				out = append(out, int(n))
			}
		}
	}
	return out
}

// wrappers are the functions that hand on what the one argument holds.
var wrappers = []string{"toset", "tolist", "tomap", "tostring", "tobool", "tonumber", "sensitive", "nonsensitive"}

// mixers are those that hand on its elements, at other places.
var mixers = []string{"flatten", "compact", "distinct", "sort", "reverse", "values", "setunion"}

// reference is the one name that the value comes from. It is not ok where it may come
// from elsewhere, too.
func (f *follower) reference() (hcl.Traversal, bool) {
	for range maxGivenSteps {
		switch e := f.expr.(type) {
		case *hclsyntax.ScopeTraversalExpr:
			return e.Traversal, true
		case *hclsyntax.ParenthesesExpr:
			f.expr = e.Expression
		case *hclsyntax.TemplateWrapExpr:
			f.expr = e.Wrapped
		case *hclsyntax.TemplateExpr:
			if len(f.rest) > 0 { // text of a document
				f.document = true
				return nil, false
			}
			refs := e.Variables()
			f.composed, f.rest = true, nil
			return oneOf(refs), len(refs) == 1 && plainParts(e)
		case *hclsyntax.FunctionCallExpr:
			switch {
			case len(f.rest) > 0 && (e.Name == "jsonencode" && len(e.Args) == 1 || e.Name == "file" || e.Name == "templatefile"):
				f.document = true
				if e.Name != "jsonencode" {
					return nil, false
				}
			case len(e.Args) != 1:
				return nil, false
			case slices.Contains(mixers, e.Name):
				f.rest, f.somewhere = nil, true
			case !slices.Contains(wrappers, e.Name):
				return nil, false
			case e.Name == "toset" && f.document && len(f.rest) > 0: // in another order
				f.rest, f.somewhere = nil, true
			}
			f.expr = e.Args[0]
		case *hclsyntax.SplatExpr:
			f.expr, f.rest, f.somewhere = e.Source, nil, true
		case *hclsyntax.ForExpr:
			f.expr, f.rest, f.somewhere = e.CollExpr, nil, true
		case *hclsyntax.IndexExpr:
			f.expr, f.rest, f.somewhere = e.Collection, nil, true
		case *hclsyntax.RelativeTraversalExpr: // data.aws_iam_policy_document.x[each.key].json
			ref := oneSource(e)
			return ref, ref != nil && f.isSource(ref)
		case *hclsyntax.TupleConsExpr, *hclsyntax.ObjectConsExpr:
			if !f.into(e) {
				return nil, false
			}
		case hclsyntax.Node:
			return nil, false
		default: // of JSON
			refs := f.expr.Variables()
			f.composed = true
			return oneOf(refs), len(refs) == 1
		}
	}
	return nil, false
}

// oneSource is the reference to a data source by a key that is computed.
func oneSource(e *hclsyntax.RelativeTraversalExpr) hcl.Traversal {
	index, ok := e.Source.(*hclsyntax.IndexExpr)
	if !ok {
		return nil
	}
	of, ok := index.Collection.(*hclsyntax.ScopeTraversalExpr)
	if !ok || of.Traversal.RootName() != "data" {
		return nil
	}
	return append(slices.Clone(of.Traversal), e.Traversal...)
}

func oneOf(refs []hcl.Traversal) hcl.Traversal {
	if len(refs) != 1 {
		return nil
	}
	return refs[0]
}

// plainParts says whether a template does nothing but put values together.
func plainParts(t *hclsyntax.TemplateExpr) bool {
	return !slices.ContainsFunc(t.Parts, func(p hclsyntax.Expression) bool {
		switch p.(type) {
		case *hclsyntax.LiteralValueExpr, *hclsyntax.ScopeTraversalExpr:
			return false
		}
		return true
	})
}

// into goes down into a list or an object that is written out. A list as a whole is
// given where its one element is.
func (f *follower) into(e hcl.Expression) bool {
	if items, diags := hcl.ExprList(e); !diags.HasErrors() {
		switch i, isIndex := 0, false; {
		case f.somewhere && len(items) == 1:
			f.expr = items[0]
		case f.somewhere:
			return false
		case len(f.rest) > 0:
			if i, isIndex = f.rest[0].(int); !isIndex || i < 0 || i >= len(items) {
				return false
			}
			f.expr, f.rest = items[i], f.rest[1:]
		case len(items) == 1:
			f.expr, f.value = items[0], element(f.value, 0)
		default:
			return false
		}
		return true
	}
	if f.somewhere || len(f.rest) == 0 {
		return false
	}
	inner := members(e)[pathName(f.rest, 0)]
	f.expr, f.rest = inner, f.rest[1:]
	return inner != nil
}

// inFile is the place of the value in what a file of variables says.
func (f *follower) inFile(e hcl.Expression) (source.Position, bool) {
	v, diags := e.Value(nil)
	if diags.HasErrors() {
		return source.Position{}, false
	}
	all, unknown := goValue(v)
	if unknown != nil {
		return source.Position{}, false
	}
	at, ok := f.way(all)
	return f.s.loader.inExpression(e, f.s.loader.position(e.Range()), at, all), ok
}

// way is the path to the value in all that is given.
func (f *follower) way(all any) (source.Path, bool) {
	_, isList := all.([]any)
	if f.somewhere || isList && pathName(f.rest, 0) != "" { // for_each over a list
		return f.search(all)
	}
	got := all
	for _, x := range f.rest {
		if got = memberOrElement(got, x); got == nil {
			return nil, false // a default of the variable's type
		}
	}
	if f.composed || f.value == nil || redacted(f.value) || sameSet(got, f.value) {
		return f.rest, true
	}
	return f.search(all) // a set is in another order
}

// search finds the value in all that is given.
func (f *follower) search(all any) (source.Path, bool) {
	if f.value == nil || f.composed {
		return nil, false
	}
	return pathOf(all, f.value, nil)
}

// redacted says whether a value is not shown.
func redacted(v any) bool {
	m, ok := v.(map[string]any)
	return ok && len(m) == 1 && m["$redacted"] != nil
}

// pathOf is the way to the first part of a value that equals another.
func pathOf(v, wanted any, at source.Path) (source.Path, bool) {
	if sameSet(v, wanted) {
		return at, true
	}
	below := func(e any, step any) (source.Path, bool) {
		return pathOf(e, wanted, append(slices.Clone(at), step))
	}
	switch v := v.(type) {
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(v)) {
			if p, ok := below(v[name], name); ok {
				return p, true
			}
		}
	case []any:
		for i, e := range v {
			if p, ok := below(e, i); ok {
				return p, true
			}
		}
	}
	return nil, false
}
