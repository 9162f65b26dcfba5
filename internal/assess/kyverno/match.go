package kyverno

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"

	"gate/internal/doc"
	"gate/internal/selector"

	"k8s.io/apimachinery/pkg/labels"
)

var (
	filterKeys      = []string{"resources", "subjects", "roles", "clusterRoles"}
	descriptionKeys = []string{"kinds", "name", "names", "namespaces", "annotations", "selector", "namespaceSelector", "operations"}
)

// selected says whether match takes a request and exclude does not
// (https://kyverno.io/docs/policy-types/cluster-policy/match-exclude/).
func selected(q *Request, match, exclude any) truth {
	if oversized(match) || oversized(exclude) {
		return unsureOf("its match or exclude has a text that is too large")
	}
	return filters(q, doc.Map(match), true).and(filters(q, doc.Map(exclude), false).not())
}

// filters judges any, all, or the filter that stands there itself. An exclude
// without one takes nothing; a match without one is refused by the cluster.
func filters(q *Request, m map[string]any, match bool) truth {
	if k := unknownKeys(m, append([]string{"any", "all"}, filterKeys...)); k != "" {
		return unsureOf(fmt.Sprintf("%q of a match or exclude is not known", k))
	}
	out, some := holds(true), false
	if any := doc.List(m, "any"); len(any) > 0 {
		t := holds(false)
		for _, f := range any {
			t = t.or(filter(q, doc.Map(f)))
		}
		out, some = out.and(t), true
	}
	for _, f := range doc.List(m, "all") {
		out, some = out.and(filter(q, doc.Map(f))), true
	}
	own := map[string]any{}
	for _, k := range filterKeys {
		if v, ok := m[k]; ok && !empty(v) {
			own[k] = v
		}
	}
	if len(own) > 0 {
		out, some = out.and(filter(q, own)), true
	}
	switch {
	case some:
		return out
	case match:
		return unsureOf("its match names nothing")
	}
	return holds(false)
}

func oversized(v any) bool { return anyText(v, func(s string) bool { return len(s) > maxSelector }) }

func empty(v any) bool {
	return v == nil || len(doc.Map(v)) == 0 && len(doc.List(v)) == 0 && doc.Text(v) == ""
}

// filter is one resource filter: what is set of it must hold together.
func filter(q *Request, f map[string]any) truth {
	if k := unknownKeys(f, filterKeys); k != "" {
		return unsureOf(fmt.Sprintf("%q of a resource filter is not known", k))
	}
	out, some := holds(true), false
	if r := doc.Map(f, "resources"); len(r) > 0 {
		out, some = described(q, r), true
	}
	for _, k := range filterKeys[1:] {
		if !empty(f[k]) {
			out, some = out.and(unsureOf("it depends on who asks ("+k+")")), true
		}
	}
	return out.and(holds(some))
}

// described judges a resource description: and across kinds of criteria, or
// within a list.
func described(q *Request, r map[string]any) truth {
	if k := unknownKeys(r, descriptionKeys); k != "" {
		return unsureOf(fmt.Sprintf("%q of a resource filter is not known", k))
	}
	out := holds(true)
	if kinds := oneOrMore(r["kinds"]); len(kinds) > 0 {
		out = out.and(holds(slices.ContainsFunc(kinds, func(k string) bool { return ofKind(q, k) })))
	}
	if ops := oneOrMore(r["operations"]); len(ops) > 0 {
		out = out.and(holds(slices.Contains(ops, "CREATE")))
	}
	anyOf := func(patterns []string, s string) truth {
		return holds(slices.ContainsFunc(patterns, func(p string) bool { return Wildcard(p, s) }))
	}
	if n := doc.Text(r, "name"); n != "" {
		out = out.and(anyOf([]string{n}, q.Name))
	}
	if n := oneOrMore(r["names"]); len(n) > 0 {
		out = out.and(anyOf(n, q.Name))
	}
	if n := oneOrMore(r["namespaces"]); len(n) > 0 {
		out = out.and(q.inNamespace(n, anyOf))
	}
	meta := doc.Map(q.Object, "metadata")
	if want := doc.Map(r, "annotations"); len(want) > 0 {
		out = out.and(holds(hasAll(doc.Map(meta, "annotations"), want)))
	}
	if s, ok := r["selector"]; ok && s != nil {
		out = out.and(selects(s, doc.TextMap(meta, "labels"), "selector"))
	}
	if s, ok := r["namespaceSelector"]; ok && s != nil {
		out = out.and(q.namespaceSelected(s))
	}
	return out
}

func (q *Request) isNamespace() bool { return q.Kind == "Namespace" && q.Group == "" }

func (q *Request) inNamespace(patterns []string, anyOf func([]string, string) truth) truth {
	switch {
	case q.isNamespace():
		return anyOf(patterns, q.Name)
	case q.Namespaced && q.Namespace == "":
		if slices.Contains(patterns, "*") {
			return holds(true)
		}
		return unsureOf("objects without a namespace go where they are applied")
	}
	return anyOf(patterns, q.Namespace)
}

func (q *Request) namespaceSelected(selector any) truth {
	switch {
	case q.isNamespace():
		return unsureOf("a namespaceSelector is not defined for namespaces")
	case !q.Namespaced:
		return selects(selector, map[string]string{}, "namespaceSelector")
	case q.NamespaceLabels != nil:
		return selects(selector, q.NamespaceLabels, "namespaceSelector")
	}
	return unsureOf(fmt.Sprintf("cannot tell what its namespaceSelector takes: namespace %q is not declared in the tree", q.Namespace))
}

// hasAll says whether every wanted entry, of which key and value may have
// wildcards, is there.
func hasAll(have, want map[string]any) bool {
	for k, v := range want {
		found := false
		for hk, hv := range have {
			found = found || Wildcard(k, hk) && Wildcard(doc.Text(v), doc.Text(hv))
		}
		if !found {
			return false
		}
	}
	return true
}

// selects evaluates a label selector; keys and values of matchLabels may have
// wildcards.
func selects(v any, have map[string]string, name string) truth {
	m, ok := v.(map[string]any)
	if !ok || unknownKeys(m, []string{"matchLabels", "matchExpressions"}) != "" {
		return unsureOf("its " + name + " cannot be read")
	}
	all := map[string]any{}
	for k, s := range have {
		all[k] = s
	}
	if !hasAll(all, doc.Map(m, "matchLabels")) {
		return holds(false)
	}
	s, err := selector.Parse(map[string]any{"matchExpressions": m["matchExpressions"]})
	if err != nil {
		return unsureOf("its " + name + " cannot be read")
	}
	return holds(s.Matches(labels.Set(have)))
}

var versionForm = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^(?:v\d+(?:(?:alpha|beta)\d+)?|\*)$`) })

// ofKind says whether a kind of a filter takes a request: Kind, Version/Kind,
// Group/Version/Kind, each with /Subresource or .Subresource. Only subresource
// patterns that take none take the object itself.
func ofKind(q *Request, pattern string) bool {
	group, version, kind, sub := parseKind(pattern)
	return Wildcard(group, q.Group) && Wildcard(version, q.Version) && Wildcard(kind, q.Kind) && Wildcard(sub, "")
}

func parseKind(pattern string) (group, version, kind, sub string) {
	parts := strings.Split(pattern, "/")
	last := len(parts) - 1
	if head, tail, ok := strings.Cut(parts[last], "."); ok && tail != "" {
		parts = append(parts[:last:last], head, tail)
	}
	group, version = "*", "*"
	switch {
	case len(parts) >= 2 && versionForm().MatchString(parts[0]) && !(len(parts) >= 3 && versionForm().MatchString(parts[1]) && parts[0] == "*"):
		version, parts = parts[0], parts[1:]
	case len(parts) >= 3 && versionForm().MatchString(parts[1]):
		group, version, parts = parts[0], parts[1], parts[2:]
	}
	kind = parts[0]
	if len(parts) > 1 {
		sub = strings.Join(parts[1:], "/")
	}
	return group, version, kind, sub
}
