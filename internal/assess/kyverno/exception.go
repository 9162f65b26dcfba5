package kyverno

import (
	"fmt"
	"slices"
	"strings"

	"gate/internal/doc"
)

// Exception is a PolicyException of kyverno.io
// (https://kyverno.io/docs/exceptions/).
type Exception struct {
	refs     []any
	spec     map[string]any
	language *language
}

// ParseException reads an exception from its manifest; false if it has a field
// that is not known here, since then it is not known what it excepts.
func ParseException(manifest map[string]any) (*Exception, bool) {
	spec := doc.Map(manifest, "spec")
	known := unknownKeys(spec, []string{"exceptions", "match", "conditions", "podSecurity", "background"}) == ""
	return &Exception{refs: doc.List(spec, "exceptions"), spec: spec, language: newLanguage()}, known
}

// Names says whether the exception names a rule of a policy.
func (e *Exception) Names(p *Policy, r *Rule) bool {
	return slices.ContainsFunc(e.refs, func(x any) bool {
		ref := doc.Map(x)
		policy := p.Name
		if p.Namespace != "" {
			policy = p.Namespace + "/" + p.Name
		}
		return doc.Text(ref, "policyName") == policy &&
			slices.ContainsFunc(oneOrMore(ref["ruleNames"]), func(n string) bool { return Wildcard(n, r.Name) })
	})
}

// Covers says whether the exception holds for a request, for a rule that it
// names: Pass if it does.
func (e *Exception) Covers(q *Request) (v Verdict) {
	defer contain(&v)
	t := selected(q, e.spec["match"], nil)
	if !t.is(no) {
		c := newContext(q, nil)
		c.language = e.language
		t = t.and(c.conditions(e.spec["conditions"]))
	}
	switch {
	case t.is(no):
		return Verdict{Outcome: Skip}
	case t.is(unsure):
		return Verdict{Outcome: Unknown, Reason: t.why}
	}
	return Verdict{Outcome: Pass}
}

// Controls are the controls of Pod Security that the exception takes out; if
// there are any, the rest of the rule holds.
func (e *Exception) Controls() []any { return doc.List(e.spec, "podSecurity") }

// MayChange says whether a mutate rule may change a field before a rule judges
// it. path is that of the field with the way to a pod template left out.
func (r *Rule) MayChange(q *Request, path []any) (may bool) {
	defer func() {
		if recover() != nil {
			may = true
		}
	}()
	if !r.Mutates || r.Applies(q).Outcome == Skip {
		return false
	}
	m := doc.Map(r.raw, "mutate")
	patch, ok := m["patchStrategicMerge"].(map[string]any)
	if !ok {
		return true
	}
	var keys []string
	for _, e := range path {
		if k, ok := e.(string); ok {
			keys = append(keys, k)
		}
	}
	return touches(patch, keys)
}

// touches says whether a patch sets a field at or under the path, or the path
// leads into what it sets.
func touches(patch any, path []string) bool {
	if l, ok := patch.([]any); ok {
		return slices.ContainsFunc(l, func(e any) bool { return touches(e, path) })
	}
	m, ok := patch.(map[string]any)
	if !ok || len(path) == 0 {
		return true
	}
	for k, v := range m {
		kind, name := anchor(k)
		if kind == "(" || kind == "<" || strings.HasPrefix(name, "$") { // a condition, a directive
			continue
		}
		if name == path[0] && touches(v, path[1:]) {
			return true
		}
	}
	return false
}

// String names a rule in messages.
func (r *Rule) String() string { return fmt.Sprintf("rule %q", r.Of) }
