package terraform

import (
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"gate/internal/facts"
)

// resources reads every resource of the configuration as a plan would list
// it, without actions: what apply would do is not known without a state.
func (ev *evaluation) resources() []facts.Resource {
	if ev.root == nil {
		return nil
	}
	var out []facts.Resource
	var visit func(s *scope)
	visit = func(s *scope) {
		for _, key := range s.node.module.order {
			out = append(out, s.resource(key)...)
		}
		for _, name := range slices.Sorted(maps.Keys(s.node.module.calls)) {
			for _, c := range s.child(name) {
				visit(c.scope)
			}
		}
	}
	visit(ev.root)
	sortResources(out)
	return out
}

func (s *scope) resource(key string) []facts.Resource {
	b := s.node.module.resources[key]
	mode := "managed"
	if b.Type != "resource" {
		mode = b.Type
	}
	mask := s.ev.masker()
	var loop []any
	if a := attributes(b.Body)["for_each"]; a != nil {
		loop = references(a.Expr)
	}
	var out []facts.Resource
	s.loop = loopOf(b.Body)
	for _, in := range s.expand(b.Body) {
		c := s.body(b.Body, in.extra)
		for _, o := range s.node.module.overrides[b.Type+":"+key] {
			c.override(s.body(o.Body, in.extra))
		}
		followEach(c.expressions, loop)
		address := key + keySuffix(in.key)
		if s.address != "" {
			address = s.address + "." + address
		}
		var d *declaration
		if s.ev.compared && mode == "managed" {
			d = s.declare(kindResource, address, b, in, c)
		}
		var found pathSet
		redactedPaths(c.after, nil, &found)
		r := facts.Resource{
			Address: address, Module: s.address, Mode: mode, Type: b.Labels[0], Name: b.Labels[1], Index: in.key,
			Provider: s.provider(b), Actions: []string{}, Unknown: c.unknown, Partly: tellable(b.Labels[0], c.partly), Expressions: c.expressions,
			ReplacePaths: [][]any{}, Origin: "hcl", Documents: c.documents, Lifecycle: lifecycle(b), Why: c.why, Provisioners: provisioners(b),
			InheritedTags: s.inheritedTags(b),
		}
		r.After = mask.object(c.after, nil, r.Type, &found)
		r.Sensitive = found.sorted()
		mask.expressions(r.Expressions, r.Type)
		for _, p := range r.Provisioners {
			mask.expressions(p.Expressions, "")
		}
		for _, p := range r.Sensitive {
			maskExpression(r.Expressions, p)
		}
		r.Documents = append(r.Documents, knownDocuments(r.After)...)
		if s.loose(key) {
			r.Documents = append(r.Documents, looseDocument(&r))
		}
		out = append(out, r)
		s.ev.sources.loader.translate(out[len(out)-1:])
		if d != nil {
			d.resource = out[len(out)-1]
		}
	}
	return out
}

// masker masks by name; values of sensitive variables carry marks here.
func (ev *evaluation) masker() *masker { return &masker{} }

// provider guesses namespace/type as Terraform does: the required_providers
// entry of the local name, else hashicorp/<prefix>.
func (s *scope) provider(b *hcl.Block) string {
	name, _ := localProvider(b)
	if src := s.node.module.requiredProviders()[name].Source; src != "" {
		return providerType(src)
	}
	if name == "terraform" {
		return "builtin/terraform"
	}
	return "hashicorp/" + name
}

// converted body of a block, in the shapes of a plan.
type bodyValues struct {
	after, unknown, expressions map[string]any
	documents                   []facts.ResourceDocument
	partly                      []facts.PartlyKnown
	// why says why values are not known, by their paths without indices.
	why map[string]string
	// prints tell values apart that are not known or not to be shown, by the
	// key of their path; only of what is compared.
	prints map[string]string
}

func (v *bodyValues) override(o bodyValues) {
	for name, e := range o.expressions {
		v.expressions[name] = e
		delete(v.after, name)
		delete(v.unknown, name)
		if a, ok := o.after[name]; ok {
			v.after[name] = a
		}
		if u, ok := o.unknown[name]; ok {
			v.unknown[name] = u
		}
		prefix := pathKey([]any{name})
		maps.DeleteFunc(v.prints, func(key, _ string) bool { return strings.HasPrefix(key, prefix) })
	}
	maps.Copy(v.prints, o.prints)
	maps.Copy(v.why, o.why)
	v.documents = append(v.documents, o.documents...)
	v.partly = slices.DeleteFunc(v.partly, func(p facts.PartlyKnown) bool { _, again := o.expressions[p.Path[0].(string)]; return again })
	v.partly = append(v.partly, o.partly...)
}

// metaArguments are read by Terraform itself, not by the provider.
var metaArguments = map[string]bool{
	"count": true, "for_each": true, "provider": true, "depends_on": true, "lifecycle": true, "provisioner": true, "connection": true,
	"providers": true,
}

func newBodyValues() bodyValues {
	return bodyValues{after: map[string]any{}, unknown: map[string]any{}, expressions: map[string]any{}, prints: map[string]string{}, why: map[string]string{}}
}

// body converts the arguments and nested blocks of a body.
func (s *scope) body(body hcl.Body, extra map[string]cty.Value) bodyValues {
	out := newBodyValues()
	s.fill(&out, body, extra, nil)
	return out
}

func (s *scope) fill(out *bodyValues, body hcl.Body, extra map[string]cty.Value, path []any) {
	attrs := attributes(body)
	for _, name := range slices.Sorted(maps.Keys(attrs)) {
		if len(path) == 0 && metaArguments[name] {
			continue
		}
		expr := attrs[name].Expr
		v := s.value(expr, extra)
		val, unk := goValue(v)
		if unk != nil {
			out.unknown[name] = unk
			s.explain(out, expr, extra, path, name)
			if p := s.partly(expr, v, extra); p != nil && !s.ev.compared && !credentialArgument(name) {
				out.partly = append(out.partly, facts.PartlyKnown{Path: append(slices.Clone(path), name), Value: p})
			}
		}
		if unk != true {
			out.after[name] = val
		}
		out.expressions[name] = describe(expr, v)
		if s.ev.compared {
			s.printLeaves(out.prints, expr, extra, append(slices.Clone(path), name))
		}
		if unk == true && !v.IsMarked() && (v.Type() == cty.String || v.Type() == cty.DynamicPseudoType) {
			if doc, ok := s.document(expr, extra, 0); ok {
				at := append(append([]any(nil), path...), name)
				switch doc.(type) {
				case map[string]any, []any:
					out.documents = append(out.documents, facts.ResourceDocument{Path: at, Value: doc, Partial: partial(doc)})
				}
			}
		}
	}
	native, ok := body.(*hclsyntax.Body)
	if !ok {
		return
	}
	for _, b := range native.Blocks {
		if len(path) == 0 && metaArguments[b.Type] {
			continue
		}
		if b.Type != "dynamic" {
			s.nested(out, b.Type, b.Body, extra, path)
			continue
		}
		if len(b.Labels) == 1 {
			s.dynamic(out, b, extra, path)
		}
	}
}

// explain says why the value of an argument is not known as a whole.
func (s *scope) explain(out *bodyValues, expr hcl.Expression, extra map[string]cty.Value, path []any, name string) {
	if s.ev.compared {
		return // only differences are told
	}
	if at := plainPath(path, name); out.why[at] == "" {
		out.why[at] = s.why(expr, extra)
	}
}

// plainPath is a path without indices, as rules write it.
func plainPath(path []any, name string) string {
	out := ""
	for _, e := range path {
		if text, ok := e.(string); ok {
			out += text + "."
		}
	}
	return out + name
}

// nested appends one block to the list of its name.
func (s *scope) nested(out *bodyValues, name string, body hcl.Body, extra map[string]cty.Value, path []any) {
	blocks := listOrOne(out.after[name])
	sub := newBodyValues()
	s.fill(&sub, body, extra, append(append([]any(nil), path...), name, len(blocks)))
	out.after[name] = append(blocks, sub.after)
	out.expressions[name] = append(listOrOne(out.expressions[name]), sub.expressions)
	out.documents = append(out.documents, sub.documents...)
	out.partly = append(out.partly, sub.partly...)
	maps.Copy(out.prints, sub.prints)
	for at, why := range sub.why {
		if out.why[at] == "" {
			out.why[at] = why
		}
	}
	if marks := listOrOne(out.unknown[name]); len(sub.unknown) > 0 || len(marks) > 0 {
		for len(marks) < len(blocks) {
			marks = append(marks, map[string]any{})
		}
		out.unknown[name] = append(marks, sub.unknown)
	}
}

// dynamic expands a dynamic block. Where the collection is not known its
// content counts once, so that constants in it are judged.
func (s *scope) dynamic(out *bodyValues, b *hclsyntax.Block, extra map[string]cty.Value, path []any) {
	name, iterator := b.Labels[0], b.Labels[0]
	attrs := attributes(b.Body)
	if a := attrs["iterator"]; a != nil {
		if kw := hcl.ExprAsKeyword(a.Expr); kw != "" {
			iterator = kw
		}
	}
	var content hcl.Body
	for _, c := range b.Body.Blocks {
		if c.Type == "content" {
			content = c.Body
		}
	}
	if content == nil || attrs["for_each"] == nil {
		return
	}
	v, _ := s.value(attrs["for_each"].Expr, extra).Unmark()
	with := func(k, e cty.Value) map[string]cty.Value {
		inner := map[string]cty.Value{iterator: cty.ObjectVal(map[string]cty.Value{"key": k, "value": e})}
		for name, v := range extra {
			if name != iterator {
				inner[name] = v
			}
		}
		return inner
	}
	if !v.IsKnown() || v.IsNull() || !v.CanIterateElements() {
		if s.ev.compared {
			out.prints[pathKey(append(slices.Clone(path), name))] = s.print(attrs["for_each"].Expr, extra)
		}
		s.iterating(iterator, attrs["for_each"].Expr, func() { s.nested(out, name, content, with(cty.DynamicVal, cty.DynamicVal), path) })
		return
	}
	for it := v.ElementIterator(); it.Next() && s.ev.take(); {
		k, e := it.Element()
		if v.Type().IsSetType() {
			k = e
		}
		s.iterating(iterator, attrs["for_each"].Expr, func() { s.nested(out, name, content, with(k, e), path) })
	}
	if _, set := out.after[name]; !set {
		out.after[name] = []any{}
	}
}

// iterating runs do while a name stands for the elements of an expression.
func (s *scope) iterating(name string, over hcl.Expression, do func()) {
	outer := s.iterators
	s.iterators = maps.Clone(outer)
	if s.iterators == nil {
		s.iterators = map[string]hcl.Expression{}
	}
	s.iterators[name] = over
	do()
	s.iterators = outer
}

// describe says how an attribute is set: to a constant or by reference.
func describe(expr hcl.Expression, v cty.Value) any {
	refs := references(expr)
	if len(refs) == 0 {
		if val, unk := goValue(v); unk == nil {
			return map[string]any{"constant": val}
		}
	}
	return map[string]any{"references": refs}
}

// references lists what an expression refers to, sorted.
func references(expr hcl.Expression) []any {
	seen := map[string]bool{}
	for _, t := range expr.Variables() {
		seen[reference(t)] = true
	}
	out := make([]any, 0, len(seen))
	for _, n := range slices.Sorted(maps.Keys(seen)) {
		out = append(out, n)
	}
	return out
}

// reference writes a traversal's names: data.aws_ami.x.id.
func reference(t hcl.Traversal) string {
	parts := []string{t.RootName()}
	for i := 1; i < len(t); i++ {
		a, ok := t[i].(hcl.TraverseAttr)
		if !ok {
			if i == 2 || i == 3 { // an index after a resource name
				continue
			}
			break
		}
		parts = append(parts, a.Name)
	}
	return strings.Join(parts, ".")
}

// redactedPaths collects where values were redacted on conversion.
func redactedPaths(v any, path []any, found *pathSet) {
	switch v := v.(type) {
	case map[string]any:
		if len(v) == 1 && v["$redacted"] == "sensitive" {
			found.add(path)
			return
		}
		for k, e := range v {
			redactedPaths(e, append(path, k), found)
		}
	case []any:
		for i, e := range v {
			redactedPaths(e, append(path, i), found)
		}
	}
}
