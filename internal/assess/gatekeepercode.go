package assess

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"gate/internal/doc"
	"gate/internal/policy"
	"gate/internal/source"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"
	admissionv1 "k8s.io/api/admissionregistration/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

func (c *constraint) judge(ctx context.Context, a *admission, r *request) []objection {
	t := c.template
	unknown := func(format string, args ...any) []objection {
		return []objection{{unknown: fmt.Sprintf(format, args...), enforce: c.enforced}}
	}
	if t == nil {
		out := unknown("its ConstraintTemplate is not in the tree")
		out[0].hint = "add the ConstraintTemplate to the tree, or exclude the constraint's file"
		return out
	}
	t.compile(ctx)
	if t.err != nil {
		return unknown("its template %q cannot be evaluated: %v", t.s.Name, t.err)
	}
	form, err := r.form()
	if err != nil {
		return []objection{{path: source.Path{}, enforce: c.enforced, msg: fmt.Sprintf("the object cannot be read: %v", err)}}
	}
	if t.cel != nil {
		in := &input{
			ctx: ctx, attr: r.attributes(&unstructured.Unstructured{Object: form}), request: r, form: form, namespace: a.namespaceObject(r),
			params: &unstructured.Unstructured{Object: c.s.Raw}, ignoreErrors: t.cel.FailurePolicy != nil && *t.cel.FailurePolicy == admissionv1.Ignore,
		}
		out := t.programs.judge(in)
		c.meter.used += in.spent
		for i := range out {
			out[i].enforce, out[i].at = c.enforced, nil
		}
		return out
	}
	if t.reads.namespace && r.namespaced && a.namespaceOf(r) == nil {
		out := unknown("its template %q reads namespace %q, which the tree does not declare", t.s.Name, r.namespace)
		out[0].hint = declareNamespace(r.namespace)
		return out
	}
	return c.violations(ctx, a, r, form)
}

// review is the request as Gatekeeper hands it to templates
// (https://open-policy-agent.github.io/gatekeeper/website/docs/input/).
func (r *request) review(a *admission, form map[string]any) map[string]any {
	kind := map[string]any{"group": r.gvk.Group, "version": r.gvk.Version, "kind": r.gvk.Kind}
	resource := map[string]any{"group": r.resource.Group, "version": r.resource.Version, "resource": r.resource.Resource}
	out := map[string]any{
		"uid": "", "kind": kind, "requestKind": kind, "resource": resource, "requestResource": resource,
		"operation": "CREATE", "name": r.name, "namespace": r.namespace, "object": form, "oldObject": nil, "dryRun": false,
		"options": map[string]any{"kind": "CreateOptions", "apiVersion": "meta.k8s.io/v1"},
	}
	if n := a.namespaceOf(r); n != nil {
		out["_unstable"] = map[string]any{"namespace": n.Raw}
	}
	return out
}

func (c *constraint) violations(ctx context.Context, a *admission, r *request, form map[string]any) []objection {
	input := map[string]any{"review": r.review(a, form), "parameters": c.params}
	count := policy.CountSteps(ctx, regoAsked)
	var set rego.ResultSet
	err := guarded(func() (err error) {
		set, err = c.template.query.Eval(ctx, rego.EvalInput(input), rego.EvalExternalCancel(count))
		return err
	})
	c.meter.used += count.Steps()
	if over := count.Over(); over != nil {
		err = over
	}
	if err != nil {
		return []objection{{unknown: fmt.Sprintf("its template %q cannot be evaluated: %v", c.template.s.Name, err), enforce: c.enforced}}
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

func (t *template) compile(ctx context.Context) {
	if t.compiled {
		return
	}
	t.compiled = true
	if t.cel != nil {
		t.programs = compilePrograms(t.cel.spec(), newestDialect())
		if faulty := t.programs.faulty(); len(faulty) > 0 {
			t.err = faulty[0].err
		}
		return
	}
	t.err = guarded(func() error { return t.prepare(ctx) })
}

// prepare compiles a template of Rego, and refuses one that reads what only the
// cluster knows: it would be undefined here, and pass.
func (t *template) prepare(ctx context.Context) error {
	parse := func(name, text string) (*ast.Module, error) {
		return ast.ParseModuleWithOpts(name, text, ast.ParserOptions{RegoVersion: t.version, Capabilities: policy.Capabilities()})
	}
	module, err := parse("template.rego", t.rego)
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(module.Rules, func(r *ast.Rule) bool {
		return r.Head.Ref().GroundPrefix().String() == "violation" && r.Head.RuleKind() == ast.MultiValue
	}) {
		return errors.New("it has no rule violation that is a set")
	}
	modules := []*ast.Module{module}
	options := []func(*rego.Rego){
		rego.Query(module.Package.Path.String() + ".violation"), rego.SetRegoVersion(t.version),
		rego.Capabilities(policy.Capabilities()), rego.ParsedModule(module), policy.ParseConfigOption(),
	}
	for i, text := range t.libs {
		lib, err := parse(fmt.Sprintf("lib%d.rego", i), text)
		if err != nil {
			return err
		}
		modules = append(modules, lib)
		options = append(options, rego.ParsedModule(lib))
	}
	t.reads = readingOfModules(modules)
	switch {
	case t.reads.outside:
		return errors.New("it asks a provider of external data")
	case t.reads.cluster:
		return errors.New("it reads other objects of the cluster (data.inventory)")
	case t.reads.who:
		return errors.New("it depends on who asks (review.userInfo)")
	}
	if t.query, err = rego.New(options...).PrepareForEval(ctx); err != nil {
		return errors.New(strings.TrimPrefix(err.Error(), "bundle activation failed: ")) // there is no bundle
	}
	return nil
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
