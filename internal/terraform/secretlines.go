package terraform

import (
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// secretLines are the lines of the configuration that hold a literal which it
// calls sensitive, by file: what a sensitive variable is given, the value of a
// sensitive output, and arguments that credentials are given in. A report may
// quote the lines around a finding, never these.
func (s *Sources) secretLines(out map[string]map[int]bool) {
	hide := func(r hcl.Range) {
		if out[r.Filename] == nil {
			out[r.Filename] = map[int]bool{}
		}
		for n := r.Start.Line; n <= r.End.Line; n++ {
			out[r.Filename][n] = true
		}
	}
	var visit func(n *moduleNode)
	visit = func(n *moduleNode) {
		if n == nil || n.module == nil {
			return
		}
		n.module.secretLines(hide)
		for _, c := range n.children {
			visit(c)
		}
	}
	visit(s.root)
	if s.root == nil || s.root.module == nil {
		return
	}
	for name, b := range s.root.module.variables {
		if given := s.varFileValues[name]; given != nil && truth(attributes(b.Body)["sensitive"]) {
			hide(given.Range())
		}
	}
}

func (m *module) secretLines(hide func(hcl.Range)) {
	for _, b := range m.variables {
		if attrs := attributes(b.Body); truth(attrs["sensitive"]) && attrs["default"] != nil {
			hide(attrs["default"].Range)
		}
	}
	for _, b := range m.outputs {
		if attrs := attributes(b.Body); truth(attrs["sensitive"]) && attrs["value"] != nil {
			hide(attrs["value"].Range)
		}
	}
	for _, blocks := range []map[string]*hcl.Block{m.resources, m.calls} {
		for _, b := range blocks {
			credentials(b.Body, hide)
		}
	}
	for _, list := range [][]*hcl.Block{m.providers, m.settings} {
		for _, b := range list {
			credentials(b.Body, hide)
		}
	}
	for _, list := range m.overrides {
		for _, b := range list {
			credentials(b.Body, hide)
		}
	}
}

// credentials calls hide for each argument of the body, nested blocks
// included, that has the name of a credential and a text in it.
func credentials(body hcl.Body, hide func(hcl.Range)) {
	for name, a := range attributes(body) {
		if credentialArgument(name) && written(a.Expr) {
			hide(a.Range)
		}
	}
	if native, ok := body.(*hclsyntax.Body); ok {
		for _, b := range native.Blocks {
			credentials(b.Body, hide)
		}
	}
}

// written says whether an expression may hold a value, and not only names of values.
func written(expr hcl.Expression) bool {
	switch expr.(type) {
	case *hclsyntax.ScopeTraversalExpr, *hclsyntax.RelativeTraversalExpr, *hclsyntax.IndexExpr:
		return false // only names
	}
	return true
}
