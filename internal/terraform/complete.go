package terraform

import (
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2/hclsyntax"

	"gate/internal/doc"
	"gate/internal/facts"
	"gate/internal/source"
)

// complete adds to a plan's resources what only the configuration says:
// lifecycle rules and the parts of a document that are known before apply.
func (ev *evaluation) complete(resources []facts.Resource, providers []facts.Provider) {
	policies, tags := plannedPolicies(resources), plannedTags(providers)
	for i := range resources {
		r := &resources[i]
		r.Lifecycle = map[string]any{}
		r.Documents = knownDocuments(r.After)
		addr, err := ParseAddress(r.Address)
		if err != nil {
			continue
		}
		var s *scope
		if ev.root != nil {
			if s = ev.at(addr.Module); s != nil {
				if b := s.node.module.resources[addr.Resource()]; b != nil {
					r.Lifecycle, r.InheritedTags = lifecycle(b), s.inheritedTags(b)
				}
			}
		}
		if s == nil {
			name, _, _ := strings.Cut(r.Type, "_")
			r.InheritedTags = tags[name]
		}
		if r.After == nil {
			continue
		}
		ev.plannedPartly(r, s, addr)
		for _, name := range slices.Sorted(maps.Keys(r.Unknown)) {
			if !documentName(name) {
				continue
			}
			if r.Unknown[name] == true {
				ev.unknownDocument(r, s, addr, name, policies)
				continue
			}
			ev.nestedDocuments(r, s, addr, name)
		}
	}
}

// unknownDocument finds what is known of an attribute that the plan knows only
// after apply: from the source, else from the policy data source it refers to.
func (ev *evaluation) unknownDocument(r *facts.Resource, s *scope, addr Address, name string, policies map[string]map[string]any) {
	expr := doc.Map(r.Expressions, name)
	refs := doc.List(expr, "references")
	if len(refs) == 0 {
		return // computed by the provider
	}
	for _, d := range ev.sourceDocuments(s, addr) {
		if len(d.Path) == 1 && d.Path[0] == name {
			r.Documents = append(r.Documents, d)
			return
		}
	}
	for _, v := range refs {
		ref := doc.Text(v)
		resource, ok := documentReference(ref)
		if !ok {
			continue
		}
		key := r.Module + "/" + resource + keySuffix(r.Index)
		policy := policies[key]
		if policy == nil {
			policy = policies[r.Module+"/"+resource]
		}
		if policy != nil {
			r.Documents = append(r.Documents, facts.ResourceDocument{Path: []any{name}, Value: policy, Partial: partial(policy)})
			return
		}
	}
}

// documentReference is the data source whose document a reference names.
func documentReference(ref string) (string, bool) {
	typ, _, _ := strings.Cut(strings.TrimPrefix(ref, "data."), ".")
	source, ok := documentSources[typ]
	if !ok || !strings.HasPrefix(ref, "data.") {
		return "", false
	}
	return strings.CutSuffix(ref, "."+source.attribute)
}

func (ev *evaluation) nestedDocuments(r *facts.Resource, s *scope, addr Address, name string) {
	for _, d := range ev.sourceDocuments(s, addr) {
		if len(d.Path) > 1 && d.Path[0] == name && isUnknown(r.Unknown, d.Path) {
			r.Documents = append(r.Documents, d)
		}
	}
}

// isUnknown says whether the value at the path, or what it stands in, is
// marked.
func isUnknown(marks any, path []any) bool {
	for _, e := range path {
		if marks == true {
			return true
		}
		switch e := e.(type) {
		case string:
			marks = member(marks, e)
		case int:
			marks = element(marks, e)
		}
	}
	return marks == true
}

// sourceDocuments evaluates the block of one instance for its documents.
func (ev *evaluation) sourceDocuments(s *scope, addr Address) []facts.ResourceDocument {
	if s == nil {
		return nil
	}
	b := s.node.module.resources[addr.Resource()]
	if b == nil {
		return nil
	}
	if in, ok := s.instance(addr.Resource(), b, addr.Index); ok {
		return s.body(b.Body, in.extra).documents
	}
	return nil
}

// documentName says whether an attribute, or a block around one, may hold a
// document that rules read; the others need not be evaluated beside a plan.
func documentName(name string) bool {
	for _, part := range [...]string{"policy", "policies", "document", "configuration", "definition"} {
		if strings.Contains(name, part) {
			return true
		}
	}
	return false
}

// plannedPolicies renders the policy documents that are read during apply, by
// module address and address inside it.
func plannedPolicies(resources []facts.Resource) map[string]map[string]any {
	out := map[string]map[string]any{}
	for i := range resources {
		r := &resources[i]
		source, ok := documentSources[r.Type]
		if !ok || r.Mode != "data" || r.After == nil {
			continue
		}
		policy, _ := source.render(r.After, r.Unknown)
		name := "data." + r.Type + "." + r.Name
		out[r.Module+"/"+name+keySuffix(r.Index)] = policy
	}
	return out
}

// stackLocator leads to what a stack's own findings are about. A path starts
// with "backend" (argument), "providers" (name or name.alias, argument),
// "requirements" (module, name), "modules" (address, argument), "outputs"
// (name), "drift" (address, attribute…) or "requiredVersion".
func (s *Sources) stackLocator(st facts.Stack, plan source.Position) source.Locator {
	if s.unit != nil && s.root == nil {
		return source.Fixed(s.fallback())
	}
	if s.root == nil {
		return source.Fixed(plan)
	}
	return source.LocatorFunc(func(p source.Path) source.Location {
		m := s.root.module
		first, second := pathName(p, 0), pathName(p, 1)
		fallback := source.Location{Position: s.fallback()}
		if len(m.settings) > 0 {
			fallback.Position = approximate(s.loader.position(m.settings[0].DefRange))
		}
		switch first {
		case "modules":
			return s.moduleCall(second, pathName(p, 2), fallback)
		case "outputs":
			if b := m.outputs[second]; b != nil {
				return source.Location{Position: s.loader.position(b.DefRange)}
			}
		case "providers":
			return s.providerPlace(second, p, fallback)
		case "requirements":
			return s.requirementPlace(second, pathName(p, 2), fallback)
		case "drift":
			if len(p) > 1 {
				return s.Locator(second).Locate(p[2:])
			}
		case "backend":
			if b, ok := st.Backend["line"].(int64); ok {
				file := doc.Text(st.Backend, "file")
				return source.Location{Position: s.backendPlace(file, int(b), pathName(p, 1))}
			}
		case "requiredVersion":
			for _, t := range m.settings {
				if a := attributes(t.Body)["required_version"]; a != nil {
					return source.Location{Position: s.loader.position(attributeRange(a))}
				}
			}
		}
		return fallback
	})
}

func approximate(p source.Position) source.Position {
	p.Approximate = true
	return p
}

func pathName(p source.Path, i int) string {
	if i < len(p) {
		if s, ok := p[i].(string); ok {
			return s
		}
	}
	return ""
}

// moduleCall is the place of a call, or of its source or version argument. Of
// a call inside a module from elsewhere it is the repository's own call.
func (s *Sources) moduleCall(address, argument string, fallback source.Location) source.Location {
	node := s.root
	for _, name := range strings.Split(strings.TrimPrefix(address, "module."), ".module.") {
		next := s.child(node, name)
		if next == nil || node.remote {
			argument = ""
			break
		}
		node = next
	}
	if node.call == nil {
		return fallback
	}
	loc := source.Location{Position: s.loader.position(node.call.DefRange), Related: s.calls(node.parent)}
	if a := attributes(node.call.Body)[argument]; argument != "" && a != nil {
		loc.Position = s.loader.position(attributeRange(a))
		if argument == "source" { // the value is what has to change
			loc.Position = s.loader.position(a.Expr.Range())
		}
	}
	return loc
}

// requirementPlace is the entry in required_providers of a module, else the
// provider block, else the first resource of the provider.
func (s *Sources) requirementPlace(module, name string, fallback source.Location) source.Location {
	node := s.root
	if module != "" {
		for _, call := range strings.Split(strings.TrimPrefix(module, "module."), ".module.") {
			if node = s.child(node, call); node == nil || node.module == nil {
				return fallback
			}
		}
	}
	if pos, ok := s.providerIn(node.module, name); ok {
		return source.Location{Position: pos, Related: s.calls(node)}
	}
	return fallback
}

func (s *Sources) providerIn(m *module, local string) (source.Position, bool) {
	if r, ok := m.requiredProviders()[local]; ok {
		return s.loader.position(r.Range), true
	}
	for _, b := range m.providers {
		if b.Labels[0] == local {
			return s.loader.position(b.DefRange), true
		}
	}
	for _, key := range m.order {
		if name, _ := localProvider(m.resources[key]); name == local {
			return s.loader.position(m.resources[key].DefRange), true
		}
	}
	if at, ok := m.functionProviders()[local]; ok {
		return s.loader.position(at), true
	}
	return source.Position{}, false
}

// providerPlace is the argument of a provider block, the block, or the entry
// in required_providers, in this order.
func (s *Sources) providerPlace(name string, p source.Path, fallback source.Location) source.Location {
	local, alias, _ := strings.Cut(name, ".")
	m := s.root.module
	argument := pathName(p, 2)
	if argument != "" {
		for _, b := range m.providers {
			if b.Labels[0] == local && literal(attributes(b.Body)["alias"]) == alias {
				pos, _ := s.loader.inBlock(b, p[2:], nil)
				return source.Location{Position: pos}
			}
		}
	}
	if pos, ok := s.providerIn(m, local); ok {
		return source.Location{Position: pos}
	}
	return fallback
}

func (s *Sources) backendPlace(file string, line int, argument string) source.Position {
	for _, t := range s.root.module.settings {
		native, ok := t.Body.(*hclsyntax.Body)
		if !ok {
			continue
		}
		for _, b := range native.Blocks {
			if b.DefRange().Filename != file || b.DefRange().Start.Line != line {
				continue
			}
			if a := b.Body.Attributes[argument]; a != nil {
				return s.loader.position(attributeRange(a.AsHCLAttribute()))
			}
			return s.loader.position(b.DefRange())
		}
	}
	return source.Position{File: file, Line: line}
}
