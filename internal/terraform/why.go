package terraform

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

// maxDoubts limits the names that are followed to find why one value cannot be told.
const maxDoubts = 100

// Why a value cannot be told, in words that follow its name.
const (
	afterApply   = "is known only after apply"
	notEvaluated = "cannot be evaluated here"
	readByPlan   = "depends on %s, which is read when Terraform plans"
	notInTree    = "depends on %s, whose module is not in the tree"
	withoutValue = "depends on the variable %q, which has no value here"
	ofWorkspace  = "depends on the workspace, which is not known here"
	ofFunction   = "depends on the function %q, which cannot be evaluated here"
	ofInput      = "depends on the input %q of Terragrunt, which is not known here"
	notDeclared  = "depends on %s, which is not declared"
	ofInstance   = "depends on an instance of %s, which is not followed"
	ofRun        = "depends on where it runs, which is not known here"
)

// computedFunctions have a value only when Terraform applies:
// https://developer.hashicorp.com/terraform/language/functions/timestamp and others.
var computedFunctions = [...]string{"timestamp", "uuid", "bcrypt"}

// doubt finds why a value cannot be told.
type doubt struct{ steps int }

// why says why the value of an argument of a block in the scope cannot be told: of
// many instances, why that of the first cannot.
func (s *scope) why(expr hcl.Expression, extra map[string]cty.Value) string {
	if why, ok := s.doubts[expr]; ok {
		return why
	}
	if s.doubts == nil {
		s.doubts = map[hcl.Expression]string{}
	}
	d := definition{expr: expr, in: frame{s: s, extra: extra, loop: s.loop}}
	s.doubts[expr] = (&doubt{}).expression(d)
	return s.doubts[expr]
}

// expression follows the first name whose value is not known; without one it is what
// is done with the values that cannot be evaluated.
func (w *doubt) expression(d definition) string {
	s := d.in.s
	if w.steps++; w.steps > maxDoubts || s == nil {
		return notEvaluated
	}
	if whole, ok := d.expr.(*hclsyntax.ScopeTraversalExpr); ok {
		return w.reference(d, whole.Traversal)
	}
	for _, ref := range d.expr.Variables() {
		if known(s.value(&hclsyntax.ScopeTraversalExpr{Traversal: ref}, d.in.extra)) {
			continue
		}
		if _, bound := d.in.extra[ref.RootName()]; !bound && bindsItself(d.expr, ref.RootName()) {
			continue
		}
		return w.reference(d, ref)
	}
	return s.doubtfulCall(d.expr, d.in.extra)
}

// known says whether a value is told as a whole, or hidden because it is sensitive.
func known(v cty.Value) bool {
	v, _ = v.UnmarkDeep()
	return v.IsWhollyKnown()
}

// bindsItself says whether an expression gives a name its meaning, as for does.
func bindsItself(expr hcl.Expression, name string) bool {
	native, ok := expr.(hclsyntax.Node)
	if !ok {
		return false
	}
	found := false
	_ = hclsyntax.VisitAll(native, func(n hclsyntax.Node) hcl.Diagnostics {
		if f, ok := n.(*hclsyntax.ForExpr); ok && (f.KeyVar == name || f.ValVar == name) {
			found = true
		}
		return nil
	})
	return found
}

// reference says why a name has no value.
func (w *doubt) reference(d definition, ref hcl.Traversal) string {
	s, root, name := d.in.s, ref.RootName(), step(ref, 1)
	switch root {
	case "path", "self":
		return ofRun
	case "terraform":
		return ofWorkspace
	case "module":
		node := s.ev.sources.child(s.node, name)
		switch {
		case node == nil:
			return fmt.Sprintf(notDeclared, "module."+name)
		case node.module == nil:
			return fmt.Sprintf(notInTree, modulePathAddress(node.path))
		}
	case "data":
		return w.data(d, ref)
	case "var":
		if why := w.variable(s, name); why != "" {
			return why
		}
	case "each", "count", "local":
	default:
		if e := s.iterators[root]; e != nil {
			return w.expression(definition{expr: e, in: d.in})
		}
		if why := s.computed(root+"."+name, cmp.Or(step(ref, 2), step(ref, 3))); why != "" {
			return why
		}
	}
	next, ok := d.definition(ref)
	if !ok {
		return notEvaluated
	}
	return w.expression(next)
}

// variable says why a variable has no value, "" where something gives it one.
func (w *doubt) variable(s *scope, name string) string {
	if s.node.module.variables[name] == nil {
		return fmt.Sprintf(notDeclared, "var."+name)
	}
	next, ok := s.variableDefinition(name, nil)
	switch {
	case !ok:
		return fmt.Sprintf(withoutValue, name)
	case s.parent == nil && next.in.config != nil:
		return fmt.Sprintf(ofInput, name)
	}
	return ""
}

// data says why an attribute of a data source has no value: a document that the
// configuration writes lacks what it is made from.
func (w *doubt) data(d definition, ref hcl.Traversal) string {
	s, key := d.in.s, "data."+step(ref, 1)+"."+step(ref, 2)
	b := s.node.module.resources[key]
	if b == nil {
		return fmt.Sprintf(notDeclared, key)
	}
	if source, isDocument := documentSources[step(ref, 1)]; isDocument && step(ref, 3) == source.attribute {
		if native, ok := b.Body.(*hclsyntax.Body); ok {
			if why := w.within(native, frame{s: s, loop: loopOf(b.Body)}); why != "" {
				return why
			}
		}
	}
	return fmt.Sprintf(readByPlan, key)
}

// within is why the first argument of a block, or of those in it, has no value; ""
// if all have one.
func (w *doubt) within(body *hclsyntax.Body, in frame) string {
	attrs := attributes(body)
	for _, name := range slices.Sorted(maps.Keys(attrs)) {
		if !known(in.s.value(attrs[name].Expr, in.extra)) {
			return w.expression(definition{expr: attrs[name].Expr, in: in})
		}
	}
	for _, b := range body.Blocks {
		if why := w.within(b.Body, in); why != "" {
			return why
		}
	}
	return ""
}

// computed says of an attribute of a resource why it has no value, "" where the
// configuration gives it one.
func (s *scope) computed(key, attribute string) string {
	b := s.node.module.resources[key]
	switch {
	case b == nil:
		return fmt.Sprintf(notDeclared, key)
	case attribute != "" && attributes(b.Body)[attribute] == nil:
		return afterApply
	case loopOf(b.Body) != nil:
		return fmt.Sprintf(ofInstance, key)
	case attribute == "":
		return afterApply
	}
	return ""
}

// doubtfulCall is the function because of which an expression has no value though
// all that it refers to has one.
func (s *scope) doubtfulCall(expr hcl.Expression, extra map[string]cty.Value) string {
	native, ok := expr.(hclsyntax.Node)
	if !ok {
		return notEvaluated
	}
	why := notEvaluated
	_ = hclsyntax.VisitAll(native, func(n hclsyntax.Node) hcl.Diagnostics {
		call, ok := n.(*hclsyntax.FunctionCallExpr)
		if !ok || known(s.value(call, extra)) {
			return nil
		}
		why = fmt.Sprintf(ofFunction, strings.TrimPrefix(call.Name, "core::"))
		for _, name := range computedFunctions {
			if call.Name == name {
				why = afterApply
			}
		}
		return nil
	})
	return why
}
