package facts

import (
	"encoding/json"
	"flag"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

var update = flag.Bool("update", false, "write schemas/facts.schema.json")

var schemaFile = filepath.Join("..", "..", "schemas", "facts.schema.json")

// The schema is made from the types and their comments; this test keeps the
// file equal to them.
func TestSchema(t *testing.T) {
	got, err := json.MarshalIndent(schema(t), "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	got = append(got, '\n')
	if *update {
		if err := os.WriteFile(schemaFile, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(schemaFile)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("schemas/facts.schema.json differs from the types; run go test ./internal/facts -update (-file +types):\n%s", diff)
	}
}

func TestSchemaAcceptsFacts(t *testing.T) {
	c := jsonschema.NewCompiler()
	s, err := c.Compile(schemaFile)
	if err != nil {
		t.Fatal(err)
	}
	doc := func(f Facts) any {
		raw, err := json.Marshal(f)
		if err != nil {
			t.Fatal(err)
		}
		v, err := jsonschema.UnmarshalJSON(strings.NewReader(string(raw)))
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	ok := Facts{Schema: Schema, Now: "2026-11-23T12:00:00Z", Objects: []Object{{Subject: Subject{ID: "x"}, Manifest: map[string]any{"kind": "Pod"}}}}
	if err := s.Validate(doc(ok)); err != nil {
		t.Errorf("facts are refused: %v", err)
	}
	bad := doc(ok).(map[string]any)
	bad["extra"] = true
	if s.Validate(bad) == nil {
		t.Error("an unknown key is accepted")
	}
}

func schema(t *testing.T) map[string]any {
	t.Helper()
	b := builder{comments: comments(t), defs: map[string]any{}}
	root := b.object(reflect.TypeFor[Facts]())
	root["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	root["$id"] = "urn:gate:facts:v1"
	root["title"] = Schema
	root["$defs"] = b.defs
	return root
}

type builder struct {
	comments map[string]string // Type or Type.Field -> comment
	defs     map[string]any
}

func (b *builder) of(t reflect.Type) map[string]any {
	switch t.Kind() {
	case reflect.String:
		return map[string]any{"type": "string"}
	case reflect.Bool:
		return map[string]any{"type": "boolean"}
	case reflect.Int, reflect.Int64:
		return map[string]any{"type": "integer"}
	case reflect.Interface:
		return map[string]any{}
	case reflect.Slice:
		return map[string]any{"type": []any{"array", "null"}, "items": b.of(t.Elem())}
	case reflect.Map:
		return map[string]any{"type": []any{"object", "null"}, "additionalProperties": b.of(t.Elem())}
	case reflect.Pointer:
		return map[string]any{"anyOf": []any{b.of(t.Elem()), map[string]any{"type": "null"}}}
	case reflect.Struct:
		if _, seen := b.defs[t.Name()]; !seen {
			b.defs[t.Name()] = nil
			b.defs[t.Name()] = b.object(t)
		}
		return map[string]any{"$ref": "#/$defs/" + t.Name()}
	}
	panic("no schema for " + t.String())
}

func (b *builder) object(t reflect.Type) map[string]any {
	properties := map[string]any{}
	var required []string
	b.fields(t, properties, &required)
	slices.Sort(required)
	out := map[string]any{"type": "object", "properties": properties, "required": required, "additionalProperties": false}
	if c := b.comments[t.Name()]; c != "" {
		out["description"] = c
	}
	return out
}

func (b *builder) fields(t reflect.Type, properties map[string]any, required *[]string) {
	for f := range fieldsOf(t) {
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch {
		case f.Anonymous && name == "":
			b.fields(f.Type, properties, required)
			continue
		case name == "-" || !f.IsExported():
			continue
		}
		p := b.of(f.Type)
		if c := b.comments[t.Name()+"."+f.Name]; c != "" {
			p["description"] = c
		}
		properties[name] = p
		if !strings.Contains(options, "omitempty") {
			*required = append(*required, name)
		}
	}
}

func fieldsOf(t reflect.Type) func(func(reflect.StructField) bool) {
	return func(yield func(reflect.StructField) bool) {
		for i := range t.NumField() {
			if !yield(t.Field(i)) {
				return
			}
		}
	}
}

// comments reads the doc and line comments of the types in this package.
func comments(t *testing.T) map[string]string {
	t.Helper()
	out := map[string]string{}
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range parsed.Decls {
			g, ok := d.(*ast.GenDecl)
			if !ok {
				continue
			}
			for _, spec := range g.Specs {
				s, ok := spec.(*ast.TypeSpec)
				if !ok {
					continue
				}
				out[s.Name.Name] = text(g.Doc)
				if st, ok := s.Type.(*ast.StructType); ok {
					for _, f := range st.Fields.List {
						for _, n := range f.Names {
							c := text(f.Doc)
							if c == "" {
								c = text(f.Comment)
							}
							out[s.Name.Name+"."+n.Name] = c
						}
					}
				}
			}
		}
	}
	return out
}

func text(c *ast.CommentGroup) string {
	if c == nil {
		return ""
	}
	return strings.Join(strings.Fields(c.Text()), " ")
}
