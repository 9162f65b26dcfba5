package assess

import (
	"slices"
	"sync"

	"github.com/google/cel-go/cel"
	celast "github.com/google/cel-go/common/ast"
	"github.com/google/cel-go/common/operators"
	admissionv1 "k8s.io/api/admissionregistration/v1"
	"k8s.io/apiserver/pkg/cel/environment"
)

// reading is what an expression reads beside the object and its params.
type reading struct {
	who       bool     // the authorizer, or who asks
	namespace bool     // the namespace of the object
	variables []string // of the policy
	all       bool     // any variable of the policy
}

// parser reads expressions of every release.
var parser = sync.OnceValue(func() *cel.Env {
	return environment.MustBaseEnvSet(environment.DefaultCompatibilityVersion()).StoredExpressionsEnv()
})

// readingOf finds what an expression reads. One that cannot be parsed reads
// nothing; the compiler says what is wrong with it.
func readingOf(text string) reading {
	var out reading
	parsed, issues := parser().Parse(text)
	if issues.Err() != nil {
		return out
	}
	root := celast.NavigateAST(parsed.NativeRep())
	for _, e := range celast.MatchDescendants(root, celast.KindMatcher(celast.IdentKind)) {
		field := selected(e)
		switch e.AsIdent() {
		case "authorizer":
			out.who = true
		case "request": // the whole holds who asks
			out.who = out.who || field == "" || field == "userInfo"
		case "namespaceObject":
			out.namespace = true
		case "variables":
			if out.variables = append(out.variables, field); field == "" {
				out.all = true
			}
		}
	}
	return out
}

// selected is the field that an expression takes from a variable, "" if it takes
// the variable as a whole: x.field, has(x.field) or x.?field.
func selected(e celast.NavigableExpr) string {
	parent, ok := e.Parent()
	if !ok {
		return ""
	}
	switch parent.Kind() {
	case celast.SelectKind:
		return parent.AsSelect().FieldName()
	case celast.CallKind:
		call := parent.AsCall()
		if call.FunctionName() != operators.OptSelect || len(call.Args()) != 2 || call.Args()[0].ID() != e.ID() {
			return ""
		}
		if field := call.Args()[1]; field.Kind() == celast.LiteralKind {
			name, _ := field.AsLiteral().Value().(string)
			return name
		}
	}
	return ""
}

// needs says what an expression reads, the variables it uses included, that only
// a cluster knows.
func needs(text string, variables []admissionv1.Variable) (offline string, namespace bool) {
	seen := map[string]bool{}
	queue := []string{text}
	for len(queue) > 0 {
		r := readingOf(queue[0])
		queue = queue[1:]
		if r.who {
			offline = "it depends on who asks"
		}
		namespace = namespace || r.namespace
		for _, v := range variables {
			if (r.all || slices.Contains(r.variables, v.Name)) && !seen[v.Name+"\x00"+v.Expression] {
				seen[v.Name+"\x00"+v.Expression] = true
				queue = append(queue, v.Expression)
			}
		}
	}
	return offline, namespace
}
