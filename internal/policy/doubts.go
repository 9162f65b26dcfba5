package policy

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"gate/internal/config"
	"gate/internal/source"

	"github.com/open-policy-agent/opa/v1/ast"
)

// Doubt is what policies of conftest's style name and nothing has: Rego takes it for
// undefined, which may be meant.
type Doubt struct {
	Place source.Position
	Text  string
}

// Doubts are those of an entry that loads, in the order of their places. Data that its
// tests bring are not looked at.
func (o *Organisation) Doubts() ([]Doubt, error) {
	set, err := o.set()
	if err != nil || o.Entry.Style == "catalog" {
		return nil, err
	}
	data, err := set.documents()
	if err != nil {
		return nil, err
	}
	modules, _, err := set.modules()
	if err != nil {
		return nil, err
	}
	for _, m := range modules {
		data = withPackage(data, m.Package.Path[1:])
	}
	data = withPackage(data, ast.Ref{ast.StringTerm("conftest")})
	var out []Doubt
	for _, file := range slices.Sorted(maps.Keys(set.Modules)) {
		if isTest(file) {
			continue
		}
		m, err := parse(file, string(set.Modules[file]), set.version(), bare)
		if err != nil {
			return nil, err
		}
		ast.WalkRefs(m, func(r ast.Ref) bool {
			if text := missingIn(data, r); text != "" && r[0].Location != nil {
				out = append(out, Doubt{source.Position{File: file, Line: r[0].Location.Row}, text})
			}
			return false
		})
	}
	return out, nil
}

// anything stands for what a package defines.
type anything struct{}

// withPackage is the data with a package in its place.
func withPackage(data map[string]any, path ast.Ref) map[string]any {
	out := maps.Clone(data)
	if out == nil {
		out = map[string]any{}
	}
	if len(path) == 0 {
		return out
	}
	name, ok := path[0].Value.(ast.String)
	if !ok {
		return out
	}
	if len(path) == 1 {
		out[string(name)] = anything{}
		return out
	}
	below, isMap := out[string(name)].(map[string]any)
	if _, whole := out[string(name)].(anything); !whole && (isMap || out[string(name)] == nil) {
		out[string(name)] = withPackage(below, path[1:])
	}
	return out
}

// missingIn says what of a reference into data is not there, "" if nothing.
func missingIn(data map[string]any, ref ast.Ref) string {
	if !ref.HasPrefix(ast.DefaultRootRef) {
		return ""
	}
	var at any = data
	names := []string{"data"}
	for _, t := range ref[1:] {
		in, isMap := at.(map[string]any)
		name, literal := t.Value.(ast.String)
		if !isMap || !literal {
			return ""
		}
		names = append(names, string(name))
		if at, isMap = in[string(name)]; !isMap {
			return fmt.Sprintf("%s is undefined: neither data nor a package has it%s", strings.Join(names, "."), config.DidYouMean(string(name), slices.Sorted(maps.Keys(in))))
		}
	}
	return ""
}
