package terraform

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"gate/internal/facts"
)

// unknownText stands in a document for a text that is known only after apply.
const unknownText = "<unknown>"

// parseDocument parses an attribute's text if it is a JSON object or list of
// objects.
func parseDocument(s string) (any, bool) {
	t := strings.TrimLeft(s, " \t\r\n")
	if len(t) < 2 || t[0] != '{' && t[0] != '[' {
		return nil, false
	}
	v, err := readJSON("", []byte(t), nil)
	if err != nil {
		// Terraform refuses it when it plans; until then it is judged as meant.
		if v, err = readJSON("", withoutTrailingCommas(t), nil); err != nil {
			return nil, false
		}
	}
	switch v := v.(type) {
	case map[string]any:
		return v, true
	case []any:
		if len(v) > 0 {
			_, ok := v[0].(map[string]any)
			return v, ok
		}
	}
	return nil, false
}

// withoutTrailingCommas drops the commas that stand before the end of a list or
// an object, outside of strings.
func withoutTrailingCommas(text string) []byte {
	out := make([]byte, 0, len(text))
	quoted, comma := false, -1
	for i := 0; i < len(text); i++ {
		c := text[i]
		switch {
		case quoted && c == '\\' && i+1 < len(text):
			out = append(out, c)
			i++
			c = text[i]
		case c == '"':
			quoted, comma = !quoted, -1
		case quoted || c == ' ' || c == '\t' || c == '\r' || c == '\n':
		case c == ',':
			comma = len(out)
		default:
			if comma >= 0 && (c == ']' || c == '}') {
				out[comma] = ' '
			}
			comma = -1
		}
		out = append(out, c)
	}
	return out
}

// knownDocuments finds the documents among a resource's values.
func knownDocuments(values map[string]any) []facts.ResourceDocument {
	var out []facts.ResourceDocument
	var walk func(v any, path []any)
	walk = func(v any, path []any) {
		switch v := v.(type) {
		case string:
			if doc, ok := parseDocument(v); ok {
				out = append(out, facts.ResourceDocument{Path: append([]any(nil), path...), Value: doc})
			}
		case map[string]any:
			for _, k := range slices.Sorted(maps.Keys(v)) {
				walk(v[k], append(path, k))
			}
		case []any:
			for i, e := range v {
				walk(e, append(path, i))
			}
		}
	}
	walk(values, nil)
	return out
}

// document is what can be said of an attribute's JSON text that is not known
// as a whole: the argument of jsonencode, a template, a policy document, or
// the definition that a name leads to.
func (s *scope) document(expr hcl.Expression, extra map[string]cty.Value, depth int) (any, bool) {
	if depth > maxModuleDepth {
		return nil, false
	}
	switch e := expr.(type) {
	case *hclsyntax.ParenthesesExpr:
		return s.document(e.Expression, extra, depth+1)
	case *hclsyntax.FunctionCallExpr:
		if e.Name == "jsonencode" && len(e.Args) == 1 {
			return withPlaceholders(s.value(e.Args[0], extra))
		}
	case *hclsyntax.TemplateWrapExpr:
		return s.document(e.Wrapped, extra, depth+1)
	case *hclsyntax.TemplateExpr:
		return s.templateDocument(e, extra)
	case *hclsyntax.ScopeTraversalExpr:
		return s.named(e.Traversal, depth+1)
	case *hclsyntax.RelativeTraversalExpr, *hclsyntax.IndexExpr:
		for _, t := range expr.Variables() { // data.aws_iam_policy_document.x[0].json
			if t.RootName() == "data" {
				return s.named(t, depth+1)
			}
		}
	}
	return nil, false
}

// named follows a name to the expression that defines it.
func (s *scope) named(t hcl.Traversal, depth int) (any, bool) {
	switch t.RootName() {
	case "data":
		if b := s.node.module.resources["data."+step(t, 1)+"."+step(t, 2)]; b != nil && documentSources[step(t, 1)].render != nil {
			doc, _ := s.policyDocument("data."+step(t, 1)+"."+step(t, 2), b)
			return doc, doc != nil
		}
	case "local":
		if a := s.node.module.locals[step(t, 1)]; a != nil && len(t) == 2 {
			return s.document(a.Expr, nil, depth)
		}
	case "var":
		if e := s.args[step(t, 1)]; e != nil && s.parent != nil && len(t) == 2 {
			return s.parent.document(e, s.caller, depth)
		}
	case "module":
		called := s.child(step(t, 1))
		if len(called) == 0 {
			break
		}
		inside := called[0].scope
		if b := inside.node.module.outputs[step(t, 2)]; b != nil {
			if a := attributes(b.Body)["value"]; a != nil {
				return inside.document(a.Expr, nil, depth)
			}
		}
	}
	return nil, false
}

// templateDocument renders a template with placeholders for what is unknown.
func (s *scope) templateDocument(e *hclsyntax.TemplateExpr, extra map[string]cty.Value) (any, bool) {
	var b strings.Builder
	for _, part := range e.Parts {
		t := ""
		if v := s.value(part, extra); !v.IsMarked() && v.IsKnown() && !v.IsNull() {
			t = scalarText(mustGo(v))
		} else {
			t = unknownText
		}
		b.WriteString(t)
	}
	return parseDocument(b.String())
}

func mustGo(v cty.Value) any {
	out, _ := goValue(v)
	return out
}

// withPlaceholders converts a value whose unknown leaves become placeholders.
func withPlaceholders(v cty.Value) (any, bool) {
	if v.IsMarked() {
		return facts.Redacted("sensitive"), true
	}
	if !v.IsKnown() {
		if v.Type() == cty.DynamicPseudoType || v.Type() == cty.String {
			if r := v.Range(); v.Type() == cty.String && !r.CouldBeNull() {
				return r.StringPrefix() + unknownText, true
			}
		}
		return unknownText, true
	}
	if v.IsNull() || !v.CanIterateElements() {
		return mustGo(v), true
	}
	if t := v.Type(); t.IsObjectType() || t.IsMapType() {
		out := map[string]any{}
		for it := v.ElementIterator(); it.Next(); {
			k, e := it.Element()
			if k, _ = k.Unmark(); k.IsKnown() {
				out[k.AsString()], _ = withPlaceholders(e)
			}
		}
		return out, true
	}
	out := []any{}
	for it := v.ElementIterator(); it.Next(); {
		_, e := it.Element()
		p, _ := withPlaceholders(e)
		out = append(out, p)
	}
	return out, true
}

// partial says whether a document holds a placeholder.
func partial(v any) bool {
	switch v := v.(type) {
	case string:
		return strings.Contains(v, unknownText)
	case map[string]any:
		for _, e := range v {
			if partial(e) {
				return true
			}
		}
	case []any:
		for _, e := range v {
			if partial(e) {
				return true
			}
		}
	}
	return false
}

// policyJSON is the document of a data source such as
// data.aws_iam_policy_document.<name>.json: the text where all of it is known.
func (s *scope) policyJSON(key string, b *hcl.Block) cty.Value {
	doc, partial := s.policyDocument(key, b)
	if doc == nil || partial {
		return cty.UnknownVal(cty.String)
	}
	text, err := json.MarshalIndent(doc, "", "  ")
	if err != nil {
		return cty.UnknownVal(cty.String)
	}
	return cty.StringVal(string(text))
}

// policyDocument renders a data source's policy; partial says that it holds
// placeholders.
func (s *scope) policyDocument(key string, b *hcl.Block) (map[string]any, bool) {
	if s.busy["policy."+key] {
		return nil, true
	}
	s.busy["policy."+key] = true
	defer delete(s.busy, "policy."+key)
	var extra map[string]cty.Value
	if in := s.expand(b.Body); len(in) > 0 {
		extra = in[0].extra
	}
	c := s.body(b.Body, extra)
	return documentSources[b.Labels[0]].render(c.after, c.unknown)
}
