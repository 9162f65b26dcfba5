package policy

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"
	"github.com/open-policy-agent/opa/v1/types"
)

// refusedMark begins the name by which a function that is refused is compiled.
const refusedMark = "refused_"

// conftestFunctions are those that conftest adds to OPA's and that read files.
var conftestFunctions = []*ast.Builtin{
	{Name: "parse_config_file", Decl: types.NewFunction(types.Args(types.S), types.A)},
	{Name: "parse_combined_config_files", Decl: types.NewFunction(types.Args(types.NewArray(nil, types.S)), types.A)},
}

// refusals are the functions of OPA and conftest that are not on the list.
var refusals = sync.OnceValue(func() []*ast.Builtin {
	allowed := map[string]bool{}
	for _, b := range Capabilities().Builtins {
		allowed[b.Name] = true
	}
	var out []*ast.Builtin
	for _, b := range slices.Concat(ast.CapabilitiesForThisVersion().Builtins, conftestFunctions) {
		if !allowed[b.Name] && b.Infix == "" && !b.Relation && b.Decl != nil {
			out = append(out, b)
		}
	}
	return out
})

// offered is what policies of an organisation may name: what they may call, and what
// is refused, which fails where it is called.
var offered = sync.OnceValue(func() *ast.Capabilities {
	return withRefused(Capabilities(), refusals())
})

// withRefused are capabilities with functions that fail where they are called.
func withRefused(c *ast.Capabilities, refused []*ast.Builtin) *ast.Capabilities {
	out := *c
	out.Builtins = slices.Clone(out.Builtins)
	for _, b := range refused {
		out.Builtins = append(out.Builtins, &ast.Builtin{Name: refusedMark + b.Name, Decl: b.Decl})
	}
	return &out
}

// failing are functions that are refused: they fail when they are called, and end the
// evaluation, because what a policy says that could not call them is not what it says
// elsewhere.
func failing(refused []*ast.Builtin) []func(*rego.Rego) {
	var out []func(*rego.Rego)
	for _, b := range refused {
		out = append(out, rego.FunctionDyn(&rego.Function{Name: refusedMark + b.Name, Decl: b.Decl}, func(rego.BuiltinContext, []*ast.Term) (*ast.Term, error) {
			return nil, rego.NewHaltError(errors.New(strings.TrimPrefix(adviceOn(b.Name), ": ")))
		}))
	}
	return out
}

// refuse gives functions that are refused their other names, in place, where they are
// called, and where a test mocks them. A function of the policy's own package that has
// the same name is its own affair.
func refuse(modules map[string]*ast.Module, list []*ast.Builtin) {
	refused := map[string]bool{}
	for _, b := range list {
		refused[b.Name] = true
	}
	for _, m := range modules {
		own := map[string]bool{}
		for _, other := range modules {
			if namespaceOf(other) != namespaceOf(m) {
				continue
			}
			for _, r := range other.Rules {
				own[r.Head.Ref()[0].Value.String()] = true
			}
		}
		rename := func(t *ast.Term) {
			ref, ok := t.Value.(ast.Ref)
			if !ok || len(ref) == 0 || !refused[ref.String()] {
				return
			}
			head := strings.TrimPrefix(ref[0].Value.String(), refusedMark)
			if own[head] {
				return
			}
			renamed := slices.Clone(ref)
			renamed[0] = ast.VarTerm(refusedMark + head)
			renamed[0].Location = ref[0].Location
			t.Value = renamed
		}
		ast.WalkExprs(m, func(e *ast.Expr) bool {
			if list, ok := e.Terms.([]*ast.Term); ok && len(list) > 0 {
				rename(list[0])
			}
			for _, w := range e.With {
				rename(w.Target)
				rename(w.Value)
			}
			return false
		})
		ast.WalkTerms(m, func(t *ast.Term) bool {
			if call, ok := t.Value.(ast.Call); ok {
				rename(call[0])
			}
			return false
		})
	}
}

// refused names the first call of a function that is refused: judging fails where it is
// reached, whoever writes the policy is told before.
func (s Set) refused() error {
	modules, _, err := s.modules()
	if err != nil {
		return err
	}
	for _, file := range slices.Sorted(maps.Keys(modules)) {
		var found *ast.Term
		ast.WalkTerms(modules[file], func(t *ast.Term) bool {
			if ref, ok := t.Value.(ast.Ref); ok && found == nil && len(ref) > 0 {
				if v, ok := ref[0].Value.(ast.Var); ok && strings.HasPrefix(string(v), refusedMark) {
					found = t
				}
			}
			return found != nil
		})
		if found != nil {
			return fmt.Errorf("%s:%d: undefined function %s", file, found.Location.Row, plainNames(found.Value.String()))
		}
	}
	return nil
}

// plainNames takes the other names of refused functions out of a message.
func plainNames(msg string) string { return strings.ReplaceAll(msg, refusedMark, "") }
