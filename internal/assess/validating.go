package assess

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"gate/internal/doc"
	"gate/internal/facts"
	"gate/internal/render"
	"gate/internal/source"

	celtypes "github.com/google/cel-go/common/types"
	admissionv1 "k8s.io/api/admissionregistration/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	apiadmission "k8s.io/apiserver/pkg/admission"
	"k8s.io/apiserver/pkg/admission/plugin/webhook/predicates/rules"
	"k8s.io/apiserver/pkg/authentication/user"
)

// validating is a ValidatingAdmissionPolicy as one binding enforces it
// (https://kubernetes.io/docs/reference/access-authn-authz/validating-admission-policy/).
type validating struct {
	*validatingPolicy
	binding  *Object
	spec     admissionv1.ValidatingAdmissionPolicyBindingSpec
	enforced string
}

// validatingPolicy is a policy, compiled when the first object needs it.
type validatingPolicy struct {
	s        *Object
	rules    admissionv1.ValidatingAdmissionPolicySpec
	programs map[dialect]*programs
	meter    *meter
}

// compiled are the programs of the policy in the CEL of a cluster, and whether they
// are asked for the first time.
func (p *validatingPolicy) compiled(d dialect) (out *programs, first bool) {
	if p.programs[d] != nil {
		return p.programs[d], false
	}
	if p.programs == nil {
		p.programs = map[dialect]*programs{}
	}
	p.programs[d] = compilePrograms(p.rules, d)
	return p.programs[d], true
}

func (v *validating) policy() *Object { return v.s }
func (v *validating) control() string { return "ValidatingAdmissionPolicy/" + v.s.Name }

// validatingPolicies pairs the policies with their bindings. v1, v1beta1 and
// v1alpha1 have the same fields.
func (a *admission) validatingPolicies() []judge {
	var policies, bindings []*Object
	for i := range a.subjects {
		s := &a.subjects[i]
		if s.Group != "admissionregistration.k8s.io" {
			continue
		}
		switch s.Kind {
		case "ValidatingAdmissionPolicy":
			policies = append(policies, s)
		case "ValidatingAdmissionPolicyBinding":
			bindings = append(bindings, s)
		}
	}
	bound := a.bindings(bindings)
	var out []judge
	for _, s := range policies {
		var p admissionv1.ValidatingAdmissionPolicy
		if err := decodeExact(s.Raw, &p); err != nil {
			a.unreadable(s, err)
			continue
		}
		shared := &validatingPolicy{s: s, rules: p.Spec, meter: celMeter()}
		var bindingsOf []judge
		for _, b := range bound {
			if b.spec.PolicyName == s.Name && (holdsFor(s.Scope, b.binding.Scope) || holdsFor(b.binding.Scope, s.Scope)) {
				b.validatingPolicy = shared
				bindingsOf = append(bindingsOf, b)
			}
		}
		switch {
		case len(bindingsOf) == 0:
			a.entry(s, facts.NotApplicable, "no binding in the tree")
		case !shared.onCreate():
			a.entry(s, facts.NotApplicable, "judges only updates, deletions or connections, which the tree does not show")
		default:
			out = append(out, bindingsOf...)
		}
	}
	for _, b := range bound {
		if b.validatingPolicy == nil {
			a.unbound(b)
		}
	}
	return out
}

// bindings are those that can be read, without their policies.
func (a *admission) bindings(list []*Object) []*validating {
	var out []*validating
	for _, b := range list {
		var x admissionv1.ValidatingAdmissionPolicyBinding
		if err := decodeExact(b.Raw, &x); err != nil {
			a.unreadable(b, err)
			continue
		}
		out = append(out, &validating{binding: b, spec: x.Spec, enforced: enforcement(x.Spec.ValidationActions)})
	}
	return out
}

// unbound is a binding whose policy is elsewhere, and cannot be asked: an input
// that production must not lack, where the policy would reject.
func (a *admission) unbound(b *validating) {
	const why = "its policy is not in the tree"
	e := a.entry(b.binding, facts.NotApplicable, why)
	if b.enforced == enforceDeny && (a.options.Stops == nil || a.options.Stops(b.binding.Scope)) {
		e.State, e.Hint, e.Existing = facts.Skipped, fmt.Sprintf("add policy %q to the tree, or exclude the binding's file", b.spec.PolicyName), untouched(b.binding)
	}
}

// enforcement is the strictest of the actions of a binding.
func enforcement(actions []admissionv1.ValidationAction) string {
	switch {
	case slices.Contains(actions, admissionv1.Deny):
		return enforceDeny
	case slices.Contains(actions, admissionv1.Warn):
		return enforceWarn
	}
	return enforceAudit
}

// onCreate says whether any rule of the policy is about what is created.
func (p *validatingPolicy) onCreate() bool {
	c := p.rules.MatchConstraints
	if c == nil {
		return false
	}
	return len(c.ResourceRules) == 0 || slices.ContainsFunc(c.ResourceRules, func(r admissionv1.NamedRuleWithOperations) bool {
		return slices.Contains(r.Operations, admissionv1.Create) || slices.Contains(r.Operations, admissionv1.OperationAll)
	})
}

// attributes are those of a request to create the object.
func (r *request) attributes(object runtime.Object) *apiadmission.VersionedAttributes {
	namespace := r.namespace
	if r.namespaced && namespace == "" {
		namespace = metav1.NamespaceDefault
	}
	record := apiadmission.NewAttributesRecord(object, nil, r.gvk, namespace, r.name, r.resource, "", apiadmission.Create, &metav1.CreateOptions{}, false, &user.DefaultInfo{})
	out := &apiadmission.VersionedAttributes{Attributes: record, VersionedKind: r.gvk}
	if object != nil {
		out.VersionedObject.Set(object)
	}
	return out
}

func (v *validating) matches(a *admission, r *request) match {
	if !holdsFor(v.binding.Scope, r.s.Scope) || ownResource(r) {
		return match{}
	}
	attr := r.attributes(nil)
	if !constrained(v.rules.MatchConstraints, attr) || v.spec.MatchResources != nil && !constrained(v.spec.MatchResources, attr) {
		return match{}
	}
	for _, c := range []struct {
		m  *admissionv1.MatchResources
		at string
	}{{v.rules.MatchConstraints, "matchConstraints"}, {v.spec.MatchResources, "matchResources"}} {
		if c.m == nil {
			continue
		}
		for _, m := range []match{
			selectsObject(c.m.ObjectSelector, r, source.Path{"spec", c.at, "objectSelector"}),
			a.selects(c.m.NamespaceSelector, r, source.Path{"spec", c.at, "namespaceSelector"}),
		} {
			if m.unknown != "" && c.at == "matchResources" {
				m.path = nil // it stands in the binding
				m.unknown = fmt.Sprintf("binding %q: %s", v.binding.Name, m.unknown)
			}
			if m.unknown != "" || !m.yes {
				return m
			}
		}
	}
	return match{yes: true}
}

// ownResource says that the API server exempts the object, so that a policy
// cannot lock itself in.
func ownResource(r *request) bool {
	return r.gvk.Group == "admissionregistration.k8s.io" &&
		(strings.HasSuffix(r.gvk.Kind, "AdmissionPolicy") || strings.HasSuffix(r.gvk.Kind, "AdmissionPolicyBinding"))
}

// constrained says whether the resource rules take a request. With the match
// policy Equivalent, the default, another version of the resource counts.
func constrained(c *admissionv1.MatchResources, attr apiadmission.Attributes) bool {
	if c == nil {
		return false
	}
	equivalent := c.MatchPolicy == nil || *c.MatchPolicy == admissionv1.Equivalent
	takes := func(list []admissionv1.NamedRuleWithOperations) bool {
		return slices.ContainsFunc(list, func(n admissionv1.NamedRuleWithOperations) bool {
			rule := n.RuleWithOperations
			if equivalent {
				rule.APIVersions = []string{"*"}
			}
			if rule.Scope == nil {
				all := admissionv1.AllScopes
				rule.Scope = &all
			}
			m := rules.Matcher{Rule: rule, Attr: attr}
			return m.Matches() && (len(n.ResourceNames) == 0 || slices.Contains(n.ResourceNames, attr.GetName()))
		})
	}
	if takes(c.ExcludeResourceRules) {
		return false
	}
	return len(c.ResourceRules) == 0 || takes(c.ResourceRules)
}

func (v *validating) enforcement(*admission, *request) string { return v.enforced }
func (v *validating) spending() *meter                        { return v.meter }

func (v *validating) judge(ctx context.Context, a *admission, r *request) []objection {
	d := dialectOf(r.s)
	programs, first := v.compiled(d)
	if first {
		a.refused(v.validatingPolicy, v.control(), d)
	}
	form, err := r.form()
	if err != nil {
		return []objection{{path: source.Path{}, enforce: v.enforced, msg: fmt.Sprintf("the object cannot be read: %v", err)}}
	}
	in := &input{
		ctx: ctx, attr: r.attributes(&unstructured.Unstructured{Object: form}), request: r, form: form,
		namespace: a.namespaceObject(r), ignoreErrors: v.rules.FailurePolicy != nil && *v.rules.FailurePolicy == admissionv1.Ignore,
	}
	params, missing := v.paramsFor(a, r)
	if missing != "" {
		return []objection{{unknown: missing, at: source.Path{"spec", "paramKind"}, enforce: v.enforced, hint: "add its params to the tree"}}
	}
	var out []objection
	for _, p := range params {
		in.params = nil
		if p != nil {
			in.params = &unstructured.Unstructured{Object: p.Raw}
		}
		found := programs.judge(in)
		if p != nil && p.Group == "" && p.Kind == "Secret" {
			for i := range found { // the message may be made of the value
				found[i].msg = "is rejected"
			}
		}
		out = append(out, found...)
	}
	v.meter.used += in.spent
	for i := range out {
		out[i].enforce = v.enforced
	}
	return out
}

// refused says of which expressions the API server does not take a policy. Where
// nobody tells which release the cluster is, it says what only the newest know.
func (a *admission) refused(p *validatingPolicy, control string, d dialect) {
	faults := p.programs[d].refused()
	for _, x := range faults {
		a.broken(p.s, control, x.path, fmt.Sprintf("the expression does not compile%s: %v", d.named(), x.err))
	}
	usual := dialect{parseVersion(render.DefaultKubeVersion)}
	if d == newestDialect() && len(faults) == 0 && len(compilePrograms(p.rules, usual).refused()) > 0 {
		a.entry(p.s, facts.Evaluated, "").Reason = fmt.Sprintf("it needs a newer Kubernetes than %s; no kubeVersion is configured, and the newest is taken", usual.of)
	}
}

// paramsFor returns the parameter objects of the tree, or why they are not
// known. A policy without parameters has one that is nil.
func (v *validating) paramsFor(a *admission, r *request) ([]*Object, string) {
	kind, ref := v.rules.ParamKind, v.spec.ParamRef
	if kind == nil || ref == nil {
		return []*Object{nil}, ""
	}
	var selector labels.Selector
	if ref.Selector != nil {
		s, err := metav1.LabelSelectorAsSelector(ref.Selector)
		if err != nil {
			return nil, fmt.Sprintf("binding %q: the selector of its params cannot be read: %v", v.binding.Name, err)
		}
		selector = s
	}
	namespace := ref.Namespace
	if namespace == "" {
		namespace = r.namespace
	}
	var out []*Object
	for i := range a.subjects {
		s := &a.subjects[i]
		if s.APIVersion != kind.APIVersion || s.Kind != kind.Kind || !holdsFor(s.Scope, r.s.Scope) || s.Namespace != "" && s.Namespace != namespace {
			continue
		}
		if ref.Name != "" && s.Name == ref.Name || selector != nil && selector.Matches(labels.Set(doc.Labels(s.Raw))) {
			out = append(out, s)
		}
	}
	if len(out) == 0 {
		return nil, fmt.Sprintf("binding %q: its params (%s) are not in the tree", v.binding.Name, describe(kind, ref))
	}
	return out, ""
}

func describe(kind *admissionv1.ParamKind, ref *admissionv1.ParamRef) string {
	if ref.Name != "" {
		return fmt.Sprintf("%s %q", kind.Kind, ref.Name)
	}
	return kind.Kind + " by selector"
}

// resultTrue says whether a condition holds.
func resultTrue(v any) bool { return v == celtypes.True }
