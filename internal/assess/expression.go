package assess

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"

	"gate/internal/doc"
	"gate/internal/source"

	"github.com/google/cel-go/cel"
	admissionv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	apiadmission "k8s.io/apiserver/pkg/admission"
	admissioncel "k8s.io/apiserver/pkg/admission/plugin/cel"
	celconfig "k8s.io/apiserver/pkg/apis/cel"
)

// programs are the compiled expressions of a policy.
type programs struct {
	variables   []*expression // those that do not compile
	conditions  []*expression
	validations []*expression
	annotations []*expression
}

// faulty are the expressions that do not compile.
func (p *programs) faulty() []*expression {
	return slices.DeleteFunc(slices.Concat(p.variables, p.conditions, p.validations, p.annotations), func(x *expression) bool { return x.err == nil })
}

// refused are those for which the API server does not take a policy: the faulty
// ones, and messages that do not compile, without which other engines do.
func (p *programs) refused() []*expression {
	out := p.faulty()
	for _, x := range p.validations {
		if x.messageErr != nil {
			out = append(out, &expression{path: join(x.path[:len(x.path)-1], "messageExpression"), err: x.messageErr})
		}
	}
	return out
}

// expression is one CEL expression of a policy.
type expression struct {
	path       source.Path // in the policy
	text       string
	offline    string // what it needs that is not known without a cluster
	namespace  bool   // it reads the namespace of the object
	err        error  // of compilation
	program    admissioncel.ConditionEvaluator
	message    admissioncel.ConditionEvaluator
	messageErr error
	fixed      string // message
}

// accessor gives an expression to the compiler of the API server.
type accessor struct {
	name, text string
	types      []*cel.Type
}

func (a accessor) GetName() string          { return a.name }
func (a accessor) GetExpression() string    { return a.text }
func (a accessor) ReturnTypes() []*cel.Type { return a.types }

// input is what the expressions of a policy are evaluated on.
type input struct {
	ctx          context.Context
	attr         *apiadmission.VersionedAttributes
	request      *request
	form         map[string]any
	params       *unstructured.Unstructured
	namespace    *corev1.Namespace
	ignoreErrors bool  // failurePolicy: Ignore
	left         int64 // cost that the API server allows for what is evaluated
	spent        int64 // cost of all that was evaluated
}

// compilePrograms compiles a policy.
func compilePrograms(spec admissionv1.ValidatingAdmissionPolicySpec, d dialect) *programs {
	out := &programs{}
	add := func(list *[]*expression, text, message string, path ...any) {
		x := &expression{path: path, text: text, fixed: message}
		x.offline, x.namespace = needs(text, spec.Variables)
		*list = append(*list, x)
	}
	for i, c := range spec.MatchConditions {
		add(&out.conditions, c.Expression, "", "spec", "matchConditions", i, "expression")
	}
	for i, v := range spec.Validations {
		add(&out.validations, v.Expression, v.Message, "spec", "validations", i, "expression")
	}
	for i, n := range spec.AuditAnnotations {
		add(&out.annotations, n.ValueExpression, "", "spec", "auditAnnotations", i, "valueExpression")
	}
	if err := guarded(func() error { return out.compile(spec, d) }); err != nil {
		for _, x := range slices.Concat(out.conditions, out.validations, out.annotations) {
			x.err = err
		}
	}
	return out
}

// compile does what the API server does with a policy
// (k8s.io/apiserver/pkg/admission/plugin/policy/validating, compilePolicy).
func (p *programs) compile(spec admissionv1.ValidatingAdmissionPolicySpec, d dialect) error {
	envs, which := d.environment()
	compiler, err := admissioncel.NewCompositedCompiler(envs)
	if err != nil {
		return err
	}
	declared := admissioncel.OptionalVariableDeclarations{HasParams: spec.ParamKind != nil, HasAuthorizer: true}
	for i, v := range spec.Variables {
		r := compiler.CompileAndStoreVariable(accessor{v.Name, v.Expression, []*cel.Type{cel.AnyType, cel.DynType}}, declared, which)
		if r.Error != nil {
			p.variables = append(p.variables, &expression{path: source.Path{"spec", "variables", i, "expression"}, text: v.Expression, err: r.Error})
		}
	}
	compile := func(text string, d admissioncel.OptionalVariableDeclarations, results ...*cel.Type) (admissioncel.ConditionEvaluator, error) {
		c := compiler.CompileCondition([]admissioncel.ExpressionAccessor{accessor{"", text, results}}, d, which)
		if errs := c.CompilationErrors(); len(errs) > 0 {
			return c, errs[0]
		}
		return c, nil
	}
	for _, x := range slices.Concat(p.conditions, p.validations) {
		x.program, x.err = compile(x.text, declared, cel.BoolType)
	}
	for _, x := range p.annotations {
		x.program, x.err = compile(x.text, declared, cel.StringType, cel.NullType)
	}
	declared.HasAuthorizer = false
	for i, v := range spec.Validations {
		if v.MessageExpression != "" {
			p.validations[i].message, p.validations[i].messageErr = compile(v.MessageExpression, declared, cel.StringType)
		}
	}
	return nil
}

var celString = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'`) })

// unknown says why an expression cannot be evaluated here, and what would help.
func (x *expression) unknown(in *input) (why, hint string) {
	if x.err != nil {
		return "an expression does not compile", ""
	}
	if x.offline != "" {
		return x.offline, ""
	}
	if x.namespace && in.request.namespaced && in.namespace == nil {
		return fmt.Sprintf("it reads namespace %q, which the tree does not declare", in.request.namespace), declareNamespace(in.request.namespace)
	}
	return "", ""
}

// judge evaluates a policy as the API server does: every match condition must
// hold, then every validation; an error rejects, unless failures are ignored. So
// does an error of an audit annotation.
func (p *programs) judge(in *input) []objection {
	pending, failed, applies := p.match(in)
	if !applies {
		return failed // errors that are ignored
	}
	if len(failed) > 0 {
		return failed
	}
	var out []objection
	var rejecting []*expression
	in.left = celconfig.RuntimeCELCostBudget
	for _, v := range p.validations {
		if why, hint := v.unknown(in); why != "" {
			out = append(out, objection{unknown: "whether a validation holds is not known: " + why, at: v.path, hint: hint, told: v.err != nil})
			continue
		}
		ok, err := v.holds(in)
		switch {
		case err != nil && in.ignoreErrors:
			out = append(out, ignored(v, err))
		case err != nil:
			failed = append(failed, objection{path: v.place(in), msg: fmt.Sprintf("the expression cannot be evaluated: %v", err)})
		case !ok:
			rejecting = append(rejecting, v)
		}
	}
	for _, v := range rejecting { // of what is left
		failed = append(failed, objection{path: v.place(in), msg: v.says(in)})
	}
	in.left = celconfig.RuntimeCELCostBudget
	for _, n := range p.annotations {
		if why, hint := n.unknown(in); why != "" {
			out = append(out, objection{unknown: "whether an audit annotation can be made is not known: " + why, at: n.path, hint: hint, told: n.err != nil})
			continue
		}
		switch _, err := n.evaluate(n.program, in); {
		case err != nil && in.ignoreErrors:
			out = append(out, ignored(n, err))
		case err != nil:
			failed = append(failed, objection{path: source.Path{}, msg: fmt.Sprintf("an audit annotation cannot be evaluated: %v", err)})
		}
	}
	if len(failed) > 0 && len(pending) > 0 {
		return append(out, pending...) // rejected only if the conditions hold
	}
	return append(out, failed...)
}

// match asks the match conditions: what is not known of them, what they reject by
// an error, and whether the policy applies at all.
func (p *programs) match(in *input) (pending, failed []objection, applies bool) {
	in.left = celconfig.RuntimeCELCostBudgetMatchConditions
	var let []objection
	for _, c := range p.conditions {
		if why, hint := c.unknown(in); why != "" {
			pending = append(pending, objection{unknown: "whether a match condition holds is not known: " + why, at: c.path, hint: hint, told: c.err != nil})
			continue
		}
		ok, err := c.holds(in)
		switch {
		case err != nil && in.ignoreErrors:
			let = append(let, ignored(c, err))
		case err != nil:
			failed = append(failed, objection{path: source.Path{}, msg: fmt.Sprintf("a match condition cannot be evaluated: %v", err)})
		case !ok:
			return nil, nil, false
		}
	}
	if len(let) > 0 {
		return nil, let, false
	}
	return pending, failed, true
}

// ignored is an error that lets an object in, because the policy says so.
func ignored(x *expression, err error) objection {
	return objection{unknown: fmt.Sprintf("failurePolicy Ignore lets in what it cannot evaluate: %v", err), at: x.path, settled: true, told: true}
}

func (x *expression) evaluate(c admissioncel.ConditionEvaluator, in *input) (admissioncel.EvaluationResult, error) {
	var out admissioncel.EvaluationResult
	err := guarded(func() error {
		vars := admissioncel.OptionalVariableBindings{}
		if in.params != nil {
			vars.VersionedParams = in.params
		}
		req := admissioncel.CreateAdmissionRequest(in.attr, metav1.GroupVersionResource(in.attr.GetResource()), metav1.GroupVersionKind(in.attr.VersionedKind))
		list, left, err := c.ForInput(in.ctx, in.attr, req, vars, admissioncel.CreateNamespaceObject(in.namespace), in.left)
		in.spent += in.left - max(left, 0)
		in.left = max(left, 0)
		if err != nil {
			return err
		}
		if len(list) != 1 {
			return fmt.Errorf("%d results of one expression", len(list))
		}
		out = list[0]
		return out.Error
	})
	return out, err
}

func (x *expression) holds(in *input) (bool, error) {
	r, err := x.evaluate(x.program, in)
	if err != nil {
		return false, err
	}
	return resultTrue(r.EvalResult), nil
}

// says words a rejection: the message expression, the message, the expression.
func (x *expression) says(in *input) string {
	if x.message != nil && x.messageErr == nil {
		if r, err := x.evaluate(x.message, in); err == nil && r.EvalResult != nil {
			if s, ok := r.EvalResult.Value().(string); ok {
				s = strings.TrimSpace(s)
				if s != "" && !strings.Contains(s, "\n") && len(s) <= celconfig.MaxEvaluatedMessageExpressionSizeBytes {
					return s
				}
			}
		}
	}
	if m := strings.TrimSpace(x.fixed); m != "" {
		return m
	}
	return "failed expression: " + strings.Join(strings.Fields(x.text), " ")
}

var celObjectPath = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`\bobject((?:\s*\.\s*\??\s*[A-Za-z_]\w*)+)`) })

// place is the deepest field of the object that an expression names and that
// is there: the expression does not tell which field is wrong.
func (x *expression) place(in *input) source.Path {
	best := source.Path{}
	for _, m := range celObjectPath().FindAllStringSubmatch(celString().ReplaceAllString(x.text, `""`), -1) {
		path, v := source.Path{}, any(in.request.manifest)
		for _, key := range strings.Split(m[1], ".") {
			key = strings.Trim(key, " \t\r\n?")
			if key == "" {
				continue
			}
			next, ok := doc.Lookup(v, key)
			if !ok {
				break
			}
			path, v = append(path, key), next
		}
		if len(path) > len(best) {
			best = path
		}
	}
	if in.request.pod && len(best) > 0 && best[0] == "metadata" && (len(best) == 1 || best[1] != "labels" && best[1] != "annotations") {
		return source.Path{} // made for the pod
	}
	return best
}
