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
	"k8s.io/apiserver/pkg/cel/environment"
)

// programs are the compiled expressions of a policy.
type programs struct {
	conditions  []*expression
	validations []*expression
}

func (p *programs) all() []*expression { return slices.Concat(p.conditions, p.validations) }

// expression is one CEL expression of a policy.
type expression struct {
	path      source.Path // in the policy
	text      string
	offline   string // what it needs that is not known without a cluster
	namespace bool   // it reads the namespace of the object
	err       error  // of compilation
	program   admissioncel.ConditionEvaluator
	message   admissioncel.ConditionEvaluator
	fixed     string // message
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
	ignoreErrors bool // failurePolicy: Ignore
}

// compilePrograms compiles a policy with the environment that the API server
// has for stored expressions.
func compilePrograms(spec admissionv1.ValidatingAdmissionPolicySpec) *programs {
	out := &programs{}
	variables := map[string]string{}
	for _, v := range spec.Variables {
		variables[v.Name] = v.Expression
	}
	add := func(list *[]*expression, text, message string, path ...any) *expression {
		x := &expression{path: path, text: text, fixed: message}
		x.offline, x.namespace = needs(text, variables)
		*list = append(*list, x)
		return x
	}
	for i, c := range spec.MatchConditions {
		add(&out.conditions, c.Expression, "", "spec", "matchConditions", i, "expression")
	}
	for i, v := range spec.Validations {
		add(&out.validations, v.Expression, v.Message, "spec", "validations", i, "expression")
	}
	err := guarded(func() error {
		compiler, err := admissioncel.NewCompositedCompiler(environment.MustBaseEnvSet(environment.DefaultCompatibilityVersion()))
		if err != nil {
			return err
		}
		declared := admissioncel.OptionalVariableDeclarations{HasParams: spec.ParamKind != nil, HasAuthorizer: true}
		for _, v := range spec.Variables {
			compiler.CompileAndStoreVariable(accessor{v.Name, v.Expression, []*cel.Type{cel.AnyType, cel.DynType}}, declared, environment.StoredExpressions)
		}
		compile := func(text string, result *cel.Type, d admissioncel.OptionalVariableDeclarations) admissioncel.ConditionEvaluator {
			return compiler.CompileCondition([]admissioncel.ExpressionAccessor{accessor{"", text, []*cel.Type{result}}}, d, environment.StoredExpressions)
		}
		for _, x := range out.all() {
			x.program = compile(x.text, cel.BoolType, declared)
			if errs := x.program.CompilationErrors(); len(errs) > 0 {
				x.err = errs[0]
			}
		}
		declared.HasAuthorizer = false
		for i, v := range spec.Validations {
			if v.MessageExpression != "" {
				out.validations[i].message = compile(v.MessageExpression, cel.StringType, declared)
			}
		}
		return nil
	})
	if err != nil {
		for _, x := range out.all() {
			x.err = err
		}
	}
	return out
}

var (
	celString    = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'`) })
	celVariable  = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`\bvariables\s*\.\s*\??\s*(\w+)`) })
	asksWho      = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`\bauthorizer\b|\brequest\s*\.\s*\??\s*userInfo\b`) })
	asksForSpace = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`\bnamespaceObject\b`) })
)

// needs says what an expression reads, the variables it uses included, that
// only a cluster knows.
func needs(text string, variables map[string]string) (offline string, namespace bool) {
	seen := map[string]bool{}
	queue := []string{text}
	for len(queue) > 0 {
		next := celString().ReplaceAllString(queue[0], `""`)
		queue = queue[1:]
		if asksWho().MatchString(next) {
			offline = "it depends on who asks"
		}
		namespace = namespace || asksForSpace().MatchString(next)
		for _, m := range celVariable().FindAllStringSubmatch(next, -1) {
			if !seen[m[1]] {
				seen[m[1]] = true
				queue = append(queue, variables[m[1]])
			}
		}
	}
	return offline, namespace
}

// unknown says why an expression cannot be evaluated here.
func (x *expression) unknown(in *input) string {
	if x.offline != "" {
		return x.offline
	}
	if x.namespace && in.request.namespaced && in.namespace == nil {
		return fmt.Sprintf("it reads namespace %q, which the tree does not declare", in.request.namespace)
	}
	return ""
}

// judge evaluates a policy as the API server does: every match condition must
// hold, then every validation; an error rejects, unless failures are ignored.
func (p *programs) judge(in *input) []objection {
	var pending []objection
	var failed []objection
	for _, c := range p.conditions {
		if c.err != nil {
			continue // the policy itself is at fault
		}
		if why := c.unknown(in); why != "" {
			pending = append(pending, objection{unknown: "whether a match condition holds is not known: " + why, at: c.path})
			continue
		}
		ok, err := c.holds(in)
		switch {
		case err != nil && in.ignoreErrors:
			return nil
		case err != nil:
			failed = append(failed, objection{path: source.Path{}, msg: fmt.Sprintf("a match condition cannot be evaluated: %v", err)})
		case !ok:
			return nil
		}
	}
	if len(failed) > 0 {
		return failed
	}
	var out []objection
	for _, v := range p.validations {
		if v.err != nil {
			continue
		}
		if why := v.unknown(in); why != "" {
			out = append(out, objection{unknown: "whether a validation holds is not known: " + why, at: v.path})
			continue
		}
		ok, err := v.holds(in)
		switch {
		case ok, err != nil && in.ignoreErrors:
		case err != nil:
			failed = append(failed, objection{path: v.place(in), msg: fmt.Sprintf("the expression cannot be evaluated: %v", err)})
		default:
			failed = append(failed, objection{path: v.place(in), msg: v.says(in)})
		}
	}
	if len(failed) > 0 && len(pending) > 0 {
		return append(out, pending...) // rejected only if the conditions hold
	}
	return append(out, failed...)
}

func (x *expression) evaluate(c admissioncel.ConditionEvaluator, in *input) (admissioncel.EvaluationResult, error) {
	var out admissioncel.EvaluationResult
	err := guarded(func() error {
		vars := admissioncel.OptionalVariableBindings{}
		if in.params != nil {
			vars.VersionedParams = in.params
		}
		req := admissioncel.CreateAdmissionRequest(in.attr, metav1.GroupVersionResource(in.attr.GetResource()), metav1.GroupVersionKind(in.attr.VersionedKind))
		list, _, err := c.ForInput(in.ctx, in.attr, req, vars, admissioncel.CreateNamespaceObject(in.namespace), celconfig.RuntimeCELCostBudget)
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
	if x.message != nil && len(x.message.CompilationErrors()) == 0 {
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
