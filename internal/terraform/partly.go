package terraform

import (
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"gate/internal/doc"
	"gate/internal/facts"
)

// partly is what is known of a text, or of a list of texts, that is not known as a
// whole: "serviceAccount:<unknown>" is an account, whatever it is called. It is nil
// where nothing of it is known.
func (s *scope) partly(expr hcl.Expression, v cty.Value, extra map[string]cty.Value) any {
	if v.IsMarked() {
		return nil
	}
	if t, ok := expr.(*hclsyntax.TupleConsExpr); ok {
		var out []any
		known := false
		for _, e := range t.Exprs {
			text := s.partlyText(e, s.value(e, extra), extra)
			known = known || text != unknownText
			out = append(out, text)
		}
		if !known {
			return nil
		}
		return out
	}
	if v.IsKnown() && !v.IsNull() && (v.Type().IsListType() || v.Type().IsTupleType() || v.Type().IsSetType()) {
		var out []any
		known := false
		for it := v.ElementIterator(); it.Next(); {
			_, e := it.Element()
			text := s.partlyText(nil, e, extra)
			known = known || text != unknownText
			out = append(out, text)
		}
		if !known {
			return nil
		}
		return out
	}
	if text := s.partlyText(expr, v, extra); text != unknownText {
		return text
	}
	return nil
}

// partlyText is a text with a placeholder for what is not known of it: of a template
// part by part, of any other expression what cty has kept of its beginning.
func (s *scope) partlyText(expr hcl.Expression, v cty.Value, extra map[string]cty.Value) string {
	if v.IsMarked() || v.IsKnown() && v.IsNull() {
		return unknownText
	}
	if v.IsKnown() {
		if text := scalarText(mustGo(v)); text != "" {
			return text
		}
		return unknownText
	}
	if t, ok := expr.(*hclsyntax.TemplateExpr); ok {
		var b strings.Builder
		for _, p := range t.Parts {
			b.WriteString(s.partlyText(p, s.value(p, extra), extra))
		}
		return strings.ReplaceAll(b.String(), unknownText+unknownText, unknownText)
	}
	if v.Type() == cty.String {
		if r := v.Range(); !r.CouldBeNull() {
			return r.StringPrefix() + unknownText
		}
	}
	return unknownText
}

// tellable are those whose attribute holds no secret by its name.
func tellable(typ string, partly []facts.PartlyKnown) []facts.PartlyKnown {
	return slices.DeleteFunc(partly, func(p facts.PartlyKnown) bool {
		name, _ := p.Path[len(p.Path)-1].(string)
		return sensitiveName(typ, name, len(p.Path) == 1)
	})
}

// plannedPartly finds what the source says of texts that a plan knows only after
// apply. Blocks of a plan are not in the order of the source: what stands in one of
// several is left out.
func (ev *evaluation) plannedPartly(r *facts.Resource, s *scope, addr Address) {
	if s == nil || len(r.Unknown) == 0 {
		return
	}
	b := s.node.module.resources[addr.Resource()]
	if b == nil || !mayBePartly(b.Body, r.Unknown) {
		return
	}
	in, ok := s.instance(addr.Resource(), b, addr.Index)
	if !ok {
		return
	}
	for _, p := range tellable(r.Type, s.body(b.Body, in.extra).partly) {
		name, _ := p.Path[0].(string)
		if isUnknown(r.Unknown, p.Path) && (len(p.Path) == 1 || len(p.Path) == 3 && len(listOrOne(r.After[name])) == 1) {
			r.Partly = append(r.Partly, p)
		}
	}
}

// mayBePartly says whether a body makes a text, or a list, of several parts where
// something is not known.
func mayBePartly(body hcl.Body, unknown map[string]any) bool {
	native, ok := body.(*hclsyntax.Body)
	if !ok {
		return false
	}
	for name, a := range native.Attributes {
		if unknown[name] == nil {
			continue
		}
		switch e := a.Expr.(type) {
		case *hclsyntax.TemplateExpr, *hclsyntax.ForExpr:
			return true
		case *hclsyntax.FunctionCallExpr:
			if len(e.Args) > 0 {
				return true
			}
		case *hclsyntax.TupleConsExpr:
			if slices.ContainsFunc(e.Exprs, func(x hclsyntax.Expression) bool { _, text := x.(*hclsyntax.TemplateExpr); return text }) {
				return true
			}
		}
	}
	return slices.ContainsFunc(native.Blocks, func(b *hclsyntax.Block) bool {
		marks := listOrOne(unknown[b.Type])
		return len(marks) == 1 && mayBePartly(b.Body, doc.Map(marks[0]))
	})
}
