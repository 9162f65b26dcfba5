package secrets

import (
	"bytes"
	"cmp"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"gate/internal/source"
)

// hclSettings returns the literals of HCL under names that say secret: attributes,
// entries of objects, defaults of variables, pairs of name and value. ok is false
// for text that cannot be parsed, which is read line by line.
func hclSettings(text []byte) (out []literalSetting, ok bool) {
	if _, err := source.TooDeep(text); err != nil {
		return nil, false
	}
	f, diags := hclsyntax.ParseConfig(text, "", hcl.InitialPos)
	if f == nil || diags.HasErrors() {
		return nil, false
	}
	body, ok := f.Body.(*hclsyntax.Body)
	if !ok {
		return nil, false
	}
	r := &hclReader{text: text}
	r.body(body, "")
	for _, b := range body.Blocks {
		if b.Type == "resource" && len(b.Labels) == 2 {
			r.sensitive(b.Body, b.Labels[0])
			r.ignored(b.Body)
		}
	}
	// What is found by its name and by its type is one; the surest stays.
	slices.SortStableFunc(r.found, func(a, b literalSetting) int {
		return cmp.Or(cmp.Compare(a.start, b.start), cmp.Compare(b.judge(), a.judge()))
	})
	return slices.CompactFunc(r.found, func(a, b literalSetting) bool { return a.start == b.start }), true
}

// literalSetting is one literal and the bytes that it takes in the text.
type literalSetting struct {
	name, value string
	class       nameClass
	start, end  int
	// content is an argument that exists to hold a secret, entry one of several that
	// stand there together; the name says nothing then.
	content, entry bool
	// ignored says that changes of the argument are (lifecycle, ignore_changes).
	ignored bool
}

// judge says how certain it is that the literal is a secret.
func (a literalSetting) judge() certainty {
	if a.ignored {
		a.ignored = false
		return untilSet(a.judge(), a.value, a.content || a.entry)
	}
	w := &walker{applied: true}
	switch {
	case a.content:
		return w.content(a.value)
	case a.entry && (w.safe(a.value) || publicEntry(a.name, a.value)):
		return noSecret
	case a.entry:
		return w.entry(a.name, a.value)
	}
	return a.class.judge(a.value, false)
}

type hclReader struct {
	text  []byte
	found []literalSetting
}

// body reads one block; variable is the name of the variable that it declares.
func (r *hclReader) body(b *hclsyntax.Body, variable string) {
	name := literalOf(b.Attributes["name"])
	for key, a := range b.Attributes {
		switch {
		case key == "default" && variable != "":
			key = variable
		case key == "value" && name != "": // set blocks of helm_release
			key = name
		case variable != "":
			continue // a description, a condition
		}
		r.expression(key, a.Expr)
	}
	for _, inner := range b.Blocks {
		named := ""
		if inner.Type == "variable" && len(inner.Labels) == 1 {
			named = inner.Labels[0]
		}
		r.body(inner.Body, named)
	}
}

// sensitive reads the arguments of a resource that its type says are secret.
func (r *hclReader) sensitive(b *hclsyntax.Body, kind string) {
	if kind == "aws_ssm_parameter" && readable(literalOf(b.Attributes["type"]), literalOf(b.Attributes["name"])) {
		return
	}
	for key := range sensitiveArguments[kind] {
		a := b.Attributes[key]
		if a == nil {
			continue
		}
		if value, at, ok := stringLiteral(a.Expr); ok {
			r.found = append(r.found, literalSetting{name: key, value: value, start: at.Start.Byte, end: at.End.Byte, content: true})
			continue
		}
		o, ok := a.Expr.(*hclsyntax.ObjectConsExpr)
		if !ok {
			continue
		}
		for _, item := range o.Items {
			k, _ := item.KeyExpr.Value(nil)
			if value, at, ok := stringLiteral(item.ValueExpr); ok {
				r.found = append(r.found, literalSetting{name: text(k), value: value, start: at.Start.Byte, end: at.End.Byte, entry: true})
			}
		}
	}
}

// ignored marks the literals of a resource whose changes are ignored.
func (r *hclReader) ignored(b *hclsyntax.Body) {
	var ranges []hcl.Range
	for _, l := range b.Blocks {
		if a := l.Body.Attributes["ignore_changes"]; l.Type == "lifecycle" && a != nil {
			if hcl.ExprAsKeyword(a.Expr) == "all" {
				ranges = append(ranges, b.Range())
			}
			items, _ := hcl.ExprList(a.Expr)
			for _, it := range items {
				t, _ := hcl.AbsTraversalForExpr(it)
				if t != nil && b.Attributes[t.RootName()] != nil {
					ranges = append(ranges, b.Attributes[t.RootName()].SrcRange)
				}
			}
		}
	}
	for i := range r.found {
		f := &r.found[i]
		f.ignored = f.ignored || slices.ContainsFunc(ranges, func(at hcl.Range) bool { return at.Start.Byte <= f.start && f.end <= at.End.Byte })
	}
}

func literalOf(a *hclsyntax.Attribute) string {
	if a == nil {
		return ""
	}
	text, _, _ := stringLiteral(a.Expr)
	return text
}

// expression reads what stands under a name: a literal, or the entries of what is
// built there. What a condition or an operator compares is nobody's value.
func (r *hclReader) expression(key string, e hclsyntax.Expression) {
	if text, at, ok := stringLiteral(e); ok {
		if class := classify(key); class != plainName && text != "" {
			r.found = append(r.found, literalSetting{name: key, value: text, class: class, start: at.Start.Byte, end: at.End.Byte})
		}
		return
	}
	switch e := e.(type) {
	case *hclsyntax.TemplateExpr:
		r.heredoc(e)
	case *hclsyntax.ParenthesesExpr:
		r.expression(key, e.Expression)
	case *hclsyntax.ConditionalExpr:
		r.expression(key, e.TrueResult)
		r.expression(key, e.FalseResult)
	case *hclsyntax.TupleConsExpr:
		for _, x := range e.Exprs {
			r.expression(key, x)
		}
	case *hclsyntax.ObjectConsExpr:
		name := ""
		for _, item := range e.Items {
			if k, _ := item.KeyExpr.Value(nil); text(k) == "name" {
				name, _, _ = stringLiteral(item.ValueExpr)
			}
		}
		for _, item := range e.Items {
			k, _ := item.KeyExpr.Value(nil)
			inner := text(k)
			if inner == "value" && name != "" {
				inner = name
			}
			r.expression(inner, item.ValueExpr)
		}
	case *hclsyntax.FunctionCallExpr:
		r.call(key, e)
	}
}

// heredoc reads a text of several lines as the script or the file that it is.
func (r *hclReader) heredoc(e *hclsyntax.TemplateExpr) {
	at := e.Range()
	raw := r.text[at.Start.Byte:min(at.End.Byte, len(r.text))]
	if bytes.IndexByte(raw, '\n') < 0 {
		return
	}
	offset, line := at.Start.Byte, 0
	for _, a := range settings(string(raw), shellDialect) {
		for ; line < a.line; line++ {
			offset += bytes.IndexByte(r.text[offset:], '\n') + 1
		}
		r.found = append(r.found, literalSetting{name: a.key, value: a.value, class: a.class, start: offset + a.start, end: offset + a.end})
	}
}

// carrying are the functions whose result holds what they are given: sensitive("x")
// is as plain in the file as "x". What others are given is a key, a separator, a path.
var carrying = set("sensitive", "nonsensitive", "tostring", "trimspace", "base64encode", "jsonencode", "yamlencode", "merge", "concat", "coalesce", "tomap", "toset", "tolist", "try", "chomp")

func (r *hclReader) call(key string, e *hclsyntax.FunctionCallExpr) {
	switch {
	case carrying[e.Name]:
		for _, a := range e.Args {
			r.expression(key, a)
		}
	case (e.Name == "get_env" || e.Name == "lookup") && len(e.Args) > 1: // the last is a default
		r.expression(key, e.Args[len(e.Args)-1])
	}
}

// stringLiteral is the text of a string or heredoc without references, and where it
// stands without its quotes.
func stringLiteral(e hclsyntax.Expression) (string, hcl.Range, bool) {
	t, ok := e.(*hclsyntax.TemplateExpr)
	if !ok || !t.IsStringLiteral() {
		return "", hcl.Range{}, false
	}
	v, diags := t.Value(nil)
	if diags.HasErrors() || strings.Contains(text(v), "\n") {
		return "", hcl.Range{}, false // a heredoc is read as the text that it is
	}
	return text(v), t.Parts[0].Range(), true
}

func text(v cty.Value) string {
	if v.IsNull() || !v.IsKnown() || v.Type() != cty.String {
		return ""
	}
	return v.AsString()
}
