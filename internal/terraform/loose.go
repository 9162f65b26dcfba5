package terraform

import (
	"maps"
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"gate/internal/facts"
)

// looseDocuments are the policy documents of data sources that nothing in
// their module refers to. A plan does not list them: they are read before it.
// A document that a resource takes is judged there; a loose one is written for
// somebody outside, and nobody else would judge it.
func (ev *evaluation) looseDocuments(planned []facts.Resource) []facts.Resource {
	if ev.root == nil {
		return nil
	}
	known := map[string]bool{}
	for i := range planned {
		known[planned[i].Address] = true
	}
	var out []facts.Resource
	var visit func(s *scope)
	visit = func(s *scope) {
		for _, key := range s.node.module.order {
			if !s.loose(key) {
				continue
			}
			for _, r := range s.resource(key) {
				if !known[r.Address] {
					out = append(out, r)
				}
			}
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

// loose says whether the key names a data source that renders a document to
// which nothing in the module refers.
func (s *scope) loose(key string) bool {
	m := s.node.module
	b := m.resources[key]
	if b == nil || b.Type != "data" || documentSources[b.Labels[0]].render == nil {
		return false
	}
	if s.ev.referred[m] == nil {
		if s.ev.referred == nil {
			s.ev.referred = map[*module]map[string]bool{}
		}
		s.ev.referred[m] = m.references()
	}
	return !s.ev.referred[m][key]
}

// looseDocument renders the values of a loose data source.
func looseDocument(r *facts.Resource) facts.ResourceDocument {
	source := documentSources[r.Type]
	doc, partial := source.render(r.After, r.Unknown)
	return facts.ResourceDocument{Path: []any{source.attribute}, Value: doc, Partial: partial}
}

// references are the data sources that the module's configuration names.
func (m *module) references() map[string]bool {
	out := map[string]bool{}
	add := func(vars []hcl.Traversal) {
		for _, t := range vars {
			if t.RootName() == "data" {
				out["data."+step(t, 1)+"."+step(t, 2)] = true
			}
		}
	}
	for _, blocks := range []map[string]*hcl.Block{m.resources, m.calls, m.outputs} {
		for _, b := range blocks {
			add(bodyVariables(b.Body))
		}
	}
	for _, list := range m.overrides {
		for _, b := range list {
			add(bodyVariables(b.Body))
		}
	}
	for _, b := range m.providers {
		add(bodyVariables(b.Body))
	}
	for _, a := range m.locals {
		add(a.Expr.Variables())
	}
	return out
}

// bodyVariables lists what the expressions of a body refer to, those of nested
// blocks included.
func bodyVariables(body hcl.Body) []hcl.Traversal {
	var out []hcl.Traversal
	for _, a := range attributes(body) {
		out = append(out, a.Expr.Variables()...)
	}
	if native, ok := body.(*hclsyntax.Body); ok {
		for _, b := range native.Blocks {
			out = append(out, bodyVariables(b.Body)...)
		}
	}
	return out
}
