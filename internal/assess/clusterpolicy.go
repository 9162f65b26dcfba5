package assess

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"gate/internal/assess/kyverno"
	"gate/internal/doc"
	"gate/internal/facts"
	"gate/internal/source"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// clusterPolicy is a ClusterPolicy or Policy of kyverno.io.
type clusterPolicy struct {
	s          *Object
	rules      *kyverno.Policy
	exceptions []*policyException
	programs   map[*kyverno.Rule]*programs
	reported   map[string]bool // what a controller was already told
	meter      *meter
}

type policyException struct {
	s     *Object
	rules *kyverno.Exception
	known bool // it has no field that is not known here
}

// mutator is a rule that changes objects before they are judged.
type mutator struct {
	s    *Object
	rule *kyverno.Rule
}

func (c *clusterPolicy) policy() *Object  { return c.s }
func (c *clusterPolicy) control() string  { return c.s.Kind + "/" + c.s.Name }
func (c *clusterPolicy) spending() *meter { return c.meter }

// enforcement is the strictest of the rules that may judge a request.
func (c *clusterPolicy) enforcement(a *admission, r *request) string {
	q, _ := a.kyvernoRequest(r)
	if slices.ContainsFunc(c.rules.Rules, func(x *kyverno.Rule) bool {
		return x.Validates() && x.Matches(q) != kyverno.Skip && c.rules.Enforced(x, q)
	}) {
		return enforceDeny
	}
	return enforceAudit
}

// clusterPolicies collects the policies of kyverno.io with rules that validate.
// What else they do is listed in the ledger.
func (a *admission) clusterPolicies() []judge {
	var out []judge
	for i := range a.subjects {
		s := &a.subjects[i]
		if s.Group != "kyverno.io" || s.Kind != "ClusterPolicy" && s.Kind != "Policy" {
			continue
		}
		p, err := kyverno.Parse(s.Raw, s.Kind == "Policy")
		if err != nil {
			a.unreadable(s, err)
			continue
		}
		var others []string
		validates := false
		for _, r := range p.Rules {
			validates = validates || r.Validates()
			for _, k := range r.Other {
				others = append(others, fmt.Sprintf("%s (%s)", r, k))
			}
			if r.Mutates {
				a.mutators = append(a.mutators, mutator{s, r})
			}
		}
		reason := ""
		if len(others) > 0 {
			reason = "not evaluated: " + strings.Join(others, ", ")
		}
		if !validates {
			a.entry(s, facts.NotApplicable, reason)
			continue
		}
		a.entry(s, facts.Evaluated, reason)
		c := &clusterPolicy{s: s, rules: p, programs: map[*kyverno.Rule]*programs{}, reported: map[string]bool{}, meter: celMeter()}
		c.exceptions = a.policyExceptions(p)
		out = append(out, c)
	}
	return out
}

// policyExceptions are those that name a rule of the policy.
func (a *admission) policyExceptions(p *kyverno.Policy) []*policyException {
	var out []*policyException
	for i := range a.subjects {
		s := &a.subjects[i]
		if s.Group != "kyverno.io" || s.Kind != "PolicyException" {
			continue
		}
		e, known := kyverno.ParseException(s.Raw)
		if !slices.ContainsFunc(p.Rules, func(r *kyverno.Rule) bool { return e.Names(p, r) }) {
			continue
		}
		out = append(out, &policyException{s, e, known})
	}
	return out
}

func (c *clusterPolicy) matches(a *admission, r *request) match {
	if r.gvk.Group == "kyverno.io" || r.gvk.Group == "policies.kyverno.io" || c.rules.Namespace != "" && (!r.namespaced || r.namespace != c.rules.Namespace) {
		return match{}
	}
	q, _ := a.kyvernoRequest(r)
	return match{yes: slices.ContainsFunc(c.rules.Rules, func(x *kyverno.Rule) bool {
		return x.Validates() && x.Matches(q) != kyverno.Skip
	})}
}

// kyvernoRequest is the request as Kyverno sees it.
func (a *admission) kyvernoRequest(r *request) (*kyverno.Request, error) {
	if r.kyverno != nil {
		return r.kyverno, nil
	}
	q := &kyverno.Request{
		Group: r.gvk.Group, Version: r.gvk.Version, Kind: r.gvk.Kind, Name: r.name, Namespace: r.namespace, Namespaced: r.namespaced,
		ConfigMap: func(namespace, name string) map[string]any { return a.configMap(r, namespace, name) },
	}
	form, err := r.form()
	if err != nil {
		return q, err
	}
	q.Object = form
	if meta := doc.Map(form, "metadata"); meta != nil && r.namespaced && r.namespace != "" {
		defaults(meta, map[string]any{"namespace": r.namespace})
	}
	if r.pod {
		q.Name = r.s.Name + "-"
	}
	if n := a.namespaceOf(r); n != nil {
		q.NamespaceLabels = withName(doc.Labels(n.Raw), n.Name)
	}
	r.kyverno = q
	return q, nil
}

func (a *admission) configMap(r *request, namespace, name string) map[string]any {
	if a.configMaps == nil {
		a.configMaps = map[[2]string][]*Object{}
		for i := range a.subjects {
			if s := &a.subjects[i]; s.Kind == "ConfigMap" && s.Group == "" {
				key := [2]string{s.Namespace, s.Name}
				a.configMaps[key] = append(a.configMaps[key], s)
			}
		}
	}
	for _, s := range a.configMaps[[2]string{namespace, name}] {
		if holdsFor(s.Scope, r.s.Scope) {
			return s.Raw
		}
	}
	return nil
}

func (c *clusterPolicy) judge(ctx context.Context, a *admission, r *request) []objection {
	q, err := a.kyvernoRequest(r)
	if err != nil {
		return []objection{{unknown: r.s.titled() + " cannot be read, so that it is not judged", enforce: c.enforcement(a, r)}}
	}
	var out []objection
	for _, rule := range c.rules.Rules {
		if !rule.Validates() {
			continue
		}
		found, applied := c.ask(ctx, a, r, q, rule)
		for _, o := range found {
			o.enforce = enforceAudit
			if c.rules.Enforced(rule, q) {
				o.enforce = enforceDeny
			}
			if o.unknown != "" {
				o.at = rule.At
			} else if why, usual := c.uncertain(a, r, q, rule, o.path); why != "" {
				o = objection{unknown: fmt.Sprintf("%s rejects objects, but %s", rule, why), at: rule.At, enforce: o.enforce, settled: usual}
			}
			key := r.s.ID + "\x00" + rule.Of + "\x00" + join(r.at, o.path...).String()
			if o.unknown == "" && c.reported[key] {
				continue // the controller of the pod has the same finding
			}
			c.reported[key] = c.reported[key] || o.unknown == ""
			out = append(out, o)
		}
		if applied && c.rules.FirstOnly {
			break
		}
	}
	return out
}

// ask evaluates one rule with the exceptions to it.
func (c *clusterPolicy) ask(ctx context.Context, a *admission, r *request, q *kyverno.Request, rule *kyverno.Rule) (found []objection, applied bool) {
	excepted := ""
	defer func() {
		if excepted != "" && len(found) > 0 {
			found = []objection{{unknown: excepted}}
		}
	}()
	var controls []any
	for _, e := range c.exceptions {
		if !holdsFor(e.s.Scope, r.s.Scope) || !e.rules.Names(c.rules, rule) {
			continue
		}
		v := e.rules.Covers(q)
		if !e.known && v.Outcome != kyverno.Skip {
			v = kyverno.Verdict{Outcome: kyverno.Unknown, Reason: "it has a field that is not known"}
		}
		switch {
		case v.Outcome == kyverno.Pass && len(e.rules.Controls()) > 0:
			controls = append(controls, e.rules.Controls()...)
		case v.Outcome == kyverno.Pass:
			return nil, false
		case v.Outcome == kyverno.Unknown:
			a.unknown(e.s, "PolicyException/"+e.s.Name, nil, v.Reason)
			excepted = fmt.Sprintf("%s rejects objects, and whether PolicyException %q excepts them is not known: %s", rule, e.s.Name, v.Reason)
		}
	}
	security, cel := rule.Validation("podSecurity"), rule.Validation("cel")
	if security == nil && cel == nil {
		v := rule.Judge(q)
		switch v.Outcome {
		case kyverno.Unknown:
			found = []objection{{unknown: v.Reason}}
		case kyverno.Fail:
			for _, p := range v.Places {
				found = append(found, objection{path: p, msg: fmt.Sprintf("%s: %s", rule, v.Message)})
			}
		}
		return found, v.Outcome != kyverno.Skip
	}
	applies := rule.Applies(q)
	if applies.Outcome == kyverno.Skip {
		return nil, false
	}
	if security != nil {
		found = r.kyvernoSecurity(rule, security, controls)
	} else {
		found = c.cel(ctx, a, r, rule, cel)
	}
	if applies.Outcome == kyverno.Unknown && len(found) > 0 {
		found = []objection{{unknown: fmt.Sprintf("%s: whether it judges an object that it rejects is not known: %s", rule, applies.Reason)}}
	}
	return found, true
}

func (c *clusterPolicy) cel(ctx context.Context, a *admission, r *request, rule *kyverno.Rule, block map[string]any) []objection {
	p := c.programs[rule]
	if p == nil {
		var spec struct {
			Expressions []admissionv1.Validation `json:"expressions"`
			Variables   []admissionv1.Variable   `json:"variables"`
			ParamKind   *admissionv1.ParamKind   `json:"paramKind"`
		}
		if err := decodeExact(block, &spec); err != nil {
			return []objection{{unknown: fmt.Sprintf("%s: validate.cel cannot be read", rule)}}
		}
		if spec.ParamKind != nil {
			return []objection{{unknown: fmt.Sprintf("%s: params of validate.cel are not evaluated", rule)}}
		}
		p = compilePrograms(admissionv1.ValidatingAdmissionPolicySpec{Validations: spec.Expressions, Variables: spec.Variables, MatchConditions: celPreconditions(rule)}, newestDialect())
		c.programs[rule] = p
	}
	if len(p.faulty()) > 0 {
		return []objection{{unknown: fmt.Sprintf("%s: an expression of validate.cel cannot be compiled here", rule)}}
	}
	form, err := r.form()
	if err != nil {
		return []objection{{unknown: fmt.Sprintf("%s: the object cannot be read", rule)}}
	}
	in := &input{ctx: ctx, attr: r.attributes(&unstructured.Unstructured{Object: form}), request: r, form: form, namespace: a.namespaceObject(r)}
	out := p.judge(in)
	c.meter.used += in.spent
	for i := range out {
		if out[i].unknown == "" {
			out[i].msg = fmt.Sprintf("%s: %s", rule, out[i].msg)
		} else {
			out[i].unknown = fmt.Sprintf("%s: %s", rule, out[i].unknown)
		}
	}
	return out
}

func celPreconditions(rule *kyverno.Rule) []admissionv1.MatchCondition {
	var out struct {
		List []admissionv1.MatchCondition `json:"list"`
	}
	if decodeExact(map[string]any{"list": rule.CELPreconditions()}, &out) != nil || len(out.List) != len(rule.CELPreconditions()) {
		return []admissionv1.MatchCondition{{Name: "unreadable", Expression: "!"}} // does not compile
	}
	return out.List
}

// uncertain says why a rule that rejects an object may not do so in a cluster, and
// whether it does not where Kyverno is as it is installed.
func (c *clusterPolicy) uncertain(a *admission, r *request, q *kyverno.Request, rule *kyverno.Rule, path source.Path) (why string, usual bool) {
	if c.rules.Unknown != "" {
		return fmt.Sprintf("%s is not known", c.rules.Unknown), false
	}
	if slices.Contains([]string{"kube-system", "kube-public", "kube-node-lease", "kyverno"}, r.namespace) {
		return fmt.Sprintf("Kyverno leaves namespace %q out as it is installed", r.namespace), true
	}
	if len(a.mutators) == 0 {
		return "", false
	}
	inner := path
	for _, at := range r.s.PodTemplates {
		if !r.pod && len(at) > 0 && len(path) > len(at) && slices.Equal(path[:len(at)], at) {
			inner = path[len(at):]
		}
	}
	for _, x := range a.bySubject[r.s] {
		if x.pod && len(inner) == len(path) && !r.pod {
			continue
		}
		q, err := a.kyvernoRequest(x)
		if err != nil {
			continue
		}
		p := path
		if x.pod {
			p = inner
		}
		for _, m := range a.mutators {
			if holdsFor(m.s.Scope, r.s.Scope) && m.rule.MayChange(q, p) {
				return fmt.Sprintf("%s of %s may change them first", m.rule, m.s.titled()), false
			}
		}
	}
	return "", false
}
