package bench

import (
	"encoding/json"
	"io/fs"
	"path"
	"testing"

	"gate/internal/facts"
	"gate/internal/policy"
	"gate/internal/source"
	"gate/rules"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/storage"
	"github.com/open-policy-agent/opa/v1/storage/inmem"
)

// perObject cuts facts into one document for each object.
func perObject(b *testing.B, f *facts.Facts) []any {
	b.Helper()
	var out []any
	for _, o := range f.Objects {
		d := facts.Facts{Schema: f.Schema, Params: f.Params, Objects: []facts.Object{o}}
		for _, c := range f.Containers {
			if c.Object == o.ID {
				d.Containers = append(d.Containers, c)
			}
		}
		for _, a := range f.Assessments {
			if a.Of == o.ID {
				d.Assessments = append(d.Assessments, a)
			}
		}
		text, err := json.Marshal(&d)
		if err != nil {
			b.Fatal(err)
		}
		var document any
		if err := json.Unmarshal(text, &document); err != nil {
			b.Fatal(err)
		}
		out = append(out, document)
	}
	return out
}

// compiled are the rules over objects, containers and assessments, compiled
// once, and a query for each.
func compiled(b *testing.B) (*ast.Compiler, storage.Store, []string) {
	b.Helper()
	c, err := policy.Load(rules.FS, nil)
	if err != nil {
		b.Fatal(err)
	}
	modules, data, queries := map[string]*ast.Module{}, map[string]any{}, []string{}
	read := func(file string) string {
		text, err := fs.ReadFile(rules.FS, file)
		if err != nil {
			b.Fatal(err)
		}
		return string(text)
	}
	module := func(file string) *ast.Module {
		m, err := ast.ParseModule(file, read(file))
		if err != nil {
			b.Fatal(err)
		}
		modules[file] = m
		return m
	}
	for _, r := range c.Rules() {
		switch r.Over.Subject {
		case "objects", "containers", "assessments":
			if r.Scope == "subject" {
				queries = append(queries, module(path.Join(r.ID, r.Name+".rego")).Package.Path.String()+".deny")
			}
		}
	}
	libraries, err := fs.Glob(rules.FS, "lib/*.rego")
	if err != nil {
		b.Fatal(err)
	}
	for _, file := range libraries {
		module(file)
	}
	tables, err := fs.Glob(rules.FS, "data/*.yaml")
	if err != nil {
		b.Fatal(err)
	}
	for _, file := range tables {
		docs, err := source.ParseYAML(file, []byte(read(file)))
		if err != nil {
			b.Fatal(err)
		}
		for _, d := range docs {
			for k, v := range d.Value.(map[string]any) {
				data[k] = v
			}
		}
	}
	compiler := ast.NewCompiler()
	if compiler.Compile(modules); compiler.Failed() {
		b.Fatal(compiler.Errors)
	}
	return compiler, inmem.NewFromObject(data), queries
}
