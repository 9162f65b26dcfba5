package assess

import (
	"slices"
	"strings"

	"gate/internal/source"
)

func (c *constraint) matches(a *admission, r *request) match {
	m := c.spec.Match
	if r.gvk.Group == "constraints.gatekeeper.sh" || r.gvk.Group == "templates.gatekeeper.sh" || m.Source == "Generated" {
		return match{}
	}
	if len(m.Kinds) > 0 && !slices.ContainsFunc(m.Kinds, func(k struct {
		APIGroups []string `json:"apiGroups"`
		Kinds     []string `json:"kinds"`
	}) bool {
		return oneOf(k.APIGroups, r.gvk.Group) && oneOf(k.Kinds, r.gvk.Kind)
	}) {
		return match{}
	}
	if m.Scope == "Namespaced" && !r.namespaced || m.Scope == "Cluster" && r.namespaced {
		return match{}
	}
	if m.Name != "" && !wildcard(m.Name, r.name) {
		return match{}
	}
	namespace := r.namespace
	if r.gvk.Kind == "Namespace" && r.gvk.Group == "" {
		namespace = r.name
	}
	if namespace != "" { // without a namespace these do not disqualify
		anyOf := func(list []string) bool {
			return slices.ContainsFunc(list, func(p string) bool { return wildcard(p, namespace) })
		}
		if len(m.Namespaces) > 0 && !anyOf(m.Namespaces) || anyOf(m.ExcludedNamespaces) {
			return match{}
		}
	}
	if x := selectsObject(m.LabelSelector, r, source.Path{"spec", "match", "labelSelector"}); x.unknown != "" || !x.yes {
		return x
	}
	return a.selects(m.NamespaceSelector, r, source.Path{"spec", "match", "namespaceSelector"})
}

func oneOf(list []string, s string) bool {
	return len(list) == 0 || slices.Contains(list, "*") || slices.Contains(list, s)
}

// wildcard matches a name with "*" at its beginning or end.
func wildcard(pattern, s string) bool {
	head, tail := strings.HasSuffix(pattern, "*"), strings.HasPrefix(pattern, "*")
	word := strings.TrimSuffix(strings.TrimPrefix(pattern, "*"), "*")
	switch {
	case head && tail:
		return strings.Contains(s, word)
	case head:
		return strings.HasPrefix(s, word)
	case tail:
		return strings.HasSuffix(s, word)
	}
	return s == pattern
}
