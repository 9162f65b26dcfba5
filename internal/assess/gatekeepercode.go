package assess

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"gate/internal/doc"
	"gate/internal/policy"
	"gate/internal/source"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"
	admissionv1 "k8s.io/api/admissionregistration/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// constraintTime is what one evaluation of a constraint may take.
const constraintTime = 5 * time.Second

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
	input := map[string]any{
		"review": map[string]any{
			"kind":      map[string]any{"group": r.gvk.Group, "version": r.gvk.Version, "kind": r.gvk.Kind},
			"resource":  map[string]any{"group": r.resource.Group, "version": r.resource.Version, "resource": r.resource.Resource},
			"operation": "CREATE", "name": r.name, "namespace": r.namespace, "object": form,
		},
		"parameters": c.params,
	}
	var set rego.ResultSet
	err := guarded(func() (err error) { set, err = c.template.query.Eval(ctx, rego.EvalInput(input)); return err })
	if err != nil {
		return []objection{{unknown: fmt.Sprintf("its template %q cannot be evaluated: %v", c.template.s.Name, err)}}
	}
	var out []objection
	for _, result := range set {
		for _, e := range result.Expressions {
			for _, v := range doc.List(e.Value) {
				msg := cmp.Or(doc.Text(v, "msg"), "is a violation")
				out = append(out, objection{path: source.Path{}, msg: msg, enforce: c.enforced})
			}
		}
	}
	slices.SortFunc(out, func(a, b objection) int { return cmp.Compare(a.msg, b.msg) })
	return out
}

var (
	readsCluster = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`\bdata\s*(\.\s*inventory\b|\[\s*"inventory"\s*\])`) })
	readsUser    = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`\breview\s*(\.\s*userInfo\b|\[\s*"userInfo"\s*\])`) })
	readsOutside = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`\bexternal_data\s*\(`) })
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
	case readsCluster().MatchString(all):
		t.err = fmt.Errorf("it reads other objects of the cluster (data.inventory)")
		return
	case readsOutside().MatchString(all):
		t.err = fmt.Errorf("it asks a provider of external data")
		return
	case readsUser().MatchString(all):
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
