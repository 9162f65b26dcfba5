package assess

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"gate/internal/facts"
	"gate/internal/policy"
	"gate/internal/source"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"
	admissionv1 "k8s.io/api/admissionregistration/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// constraintTime is what one evaluation of a constraint may take.
const constraintTime = 5 * time.Second

// constraintTemplate is a ConstraintTemplate of Gatekeeper
// (https://open-policy-agent.github.io/gatekeeper/website/docs/constrainttemplates/).
type constraintTemplate struct {
	Spec struct {
		CRD struct {
			Spec struct {
				Names struct {
					Kind string `json:"kind"`
				} `json:"names"`
			} `json:"spec"`
		} `json:"crd"`
		Targets []struct {
			Target string   `json:"target"`
			Rego   string   `json:"rego"`
			Libs   []string `json:"libs"`
			Code   []struct {
				Engine string `json:"engine"`
				Source struct {
					Version string   `json:"version"`
					Rego    string   `json:"rego"`
					Libs    []string `json:"libs"`
					celSource
				} `json:"source"`
			} `json:"code"`
		} `json:"targets"`
	} `json:"spec"`
}

// celSource is the code of the engine K8sNativeValidation.
type celSource struct {
	Validations     []admissionv1.Validation       `json:"validations"`
	Variables       []admissionv1.Variable         `json:"variables"`
	MatchConditions []admissionv1.MatchCondition   `json:"matchConditions"`
	FailurePolicy   *admissionv1.FailurePolicyType `json:"failurePolicy"`
}

// template is the code of a ConstraintTemplate, compiled when the first object
// needs it.
type template struct {
	s        *Subject
	kind     string
	rego     string
	libs     []string
	version  ast.RegoVersion
	cel      *celSource
	compiled bool
	query    rego.PreparedEvalQuery
	programs *programs
	err      error
}

// constraint is a constraint, made of its template.
type constraint struct {
	s        *Subject
	template *template
	spec     constraintSpec
	params   any
	enforced string
}

// constraintSpec is what all constraints have
// (https://open-policy-agent.github.io/gatekeeper/website/docs/howto/#constraints).
type constraintSpec struct {
	EnforcementAction        string `json:"enforcementAction"`
	ScopedEnforcementActions []struct {
		Action string `json:"action"`
	} `json:"scopedEnforcementActions"`
	Match struct {
		Kinds []struct {
			APIGroups []string `json:"apiGroups"`
			Kinds     []string `json:"kinds"`
		} `json:"kinds"`
		Scope              string                `json:"scope"`
		Namespaces         []string              `json:"namespaces"`
		ExcludedNamespaces []string              `json:"excludedNamespaces"`
		LabelSelector      *metav1.LabelSelector `json:"labelSelector"`
		NamespaceSelector  *metav1.LabelSelector `json:"namespaceSelector"`
		Name               string                `json:"name"`
		Source             string                `json:"source"`
	} `json:"match"`
	Parameters any `json:"parameters"`
}

func (c *constraint) policy() *Subject { return c.s }
func (c *constraint) control() string  { return c.s.Kind + "/" + c.s.Name }

// constraints pairs the constraints with their templates.
func (a *admission) constraints() []judge {
	templates := map[string][]*template{}
	used := map[*template]bool{}
	for i := range a.subjects {
		s := &a.subjects[i]
		if s.Group == "templates.gatekeeper.sh" && s.Kind == "ConstraintTemplate" {
			t, err := templateOf(s)
			if err != nil {
				a.unknown(s, "ConstraintTemplate/"+s.Name, nil, fmt.Sprintf("cannot be read: %v", err))
				continue
			}
			templates[t.kind] = append(templates[t.kind], t)
		}
	}
	var out []judge
	for i := range a.subjects {
		s := &a.subjects[i]
		if s.Group != "constraints.gatekeeper.sh" {
			continue
		}
		var t *template
		for _, x := range templates[s.Kind] {
			if holdsFor(x.s.Scope, s.Scope) || holdsFor(s.Scope, x.s.Scope) {
				t = x
				break
			}
		}
		if t == nil {
			a.entry(s, facts.NotApplicable, "its ConstraintTemplate is not in the tree")
			continue
		}
		used[t] = true
		c, err := constraintOf(s, t)
		if err != nil {
			a.unknown(s, s.Kind+"/"+s.Name, source.Path{"spec"}, fmt.Sprintf("cannot be read: %v", err))
			continue
		}
		out = append(out, c)
	}
	for _, kind := range sortedKeys(templates) {
		for _, t := range templates[kind] {
			if !used[t] {
				a.entry(t.s, facts.NotApplicable, "no constraint of its kind in the tree")
			}
		}
	}
	return out
}

func templateOf(s *Subject) (*template, error) {
	var raw constraintTemplate
	if err := decodeExact(s.Raw, &raw); err != nil {
		return nil, err
	}
	if len(raw.Spec.Targets) != 1 {
		return nil, fmt.Errorf("%d targets, one is expected", len(raw.Spec.Targets))
	}
	target := raw.Spec.Targets[0]
	t := &template{s: s, kind: raw.Spec.CRD.Spec.Names.Kind, rego: target.Rego, libs: target.Libs, version: ast.RegoV0}
	if t.kind == "" {
		return nil, fmt.Errorf("it names no kind")
	}
	for _, c := range target.Code {
		switch c.Engine {
		case "Rego":
			t.rego, t.libs = c.Source.Rego, c.Source.Libs
			if c.Source.Version == "v1" {
				t.version = ast.RegoV1
			}
		case "K8sNativeValidation": // goes before Rego
			code := c.Source.celSource
			t.cel = &code
		}
	}
	if t.rego == "" && t.cel == nil {
		return nil, fmt.Errorf("it has code for no engine that is known here")
	}
	return t, nil
}

func constraintOf(s *Subject, t *template) (*constraint, error) {
	var raw struct {
		Spec constraintSpec `json:"spec"`
	}
	if err := decodeExact(s.Raw, &raw); err != nil {
		return nil, err
	}
	c := &constraint{s: s, template: t, spec: raw.Spec, params: raw.Spec.Parameters}
	if c.params == nil {
		c.params = map[string]any{}
	}
	actions := []string{raw.Spec.EnforcementAction}
	if raw.Spec.EnforcementAction == "scoped" {
		actions = nil
		for _, x := range raw.Spec.ScopedEnforcementActions {
			actions = append(actions, x.Action)
		}
	}
	switch {
	case slices.Contains(actions, "deny"), slices.Contains(actions, ""):
		c.enforced = enforceDeny
	case slices.Contains(actions, "warn"):
		c.enforced = enforceWarn
	default:
		c.enforced = enforceAudit
	}
	return c, nil
}

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

func (c *constraint) judge(ctx context.Context, a *admission, r *request) []objection {
	t := c.template
	t.compile(ctx)
	if t.err != nil {
		return []objection{{unknown: fmt.Sprintf("its template %q cannot be evaluated: %v", t.s.Name, t.err)}}
	}
	form, err := r.form()
	if err != nil {
		return []objection{{path: source.Path{}, enforce: c.enforced, msg: fmt.Sprintf("the object cannot be read: %v", err)}}
	}
	if t.cel != nil {
		out := t.programs.judge(&input{
			ctx: ctx, attr: r.attributes(&unstructured.Unstructured{Object: form}), request: r, form: form, namespace: a.namespaceObject(r),
			params: &unstructured.Unstructured{Object: c.s.Raw}, ignoreErrors: t.cel.FailurePolicy != nil && *t.cel.FailurePolicy == admissionv1.Ignore,
		})
		for i := range out {
			out[i].enforce, out[i].at = c.enforced, nil
		}
		return out
	}
	return c.violations(ctx, r, form)
}

func (c *constraint) violations(ctx context.Context, r *request, form map[string]any) []objection {
	ctx, cancel := context.WithTimeout(ctx, constraintTime)
	defer cancel()
	doc := map[string]any{
		"review": map[string]any{
			"kind":      map[string]any{"group": r.gvk.Group, "version": r.gvk.Version, "kind": r.gvk.Kind},
			"resource":  map[string]any{"group": r.resource.Group, "version": r.resource.Version, "resource": r.resource.Resource},
			"operation": "CREATE", "name": r.name, "namespace": r.namespace, "object": form,
		},
		"parameters": c.params,
	}
	var set rego.ResultSet
	err := guarded(func() (err error) { set, err = c.template.query.Eval(ctx, rego.EvalInput(doc)); return err })
	if err != nil {
		return []objection{{unknown: fmt.Sprintf("its template %q cannot be evaluated: %v", c.template.s.Name, err)}}
	}
	var out []objection
	for _, result := range set {
		for _, e := range result.Expressions {
			list, _ := e.Value.([]any)
			for _, v := range list {
				m, _ := v.(map[string]any)
				msg, _ := m["msg"].(string)
				if msg == "" {
					msg = "is a violation"
				}
				out = append(out, objection{path: source.Path{}, msg: msg, enforce: c.enforced})
			}
		}
	}
	slices.SortFunc(out, func(a, b objection) int { return cmp.Compare(a.msg, b.msg) })
	return out
}

var (
	readsCluster = regexp.MustCompile(`\bdata\s*(\.\s*inventory\b|\[\s*"inventory"\s*\])`)
	readsUser    = regexp.MustCompile(`\breview\s*(\.\s*userInfo\b|\[\s*"userInfo"\s*\])`)
	readsOutside = regexp.MustCompile(`\bexternal_data\s*\(`)
)

func (t *template) compile(ctx context.Context) {
	if t.compiled {
		return
	}
	t.compiled = true
	if t.cel != nil {
		t.programs = compilePrograms(t.cel.spec())
		for _, x := range t.programs.all() {
			if x.err != nil && t.err == nil {
				t.err = x.err
			}
		}
		return
	}
	all := strings.Join(append([]string{t.rego}, t.libs...), "\n")
	switch {
	case readsCluster.MatchString(all):
		t.err = fmt.Errorf("it reads other objects of the cluster (data.inventory)")
		return
	case readsOutside.MatchString(all):
		t.err = fmt.Errorf("it asks a provider of external data")
		return
	case readsUser.MatchString(all):
		t.err = fmt.Errorf("it depends on who asks (review.userInfo)")
		return
	}
	t.err = guarded(func() error {
		module, err := ast.ParseModuleWithOpts("template.rego", t.rego, ast.ParserOptions{RegoVersion: t.version, Capabilities: policy.Capabilities()})
		if err != nil {
			return err
		}
		options := []func(*rego.Rego){
			rego.Query(module.Package.Path.String() + ".violation"), rego.SetRegoVersion(t.version),
			rego.Capabilities(policy.Capabilities()), rego.ParsedModule(module), policy.ParseConfigOption(),
		}
		for i, lib := range t.libs {
			options = append(options, rego.Module(fmt.Sprintf("lib%d.rego", i), lib))
		}
		if t.query, err = rego.New(options...).PrepareForEval(ctx); err != nil {
			return errors.New(strings.TrimPrefix(err.Error(), "bundle activation failed: ")) // there is no bundle
		}
		return nil
	})
}

// spec is the policy that Gatekeeper makes of a template: params and anyObject
// are its own variables, the constraint is the parameter object.
func (c *celSource) spec() admissionv1.ValidatingAdmissionPolicySpec {
	return admissionv1.ValidatingAdmissionPolicySpec{
		ParamKind: &admissionv1.ParamKind{APIVersion: "constraints.gatekeeper.sh/v1beta1", Kind: "Constraint"},
		Variables: append([]admissionv1.Variable{
			{Name: "params", Expression: "!has(params.spec) ? null : !has(params.spec.parameters) ? null : params.spec.parameters"},
			{Name: "anyObject", Expression: "object"},
		}, c.Variables...),
		MatchConditions: c.MatchConditions, Validations: c.Validations,
	}
}
