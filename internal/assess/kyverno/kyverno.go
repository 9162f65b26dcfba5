// Package kyverno evaluates the validate rules of Kyverno's ClusterPolicy and
// Policy (kyverno.io) on an object that is created, by the semantics that
// https://kyverno.io/docs/policy-types/cluster-policy/ describes, without a
// cluster.
//
// Answers have three values. What only a cluster knows (who asks, labels of a
// namespace that nobody declares, an API call), and every construct that is not
// known here, makes the verdict Unknown with a reason; it never passes.
package kyverno

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"gate/internal/doc"
	"gate/internal/source"
)

// Outcome is what a rule says about a request.
type Outcome string

// Outcomes of a rule. Skip means that it has nothing to say: the object is not
// matched, is excluded, or a precondition or an anchor takes it out.
const (
	Pass    Outcome = "pass"
	Fail    Outcome = "fail"
	Skip    Outcome = "skip"
	Unknown Outcome = "unknown"
)

// Verdict is the outcome of one rule with its places: the fields of the object
// that break the rule, or why it is not known whether one does.
type Verdict struct {
	Outcome Outcome
	Places  []source.Path // of Fail; never empty then
	Message string        // of Fail, with its variables replaced
	Reason  string        // of Unknown
}

// Request is an object that is created.
type Request struct {
	Group, Version, Kind string
	// Name is the name, or the prefix from which one is generated.
	Name string
	// Namespace is empty for an object of the cluster, and where it is not
	// known to which one an object goes.
	Namespace  string
	Namespaced bool
	// Object is the manifest after the defaults of the API, as JSON decodes it.
	Object map[string]any
	// NamespaceLabels are those of the namespace; nil: they are not known.
	NamespaceLabels map[string]string
	// ConfigMap returns a ConfigMap of the tree, nil if there is none.
	ConfigMap func(namespace, name string) map[string]any
}

// Rule is one rule of a policy. It keeps the expressions that it compiled, so
// it is for one goroutine at a time.
type Rule struct {
	// Name as the policy has it; Autogen rules begin with "autogen-".
	Name string
	// Of is the name of the rule that an autogen rule was made of, else Name.
	Of string
	// At is the rule's path in the policy.
	At source.Path
	// Mutates says that the rule changes objects before others judge them.
	Mutates bool
	// Other names what the rule does beside validating: mutate, generate,
	// verifyImages. It is not evaluated.
	Other []string

	raw      map[string]any
	validate map[string]any
	language *language
}

// context is the evaluation of a rule on a request.
func (r *Rule) context(q *Request) *evaluation {
	c := newContext(q, r.raw["context"])
	c.language = r.language
	return c
}

// Validates says whether the rule has a validate block.
func (r *Rule) Validates() bool { return r.validate != nil }

// Validation returns the block of validate with the given key, such as
// podSecurity or cel, nil if it has none. The caller judges these two.
func (r *Rule) Validation(key string) map[string]any {
	m, _ := r.validate[key].(map[string]any)
	return m
}

// CELPreconditions are those of a rule that validates by CEL.
func (r *Rule) CELPreconditions() []any { return doc.List(r.raw, "celPreconditions") }

// Message is the message of the rule as it is written.
func (r *Rule) Message() string { return doc.Text(r.validate, "message") }

// Applies says whether the rule judges a request: it is matched, not excluded
// and its preconditions hold. Skip means no, Unknown has a reason.
func (r *Rule) Applies(q *Request) (v Verdict) {
	defer contain(&v)
	m := selected(q, r.raw["match"], r.raw["exclude"])
	if m.is(no) {
		return Verdict{Outcome: Skip}
	}
	c := r.context(q)
	m = m.and(c.conditions(r.raw["preconditions"]))
	switch {
	case m.is(no):
		return Verdict{Outcome: Skip}
	case m.is(unsure):
		return Verdict{Outcome: Unknown, Reason: m.why}
	}
	return Verdict{Outcome: Pass}
}

// Matches says whether match and exclude take a request.
func (r *Rule) Matches(q *Request) Outcome {
	switch m := selected(q, r.raw["match"], r.raw["exclude"]); {
	case m.is(no):
		return Skip
	case m.is(unsure):
		return Unknown
	}
	return Pass
}

// Judge evaluates a rule that has a pattern, anyPattern, deny or foreach on a
// request. A rule that would fail, but of which it is not known whether it
// applies, is Unknown.
func (r *Rule) Judge(q *Request) (v Verdict) {
	defer contain(&v)
	applies := selected(q, r.raw["match"], r.raw["exclude"])
	if applies.is(no) {
		return Verdict{Outcome: Skip}
	}
	c := r.context(q)
	if applies = applies.and(c.conditions(r.raw["preconditions"])); applies.is(no) {
		return Verdict{Outcome: Skip}
	}
	if why := r.strange(); why != "" {
		return unknown(fmt.Sprintf("rule %q: %s", r.Of, why))
	}
	v = c.body(r.validate, body{object: q.Object, scope: source.Path{}})
	switch {
	case v.Outcome == Fail && applies.is(unsure):
		return unknown(fmt.Sprintf("rule %q rejects objects, and whether it judges them is not known: %s", r.Of, applies.why))
	case v.Outcome == Unknown:
		v.Reason = fmt.Sprintf("rule %q: %s", r.Of, v.Reason)
	case v.Outcome == Fail:
		if v.Message = c.message(r.Message()); v.Message == "" {
			v.Message = "is not met"
		}
		v.Places = distinct(v.Places)
	}
	return v
}

// strange names what of a validate block is not known here.
func (r *Rule) strange() string {
	for _, k := range []string{"manifests", "assert"} {
		if r.validate[k] != nil {
			return fmt.Sprintf("validate.%s is not evaluated", k)
		}
	}
	if k := unknownKeys(r.validate, validateKeys); k != "" {
		return fmt.Sprintf("validate.%s is not known", k)
	}
	if uses(r.validate, "$(") {
		return "references with $( ) are not evaluated"
	}
	return ""
}

// contain turns a panic of a library on hostile input into a verdict.
func contain(v *Verdict) {
	if p := recover(); p != nil {
		*v = unknown("the rule cannot be evaluated")
	}
}

func unknown(why string) Verdict { return Verdict{Outcome: Unknown, Reason: why} }

func distinct(list []source.Path) []source.Path {
	slices.SortFunc(list, func(a, b source.Path) int { return cmp.Compare(a.String(), b.String()) })
	return slices.CompactFunc(list, func(a, b source.Path) bool { return a.String() == b.String() })
}

// oneOrMore returns the texts of a list, or the one text that stands in its
// place.
func oneOrMore(v any) []string {
	if s, ok := v.(string); ok {
		return []string{s}
	}
	return doc.Texts(v)
}

// unknownKeys returns the first key that is not known, "" if there is none.
func unknownKeys(m map[string]any, known []string) string {
	for _, k := range slices.Sorted(maps.Keys(m)) {
		if !slices.Contains(known, k) {
			return k
		}
	}
	return ""
}

// uses says whether any text within a value, keys included, holds a word.
func uses(v any, word string) bool {
	return anyText(v, func(s string) bool { return strings.Contains(s, word) })
}

// anyText says whether the test holds for any text within a value, keys
// included.
func anyText(v any, test func(string) bool) bool {
	return doc.Any(v, func(v any) bool {
		switch v := v.(type) {
		case string:
			return test(v)
		case map[string]any:
			return slices.ContainsFunc(slices.Collect(maps.Keys(v)), test)
		}
		return false
	})
}

// join returns a path of its own that continues p.
func join(p source.Path, more ...any) source.Path {
	return append(append(make(source.Path, 0, len(p)+len(more)), p...), more...)
}
