package policy

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/open-policy-agent/opa/v1/ast"

	"gate/internal/facts"
)

// In Rego `not startswith(x.name, "a")` is undefined, and not true, where x has no
// name: the rule passes what it never looked at. So no call below a negation reads a
// field that a fact may lack, unless the same body says that it is there. The idioms are
// object.get(x, "name", ""), lib.text(x, "name"), and the field by itself in a line of
// its own before.
func TestNegationsAreDefined(t *testing.T) {
	t.Parallel()
	always := alwaysThere()
	root := filepath.Join("..", "..", "rules")
	err := fs.WalkDir(os.DirFS(root), ".", func(file string, _ fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(file) != ".rego" || strings.Contains(file, "testdata") {
			return err
		}
		text, err := os.ReadFile(filepath.Join(root, file))
		if err != nil {
			return err
		}
		module, err := ast.ParseModuleWithOpts(file, string(text), ast.ParserOptions{RegoVersion: ast.RegoV1})
		if err != nil {
			return err
		}
		for _, fault := range undefinedNegations(module, always) {
			t.Error(fault)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// The check itself sees what it is for.
func TestUndefinedNegations(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]int{
		`not startswith(x.document, "a")`:                       1,
		`not x.document in {"a"}`:                               1,
		`not lower(x.document.a) == "b"`:                        1,
		`x.document; not startswith(x.document, "a")`:           0,
		`y := x.document; not startswith(y, "a")`:               0,
		`not startswith(object.get(x, "document", ""), "a")`:    0,
		`not startswith(x.id, "a")`:                             0,
		`not x.document`:                                        0,
		`not x.document == "a"`:                                 0,
		`count([1 | not startswith(x.document, "a")]) > 0`:      1,
		`every y in x.list { not startswith(y.document, "a") }`: 1,
	} {
		module := ast.MustParseModuleWithOpts("package p\nr if { some x in input.things; "+body+" }", ast.ParserOptions{RegoVersion: ast.RegoV1})
		if got := undefinedNegations(module, map[string]bool{"id": true}); len(got) != want {
			t.Errorf("%s: %v", body, got)
		}
	}
}

// undefinedNegations lists the fields that calls below a negation read and that may be
// missing.
func undefinedNegations(module *ast.Module, always map[string]bool) []string {
	var out []string
	imported := map[string]bool{"params": true, "data": true}
	for _, i := range module.Imports {
		imported[string(i.Name())] = true
	}
	check := func(body ast.Body, given map[string]bool) {
		for _, e := range body {
			if e.Negated {
				continue
			}
			ast.NewGenericVisitor(func(x any) bool {
				switch x := x.(type) {
				case ast.Body: // says something of what is inside alone
					return true
				case ast.Ref:
					for i := 2; i <= len(x); i++ {
						given[x[:i].String()] = true
					}
				}
				return false
			}).Walk(e)
		}
		for _, e := range body {
			if !e.Negated {
				continue
			}
			for _, r := range operands(e) {
				if !imported[r[0].String()] && !defined(r, always, given) {
					out = append(out, fmt.Sprintf("%s: %s may be missing: say so, or the negation is neither true nor false", e.Location, r))
				}
			}
		}
	}
	// What a body around says holds in those inside as well.
	var visit func(node any, given map[string]bool)
	visit = func(node any, given map[string]bool) {
		ast.NewGenericVisitor(func(x any) bool {
			body, ok := x.(ast.Body)
			if !ok {
				return false
			}
			inside := map[string]bool{}
			for k := range given {
				inside[k] = true
			}
			check(body, inside)
			for _, e := range body {
				visit(e, inside)
			}
			return true
		}).Walk(node)
	}
	for _, rule := range module.Rules {
		visit(rule, map[string]bool{})
	}
	return out
}

// operands are the references that the calls of an expression take.
func operands(e *ast.Expr) []ast.Ref {
	var out []ast.Ref
	var call func(terms []*ast.Term)
	call = func(terms []*ast.Term) {
		for _, t := range terms[1:] {
			switch v := t.Value.(type) {
			case ast.Ref:
				out = append(out, v)
			case ast.Call:
				call(v)
			}
		}
	}
	terms, ok := e.Terms.([]*ast.Term)
	if !ok {
		return nil
	}
	if op := terms[0].String(); op == "equal" || op == "eq" {
		for _, t := range terms[1:] { // a field that is missing equals nothing
			if v, ok := t.Value.(ast.Call); ok {
				call(v)
			}
		}
		return out
	}
	call(terms)
	return out
}

// made are the fields that a library puts into each of its own records.
var made = map[string]string{"s.revision": "of, of gate.lib.sources", "n.v": "nodes, of gate.lib.iac", "n.p": "nodes, of gate.lib.iac"}

// defined says whether a reference always has a value. What is found by a call or in a
// table is for the body to say.
func defined(r ast.Ref, always, given map[string]bool) bool {
	if _, isVar := r[0].Value.(ast.Var); !isVar || given[r.String()] || made[r.String()] != "" {
		return true
	}
	for i := 1; i < len(r); i++ {
		name, ok := r[i].Value.(ast.String)
		there := ok && (always[string(name)] || i == len(r)-1 && always["null "+string(name)])
		if !there && !given[r[:i+1].String()] {
			return false
		}
	}
	return true
}

// alwaysThere are the names of fields that every fact has that knows them: none of its
// types leaves one out. Behind those that may be null, or hold anything, nothing is
// certain: they stand there with "null " before them.
func alwaysThere() map[string]bool {
	always, sometimes := map[string]bool{"id": true}, map[string]bool{}
	seen := map[reflect.Type]bool{}
	var visit func(t reflect.Type)
	visit = func(t reflect.Type) {
		switch t.Kind() {
		case reflect.Pointer, reflect.Slice, reflect.Map, reflect.Array:
			visit(t.Elem())
		case reflect.Struct:
			if seen[t] {
				return
			}
			seen[t] = true
			for i := range t.NumField() {
				f := t.Field(i)
				tag, options, _ := strings.Cut(f.Tag.Get("json"), ",")
				if f.Anonymous && tag == "" {
					visit(f.Type)
					continue
				}
				kind := f.Type.Kind()
				switch {
				case strings.Contains(options, "omitempty"):
					sometimes[tag], sometimes["null "+tag] = true, true
				case kind == reflect.Map || kind == reflect.Pointer || kind == reflect.Interface:
					sometimes[tag], always["null "+tag] = true, true
				default:
					always[tag], always["null "+tag] = true, true
				}
				visit(f.Type)
			}
		}
	}
	visit(reflect.TypeFor[facts.Facts]())
	for name := range sometimes {
		delete(always, name)
	}
	return always
}
