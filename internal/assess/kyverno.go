package assess

import (
	"context"
	"fmt"
	"strings"

	"gate/internal/facts"
	"gate/internal/source"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	celconfig "k8s.io/apiserver/pkg/apis/cel"
)

// kyvernoPolicy is a ValidatingPolicy of Kyverno, which has the fields of a
// ValidatingAdmissionPolicy and binds itself
// (https://kyverno.io/docs/policy-types/validating-policy/).
type kyvernoPolicy struct {
	validatingPolicy
	enforced   string
	namespace  string // of a NamespacedValidatingPolicy
	exceptions []*kyvernoException
}

// kyvernoException is a PolicyException that names a policy; without
// conditions it holds for every object.
type kyvernoException struct {
	s        *Object
	programs *programs
}

type kyvernoSpec struct {
	admissionv1.ValidatingAdmissionPolicySpec
	ValidationActions []admissionv1.ValidationAction `json:"validationActions"`
	Evaluation        *struct {
		Mode      string `json:"mode"`
		Admission *struct {
			Enabled *bool `json:"enabled"`
		} `json:"admission"`
	} `json:"evaluation"`
}

func (k *kyvernoPolicy) policy() *Object { return k.s }
func (k *kyvernoPolicy) control() string { return k.s.Kind + "/" + k.s.Name }

func (k *kyvernoPolicy) enforcement(*admission, *request) string { return k.enforced }
func (k *kyvernoPolicy) spending() *meter                        { return k.meter }

// kyvernoPolicies collects the policies of policies.kyverno.io that are written
// in CEL. Those of kyverno.io and of other kinds are listed by others.
func (a *admission) kyvernoPolicies() []judge {
	var out []judge
	for i := range a.subjects {
		s := &a.subjects[i]
		if s.Group != "policies.kyverno.io" || s.Kind != "ValidatingPolicy" && s.Kind != "NamespacedValidatingPolicy" {
			continue
		}
		var raw struct {
			Spec kyvernoSpec `json:"spec"`
		}
		if err := decodeExact(s.Raw, &raw); err != nil {
			a.unreadable(s, err)
			continue
		}
		k := &kyvernoPolicy{validatingPolicy: validatingPolicy{s: s, rules: raw.Spec.ValidatingAdmissionPolicySpec, meter: celMeter()}, enforced: enforcement(raw.Spec.ValidationActions)}
		if s.Kind == "NamespacedValidatingPolicy" {
			k.namespace = s.Namespace
		}
		k.rules.ParamKind, k.rules.AuditAnnotations = nil, nil
		if e := raw.Spec.Evaluation; e != nil {
			if e.Mode == "JSON" {
				a.entry(s, facts.NotApplicable, "judges JSON, not objects")
				continue
			}
			if e.Admission != nil && e.Admission.Enabled != nil && !*e.Admission.Enabled {
				k.enforced = enforceAudit
			}
		}
		if !k.onCreate() {
			a.entry(s, facts.NotApplicable, "judges only updates, deletions or connections, which the tree does not show")
			continue
		}
		k.exceptions = a.exceptionsFor(s)
		out = append(out, k)
	}
	return out
}

func (a *admission) exceptionsFor(policy *Object) []*kyvernoException {
	var out []*kyvernoException
	for i := range a.subjects {
		s := &a.subjects[i]
		if s.Group != "policies.kyverno.io" || s.Kind != "PolicyException" {
			continue
		}
		var raw struct {
			Spec struct {
				PolicyRefs []struct {
					Name string `json:"name"`
					Kind string `json:"kind"`
				} `json:"policyRefs"`
				MatchConditions []admissionv1.MatchCondition `json:"matchConditions"`
			} `json:"spec"`
		}
		if err := decodeExact(s.Raw, &raw); err != nil {
			a.unreadable(s, err) // excepts nothing
			continue
		}
		for _, ref := range raw.Spec.PolicyRefs {
			if ref.Name == policy.Name && (ref.Kind == "" || ref.Kind == policy.Kind) {
				out = append(out, &kyvernoException{s: s, programs: compilePrograms(admissionv1.ValidatingAdmissionPolicySpec{MatchConditions: raw.Spec.MatchConditions}, newestDialect())})
				break
			}
		}
	}
	return out
}

func (k *kyvernoPolicy) matches(a *admission, r *request) match {
	if r.gvk.Group == "policies.kyverno.io" || r.gvk.Group == "kyverno.io" || k.namespace != "" && r.namespace != k.namespace {
		return match{}
	}
	c := k.rules.MatchConstraints
	if !constrained(c, r.attributes(nil)) {
		return match{}
	}
	if m := selectsObject(c.ObjectSelector, r, source.Path{"spec", "matchConstraints", "objectSelector"}); m.unknown != "" || !m.yes {
		return m
	}
	return a.selects(c.NamespaceSelector, r, source.Path{"spec", "matchConstraints", "namespaceSelector"})
}

func (k *kyvernoPolicy) judge(ctx context.Context, a *admission, r *request) []objection {
	programs, first := k.compiled(newestDialect())
	if first { // Kyverno has functions that the API server lacks
		for _, x := range programs.faulty() {
			why, _, _ := strings.Cut(x.err.Error(), "\n")
			a.unknown(k.s, k.control(), x.path, "the expression cannot be evaluated here: "+why)
		}
	}
	form, err := r.form()
	if err != nil {
		return []objection{{path: source.Path{}, enforce: k.enforced, msg: fmt.Sprintf("the object cannot be read: %v", err)}}
	}
	in := &input{
		ctx: ctx, attr: r.attributes(&unstructured.Unstructured{Object: form}), request: r, form: form,
		namespace: a.namespaceObject(r), ignoreErrors: k.rules.FailurePolicy != nil && *k.rules.FailurePolicy == admissionv1.Ignore,
	}
	defer func() { k.meter.used += in.spent }()
	out := programs.judge(in)
	for i := range out {
		out[i].enforce = k.enforced
	}
	if len(out) == 0 {
		return nil
	}
	for _, e := range k.exceptions {
		if !holdsFor(e.s.Scope, r.s.Scope) {
			continue
		}
		switch excepts, why := e.programs.conditionsHold(in); {
		case why != "":
			why = fmt.Sprintf("whether PolicyException %q excepts an object that it rejects is not known: %s", e.s.Name, why)
			return []objection{{unknown: why, enforce: k.enforced}}
		case excepts:
			return nil
		}
	}
	return out
}

// conditionsHold says whether all conditions hold, or why that is not known.
func (p *programs) conditionsHold(in *input) (hold bool, unknown string) {
	in.left = celconfig.RuntimeCELCostBudgetMatchConditions
	for _, c := range p.conditions {
		if why, _ := c.unknown(in); why != "" {
			unknown = why
			continue
		}
		if ok, err := c.holds(in); err != nil || !ok {
			return false, ""
		}
	}
	return unknown == "", unknown
}
