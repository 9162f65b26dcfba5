package terraform

import (
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"gate/internal/source"
)

// inBlock finds the place of the value at p. set is false where the block does
// not set it: the place is then that of the nearest block around it, which is
// where a person would add it.
func (l *loader) inBlock(b *hcl.Block, p source.Path, values any) (pos source.Position, set bool) {
	at := l.position(b.DefRange)
	return l.inBody(b.Body, at, p, values)
}

func (l *loader) inBody(body hcl.Body, at source.Position, p source.Path, values any) (source.Position, bool) {
	if len(p) == 0 {
		return at, true
	}
	name, ok := p[0].(string)
	if !ok {
		return at, false
	}
	if a := attributes(body)[name]; a != nil {
		pos := l.position(attributeRange(a))
		return l.inExpression(a.Expr, pos, p[1:], member(values, name)), true
	}
	native, ok := body.(*hclsyntax.Body)
	if !ok {
		return at, false
	}
	blocks := blocksOf(native, name)
	if len(blocks) == 0 {
		return at, false
	}
	rest, index, value := p[1:], 0, member(values, name)
	if len(rest) > 0 {
		if i, ok := rest[0].(int); ok {
			index, rest, value = i, rest[1:], element(value, i)
		}
	}
	chosen := chooseBlock(blocks, index, value)
	return l.inBody(chosen.Body, l.position(chosen.DefRange()), rest, value)
}

// blocksOf lists the blocks of a name; of a dynamic block its content counts.
func blocksOf(body *hclsyntax.Body, name string) []*hclsyntax.Block {
	var out []*hclsyntax.Block
	for _, b := range body.Blocks {
		if b.Type == name {
			out = append(out, b)
		}
		if b.Type != "dynamic" || len(b.Labels) != 1 || b.Labels[0] != name {
			continue
		}
		for _, c := range b.Body.Blocks {
			if c.Type == "content" {
				d := *c
				d.TypeRange, d.OpenBraceRange = b.TypeRange, b.OpenBraceRange
				d.LabelRanges = b.LabelRanges
				out = append(out, &d)
			}
		}
	}
	return out
}

// chooseBlock prefers the block whose constants agree with the value, then
// the one at the index.
func chooseBlock(blocks []*hclsyntax.Block, index int, value any) *hclsyntax.Block {
	if len(blocks) == 1 {
		return blocks[0]
	}
	if fields, ok := value.(map[string]any); ok {
		best, score := -1, 0
		for i, b := range blocks {
			s := agreement(b.Body, fields)
			if s > score || s == score && s > 0 && i == index {
				best, score = i, s
			}
		}
		if best >= 0 {
			return blocks[best]
		}
	}
	return blocks[min(max(index, 0), len(blocks)-1)]
}

// agreement counts the constants of the body that equal the value's; a
// contradiction makes it zero.
func agreement(body *hclsyntax.Body, fields map[string]any) int {
	n := 0
	for name, a := range body.Attributes {
		want, known := constant(a.Expr)
		if !known {
			continue
		}
		got, has := fields[name]
		if !has {
			continue
		}
		if !sameSet(want, got) {
			return 0
		}
		n++
	}
	return n
}

// sameSet compares as Terraform does after conversion: lists may be sets, and
// numbers and booleans may have been written as strings.
func sameSet(a, b any) bool {
	x, ok1 := a.([]any)
	y, ok2 := b.([]any)
	if !ok1 || !ok2 {
		return equal(a, b) || scalarText(a) != "" && scalarText(a) == scalarText(b)
	}
	if len(x) != len(y) {
		return false
	}
	for _, e := range x {
		found := false
		for _, f := range y {
			if sameSet(e, f) {
				found = true
				break
			}
		}
		if !found {
			return false
		}
	}
	return true
}

// inExpression goes down into tuples, objects, the argument of jsonencode and JSON text.
// Where the expression does not show its structure the attribute is the place.
func (l *loader) inExpression(expr hcl.Expression, at source.Position, p source.Path, values any) source.Position {
	if call, ok := expr.(*hclsyntax.FunctionCallExpr); ok && len(call.Args) > 0 {
		switch call.Name {
		case "jsonencode", "toset", "tolist", "tomap", "sensitive", "nonsensitive":
			return l.inExpression(call.Args[0], at, p, values)
		}
		return at
	}
	if par, ok := expr.(*hclsyntax.ParenthesesExpr); ok {
		return l.inExpression(par.Expression, at, p, values)
	}
	if len(p) == 0 {
		return at
	}
	if t, ok := expr.(*hclsyntax.TemplateExpr); ok {
		if inside, ok := l.inTemplate(t, p); ok {
			return inside
		}
		return at
	}
	switch e := p[0].(type) {
	case int:
		items, diags := hcl.ExprList(expr)
		if diags.HasErrors() {
			if _, diags := hcl.ExprMap(expr); !diags.HasErrors() { // one block of a JSON file
				return l.inExpression(expr, at, p[1:], element(values, e))
			}
			return at
		}
		item := chooseItem(items, e, element(values, e))
		if item == nil {
			return at
		}
		return l.inExpression(item, l.position(item.Range()), p[1:], element(values, e))
	case string:
		pairs, diags := hcl.ExprMap(expr)
		if diags.HasErrors() {
			return at
		}
		for _, kv := range pairs {
			if key, known := constant(kv.Key); known && key == e {
				return l.inExpression(kv.Value, l.position(kv.Key.Range()), p[1:], member(values, e))
			}
		}
	}
	return at
}

func chooseItem(items []hcl.Expression, index int, value any) hcl.Expression {
	if value != nil {
		for _, it := range items {
			if c, known := constant(it); known && sameSet(c, value) {
				return it
			}
		}
	}
	if index >= 0 && index < len(items) {
		return items[index]
	}
	return nil
}

// attributes returns a body's attributes, whatever else stands in it.
func attributes(body hcl.Body) hcl.Attributes {
	if native, ok := body.(*hclsyntax.Body); ok {
		out := make(hcl.Attributes, len(native.Attributes))
		for name, a := range native.Attributes {
			out[name] = a.AsHCLAttribute()
		}
		return out
	}
	out, _ := body.JustAttributes()
	return out
}

// attributeRange is the name up to the end of the expression if that stands on
// one line, else the name.
func attributeRange(a *hcl.Attribute) hcl.Range {
	if a.Range.Start.Line == a.Range.End.Line {
		return a.Range
	}
	return a.NameRange
}

// constant evaluates an expression that refers to nothing.
func constant(expr hcl.Expression) (any, bool) {
	if kw := hcl.ExprAsKeyword(expr); kw != "" { // an object key
		return kw, true
	}
	if len(expr.Variables()) > 0 {
		return nil, false
	}
	v, diags := expr.Value(nil)
	if diags.HasErrors() || !v.IsWhollyKnown() {
		return nil, false
	}
	out, _ := goValue(v)
	return out, true
}

// member is a member of an object, or of the one object of a list: a block that
// may stand once is a list of one in a plan.
func member(v any, name string) any {
	switch v := v.(type) {
	case map[string]any:
		return v[name]
	case []any:
		if len(v) == 1 {
			return member(v[0], name)
		}
	}
	return nil
}

// element is an element of a list; a block that may stand once is its own first
// one.
func element(v any, i int) any {
	switch v := v.(type) {
	case []any:
		if i >= 0 && i < len(v) {
			return v[i]
		}
	case map[string]any:
		if i == 0 {
			return v
		}
	}
	return nil
}
