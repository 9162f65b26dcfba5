package kyverno

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"gate/internal/doc"
	"gate/internal/source"
)

// Policy is a ClusterPolicy, or a Policy, which holds in its namespace.
type Policy struct {
	Name, Namespace string
	// Rules are those of the policy, each followed by the rules that Kyverno
	// generates of it for the controllers of pods.
	Rules []*Rule
	// FirstOnly says that no further rule is evaluated once one applied.
	FirstOnly bool
	// Unknown names a construct of the policy that is not known here; then
	// nothing that it rejects is certain.
	Unknown string

	spec map[string]any
}

var (
	specKeys = []string{
		"rules", "validationFailureAction", "validationFailureActionOverrides", "background", "failurePolicy", "webhookTimeoutSeconds", "admission",
		"applyRules", "mutateExistingOnPolicyUpdate", "generateExistingOnPolicyUpdate", "generateExisting", "schemaValidation", "useServerSideApply", "emitWarning", "webhookConfiguration",
	}
	ruleKeys = []string{
		"name", "match", "exclude", "context", "preconditions", "validate", "mutate", "generate", "verifyImages", "celPreconditions",
		"skipBackgroundRequests", "reportProperties", "imageExtractors",
	}
)

// Parse reads a policy from its manifest. namespaced says that it is a Policy.
func Parse(manifest map[string]any, namespaced bool) (*Policy, error) {
	meta := doc.Map(manifest, "metadata")
	p := &Policy{Name: doc.Text(meta, "name"), spec: doc.Map(manifest, "spec")}
	if namespaced {
		p.Namespace = doc.Text(meta, "namespace")
	}
	if p.spec == nil {
		return nil, errors.New("it has no spec")
	}
	rules, ok := p.spec["rules"].([]any)
	if !ok || len(rules) == 0 {
		return nil, errors.New("it has no rules")
	}
	p.FirstOnly = doc.Text(p.spec, "applyRules") == "One"
	if k := unknownKeys(p.spec, specKeys); k != "" {
		p.Unknown = "spec." + k
	}
	if w := doc.Map(p.spec, "webhookConfiguration"); len(doc.List(w, "matchConditions")) > 0 {
		p.Unknown = "spec.webhookConfiguration.matchConditions"
	}
	var raw []map[string]any
	for i, e := range rules {
		m := doc.Map(e)
		if doc.Text(m, "name") == "" {
			return nil, fmt.Errorf("rule %d has no name", i+1)
		}
		raw = append(raw, m)
	}
	controllers := controllersOf(raw, doc.Map(meta, "annotations"))
	for i, m := range raw {
		r := newRule(m, i)
		if k := unknownKeys(m, ruleKeys); k != "" {
			p.Unknown = fmt.Sprintf("spec.rules[%d].%s", i, k)
		}
		p.Rules = append(p.Rules, r)
		p.Rules = append(p.Rules, generated(r, i, controllers)...)
	}
	return p, nil
}

func newRule(m map[string]any, i int) *Rule {
	r := &Rule{Name: doc.Text(m, "name"), Of: doc.Text(m, "name"), At: source.Path{"spec", "rules", i}, raw: m, validate: doc.Map(m, "validate"), language: newLanguage()}
	for _, k := range []string{"mutate", "generate", "verifyImages"} {
		if !empty(m[k]) {
			r.Other = append(r.Other, k)
		}
	}
	r.Mutates = m["mutate"] != nil && len(doc.List(m, "mutate", "targets")) == 0
	return r
}

// Enforced says whether what a rule rejects in a namespace is kept out, and not
// only reported: the rule's action before the policy's, overrides first.
func (p *Policy) Enforced(r *Rule, q *Request) bool {
	if p.spec["admission"] == false {
		return false
	}
	action := doc.Text(p.spec, "validationFailureAction")
	overrides := doc.List(p.spec, "validationFailureActionOverrides")
	if a := doc.Text(r.validate, "failureAction"); a != "" {
		action, overrides = a, nil
	}
	overrides = slices.Concat(overrides, doc.List(r.validate, "failureActionOverrides"))
	for _, e := range overrides {
		o := doc.Map(e)
		here := slices.ContainsFunc(oneOrMore(o["namespaces"]), func(n string) bool { return Wildcard(n, q.Namespace) })
		if o["namespaceSelector"] != nil {
			t := q.namespaceSelected(o["namespaceSelector"])
			here = (here || len(oneOrMore(o["namespaces"])) == 0) && !t.is(no)
			if t.is(unsure) && !strings.EqualFold(doc.Text(o, "action"), "Enforce") {
				here = false // not known: the stricter action is assumed
			}
		}
		if here {
			action = doc.Text(o, "action")
			break
		}
	}
	return strings.EqualFold(action, "Enforce")
}

var podControllers = []string{"DaemonSet", "Deployment", "Job", "StatefulSet", "ReplicaSet", "ReplicationController", "CronJob"}

// descriptions are the resource descriptions of a match or exclude.
func descriptions(block any) []map[string]any {
	m := doc.Map(block)
	var out []map[string]any
	for _, f := range slices.Concat([]any{m}, doc.List(m, "any"), doc.List(m, "all")) {
		if d := doc.Map(f, "resources"); len(d) > 0 {
			out = append(out, d)
		}
	}
	return out
}

func ofPods(description map[string]any) bool {
	kinds := oneOrMore(description["kinds"])
	return slices.Contains(kinds, "Pod") || slices.Contains(kinds, "v1/Pod")
}

// controllersOf are the kinds for which Kyverno generates rules: none, unless a
// rule is about pods, and if any is about pods and other kinds, or selects by
// what controllers have otherwise (https://kyverno.io/docs/policy-types/cluster-policy/autogen/).
func controllersOf(rules []map[string]any, annotations map[string]any) []string {
	needed := false
	for _, r := range rules {
		if r["generate"] != nil {
			return nil
		}
		if m := doc.Map(r, "mutate"); m["patchesJson6902"] != nil {
			return nil
		}
		for _, k := range []string{"match", "exclude"} {
			for _, d := range descriptions(r[k]) {
				if d["name"] != nil || !empty(d["names"]) || d["selector"] != nil || !empty(d["annotations"]) || ofPods(d) && len(oneOrMore(d["kinds"])) > 1 {
					return nil
				}
				needed = needed || ofPods(d) && k == "match"
			}
		}
	}
	if !needed {
		return nil
	}
	wanted, ok := annotations["pod-policies.kyverno.io/autogen-controllers"].(string)
	if !ok || wanted == "all" {
		return podControllers
	}
	var out []string
	for _, k := range strings.Split(wanted, ",") {
		if k = strings.TrimSpace(k); k != "" && k != "none" {
			out = append(out, k)
		}
	}
	return out
}

// generated are the rules for controllers that Kyverno makes of a rule about
// pods: the pattern is moved under the pod template, and variables of the
// object's spec and metadata with it. Pod Security and CEL are judged on the
// pods that a controller makes.
func generated(r *Rule, i int, controllers []string) []*Rule {
	if r.validate == nil || r.validate["podSecurity"] != nil || r.validate["cel"] != nil || !slices.ContainsFunc(descriptions(r.raw["match"]), ofPods) {
		return nil
	}
	var plain []string
	var out []*Rule
	for _, k := range controllers {
		if k != "CronJob" {
			plain = append(plain, k)
		}
	}
	if len(plain) > 0 {
		if g := moved(r, i, "autogen-"+r.Name, plain, "spec", "template"); g != nil {
			out = append(out, g)
		}
	}
	if slices.Contains(controllers, "CronJob") {
		if g := moved(r, i, "autogen-cronjob-"+r.Name, []string{"CronJob"}, "spec", "jobTemplate", "spec", "template"); g != nil {
			out = append(out, g)
		}
	}
	return out
}

func moved(r *Rule, i int, name string, kinds []string, under ...string) *Rule {
	data, err := json.Marshal(r.raw)
	if err != nil {
		return nil
	}
	prefix := "request.object." + strings.Join(under, ".")
	s := string(data)
	s = strings.NewReplacer("request.object.spec", prefix+".spec", "request.object.metadata", prefix+".metadata").Replace(s)
	var m map[string]any
	if json.Unmarshal([]byte(s), &m) != nil {
		return nil
	}
	m["name"] = name
	for _, k := range []string{"match", "exclude"} {
		for _, d := range descriptions(m[k]) {
			if ofPods(d) {
				var all []any
				for _, k := range kinds {
					all = append(all, k)
				}
				d["kinds"] = all
			}
		}
	}
	v := doc.Map(m, "validate")
	if p, ok := v["pattern"]; ok && p != nil {
		v["pattern"] = wrapped(p, under)
	}
	if l := doc.List(v, "anyPattern"); l != nil {
		for i, p := range l {
			l[i] = wrapped(p, under)
		}
	}
	out := newRule(m, i)
	out.Of = r.Name
	return out
}

func wrapped(p any, under []string) any {
	for _, k := range slices.Backward(under) {
		p = map[string]any{k: p}
	}
	return p
}
