package terraform

import (
	"maps"
	"slices"
	"sort"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"gate/internal/doc"
	"gate/internal/facts"
)

// requirements lists the providers of each module that a person can edit. A
// module that is called twice counts once.
func (ev *evaluation) requirements(st *facts.Stack) {
	seen := map[*module]bool{}
	var visit func(n *moduleNode)
	visit = func(n *moduleNode) {
		if n == nil || n.module == nil || n.remote || seen[n.module] {
			return
		}
		seen[n.module] = true
		required, used := n.module.requiredProviders(), n.module.usedProviders()
		names := map[string]bool{}
		for name := range required {
			names[name] = true
		}
		for name := range used {
			names[name] = true
		}
		for _, name := range slices.Sorted(maps.Keys(names)) {
			r, declared := required[name]
			constraint := r.Constraint
			if constraint == "" {
				constraint = n.module.blockConstraint(name)
			}
			st.Requirements = append(st.Requirements, facts.ProviderRequirement{
				Module: modulePathAddress(n.path), Name: name, Source: r.Source, Constraint: constraint,
				Declared: declared, Used: used[name], Key: providerKey(name, r.Source),
			})
		}
		for _, name := range slices.Sorted(maps.Keys(n.module.calls)) {
			visit(ev.sources.child(n, name))
		}
	}
	visit(ev.sources.root)
	sort.SliceStable(st.Requirements, func(i, j int) bool {
		a, b := st.Requirements[i], st.Requirements[j]
		if a.Module != b.Module {
			return a.Module < b.Module
		}
		return a.Name < b.Name
	})
}

// usedProviders are the local names that blocks of the module refer to. The
// provider of terraform_data and terraform_remote_state is built in.
func (m *module) usedProviders() map[string]bool {
	out := map[string]bool{}
	for _, b := range m.resources {
		if name, _ := localProvider(b); name != "terraform" {
			out[name] = true
		}
	}
	for _, b := range m.providers {
		out[b.Labels[0]] = true
	}
	for name := range m.functionProviders() {
		out[name] = true
	}
	return out
}

// blockConstraint is the version argument of a provider block, which was the
// place for it before Terraform 0.13.
func (m *module) blockConstraint(name string) string {
	for _, b := range m.providers {
		if b.Labels[0] == name {
			if v := literal(attributes(b.Body)["version"]); v != "" {
				return v
			}
		}
	}
	return ""
}

// localProvider is the local name and alias of a resource's provider: the
// provider argument, else the first word of its type.
func localProvider(b *hcl.Block) (name, alias string) {
	if a := attributes(b.Body)["provider"]; a != nil {
		if t, diags := hcl.AbsTraversalForExpr(a.Expr); !diags.HasErrors() {
			return t.RootName(), step(t, 1)
		}
		if s := literal(a); s != "" { // the quoted form of Terraform 0.11
			name, alias, _ = strings.Cut(s, ".")
			return name, alias
		}
	}
	name, _, _ = strings.Cut(b.Labels[0], "_")
	return name, ""
}

// providerKey is the full source address:
// https://developer.hashicorp.com/terraform/language/providers/requirements#source-addresses
func providerKey(name, src string) string {
	if src == "" {
		src = "hashicorp/" + name
	}
	switch strings.Count(src, "/") {
	case 0:
		src = "registry.terraform.io/hashicorp/" + src
	case 1:
		src = "registry.terraform.io/" + src
	}
	return strings.ToLower(src)
}

// inheritedTags finds the default tags that a resource of this scope gets.
func (s *scope) inheritedTags(b *hcl.Block) map[string]any {
	name, alias := localProvider(b)
	return s.defaultTags(name, alias)
}

// defaultTags follows a provider configuration up the calls: a module without
// one of its own uses what its call passes, else its caller's of that name.
func (s *scope) defaultTags(name, alias string) map[string]any {
	for _, b := range s.node.module.providers {
		if b.Labels[0] == name && literal(attributes(b.Body)["alias"]) == alias {
			return s.blockTags(b)
		}
	}
	if s.parent == nil {
		return nil
	}
	local := name
	if alias != "" {
		local += "." + alias
	}
	if a := attributes(s.node.call.Body)["providers"]; a != nil {
		pairs, _ := hcl.ExprMap(a.Expr)
		for _, kv := range pairs {
			key, diags := hcl.AbsTraversalForExpr(kv.Key)
			val, diags2 := hcl.AbsTraversalForExpr(kv.Value)
			if !diags.HasErrors() && !diags2.HasErrors() && reference(key) == local {
				return s.parent.defaultTags(val.RootName(), step(val, 1))
			}
		}
	}
	if alias != "" {
		return nil
	}
	return s.parent.defaultTags(name, "")
}

func (s *scope) blockTags(b *hcl.Block) map[string]any {
	key := "tags of " + b.DefRange.String()
	if v, ok := s.tags[key]; ok {
		return v
	}
	out := map[string]any{}
	v := s.body(b.Body, nil)
	collectTags(out, v.after["default_tags"], v.unknown["default_tags"], true)
	collectTags(out, v.after["default_labels"], v.unknown["default_labels"], false)
	value := func(e hcl.Expression) cty.Value { return s.value(e, nil) }
	if a := attributes(b.Body)["default_labels"]; a != nil && v.unknown["default_labels"] == true {
		maps.Copy(out, keysOf(a.Expr, value))
	}
	if body, ok := b.Body.(*hclsyntax.Body); ok {
		for i, block := range slices.DeleteFunc(slices.Clone(body.Blocks), func(x *hclsyntax.Block) bool { return x.Type != "default_tags" }) {
			if a := attributes(block.Body)["tags"]; a != nil && doc.At(listOrOne(v.unknown["default_tags"]), i, "tags") == true {
				maps.Copy(out, keysOf(a.Expr, value))
			}
		}
	}
	if s.tags == nil {
		s.tags = map[string]map[string]any{}
	}
	s.tags[key] = out
	return out
}

// collectTags merges a map of tags or, nested, the tags of blocks. Tags whose
// value is not known count with null.
func collectTags(out map[string]any, v, unknown any, nested bool) {
	if !nested {
		values := doc.Map(v)
		for k, e := range values {
			out[k] = e
		}
		marks := doc.Map(unknown)
		for k := range marks {
			out[k] = nil
		}
		return
	}
	marks := listOrOne(unknown)
	for i, e := range listOrOne(v) {
		block := doc.Map(e)
		mark := doc.Map(marks, i)
		collectTags(out, block["tags"], mark["tags"], false)
	}
}

// plannedTags reads default tags from the provider configurations of a plan,
// for stacks without configuration files: local name -> tags.
func plannedTags(providers []facts.Provider) map[string]map[string]any {
	out := map[string]map[string]any{}
	for _, p := range providers {
		if p.Alias != "" || p.Module != "" {
			continue
		}
		tags := map[string]any{}
		for _, block := range listOrOne(p.Expressions["default_tags"]) {
			o := doc.Map(block)
			constantTags(tags, o["tags"])
		}
		constantTags(tags, p.Expressions["default_labels"])
		if len(tags) > 0 {
			out[p.Name] = tags
		}
	}
	return out
}

func constantTags(out map[string]any, v any) {
	e := doc.Map(v)
	values := doc.Map(e, "constant")
	for k, val := range values {
		out[k] = val
	}
}
