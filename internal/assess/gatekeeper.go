package assess

import (
	"fmt"
	"maps"
	"slices"

	"gate/internal/facts"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"
	admissionv1 "k8s.io/api/admissionregistration/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

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
	s        *Object
	kind     string
	rego     string
	libs     []string
	version  ast.RegoVersion
	cel      *celSource
	compiled bool
	reads    regoReading
	query    rego.PreparedEvalQuery
	programs *programs
	err      error
}

// constraint is a constraint, made of its template.
type constraint struct {
	s        *Object
	template *template // nil: it is not in the tree
	spec     constraintSpec
	params   any
	enforced string
	meter    *meter
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

func (c *constraint) policy() *Object { return c.s }
func (c *constraint) control() string { return c.s.Kind + "/" + c.s.Name }

func (c *constraint) enforcement(*admission, *request) string { return c.enforced }
func (c *constraint) spending() *meter                        { return c.meter }

// constraints pairs the constraints with their templates.
func (a *admission) constraints() []judge {
	templates := map[string][]*template{}
	used := map[*template]bool{}
	for i := range a.subjects {
		s := &a.subjects[i]
		if s.Group == "templates.gatekeeper.sh" && s.Kind == "ConstraintTemplate" {
			t, err := templateOf(s)
			if err != nil {
				a.unreadable(s, err)
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
		used[t] = true
		c, err := constraintOf(s, t)
		if err != nil {
			a.unreadable(s, err)
			continue
		}
		out = append(out, c)
	}
	for _, kind := range slices.Sorted(maps.Keys(templates)) {
		for _, t := range templates[kind] {
			if !used[t] {
				a.entry(t.s, facts.NotApplicable, "no constraint of its kind in the tree")
			}
		}
	}
	return out
}

func templateOf(s *Object) (*template, error) {
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

func constraintOf(s *Object, t *template) (*constraint, error) {
	var raw struct {
		Spec constraintSpec `json:"spec"`
	}
	if err := decodeExact(s.Raw, &raw); err != nil {
		return nil, err
	}
	c := &constraint{s: s, template: t, spec: raw.Spec, params: raw.Spec.Parameters, meter: regoMeter()}
	if t != nil && t.cel != nil {
		c.meter = celMeter()
	}
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
