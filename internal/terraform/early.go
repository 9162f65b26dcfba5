package terraform

import (
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

// text is the string that an expression gives before anything is evaluated:
// sources and versions are read then. OpenTofu lets them refer to variables,
// whose defaults count; what is handed in from outside is not known here.
func (m *module) text(expr hcl.Expression) string {
	vars := map[string]cty.Value{}
	for _, t := range expr.Variables() {
		b := m.variables[step(t, 1)]
		if t.RootName() != "var" || b == nil || truth(attributes(b.Body)["sensitive"]) {
			return ""
		}
		a := attributes(b.Body)["default"]
		if a == nil {
			return ""
		}
		v, diags := a.Expr.Value(nil)
		if diags.HasErrors() {
			return ""
		}
		vars[step(t, 1)] = v
	}
	v, diags := expr.Value(&hcl.EvalContext{Variables: map[string]cty.Value{"var": cty.ObjectVal(vars)}})
	if diags.HasErrors() || v.IsNull() || !v.IsKnown() || v.Type() != cty.String {
		return ""
	}
	return v.AsString()
}

// argumentText is the text of an argument of a block, "" where it has none.
func (m *module) argumentText(body hcl.Body, name string) string {
	if a := attributes(body)[name]; a != nil {
		return m.text(a.Expr)
	}
	return ""
}

// functionProviders are the local names of providers whose functions the
// module calls, with the place of the first call:
// https://developer.hashicorp.com/terraform/language/functions#provider-defined-functions
func (m *module) functionProviders() map[string]hcl.Range {
	out := map[string]hcl.Range{}
	m.providerCalls(func(provider string, call *hclsyntax.FunctionCallExpr) {
		if at, seen := out[provider]; !seen || before(call.Range(), at) {
			out[provider] = call.Range()
		}
	})
	return out
}

// providerCalls visits the calls of functions that providers bring.
func (m *module) providerCalls(found func(provider string, call *hclsyntax.FunctionCallExpr)) {
	visit := func(node hclsyntax.Node) hcl.Diagnostics {
		call, ok := node.(*hclsyntax.FunctionCallExpr)
		if !ok {
			return nil
		}
		if parts := strings.Split(call.Name, "::"); len(parts) == 3 && parts[0] == "provider" {
			found(parts[1], call)
		}
		return nil
	}
	for _, blocks := range []map[string]*hcl.Block{m.resources, m.calls, m.outputs, m.variables} {
		for _, b := range blocks {
			if native, ok := b.Body.(*hclsyntax.Body); ok {
				hclsyntax.VisitAll(native, visit)
			}
		}
	}
	for _, b := range m.providers {
		if native, ok := b.Body.(*hclsyntax.Body); ok {
			hclsyntax.VisitAll(native, visit)
		}
	}
	for _, a := range m.locals {
		if native, ok := a.Expr.(hclsyntax.Expression); ok {
			hclsyntax.VisitAll(native, visit)
		}
	}
}

func before(a, b hcl.Range) bool {
	if a.Filename != b.Filename {
		return a.Filename < b.Filename
	}
	return a.Start.Byte < b.Start.Byte
}
