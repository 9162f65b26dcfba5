package cue

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"sort"
	"strings"
	"testing"

	"gate/internal/source"

	"github.com/google/go-cmp/cmp"
)

type files map[string]string

func (f files) Exists(name string) bool { _, ok := f[name]; return ok }

func (f files) Read(name string) ([]byte, error) {
	s, ok := f[name]
	if !ok {
		return nil, fs.ErrNotExist
	}
	return []byte(s), nil
}

func (f files) List(dir string) []string {
	var out []string
	for name := range f {
		if path.Dir(name) == dir {
			out = append(out, name)
		}
	}
	sort.Strings(out)
	return out
}

const moduleFile = "module: \"example.com/acme@v0\"\nlanguage: version: \"v0.9.0\"\n"

var module = files{
	"cue.mod/module.cue": moduleFile,
	"lib/lib.cue":        "package lib\n\n#Web: {\n\tname:     string\n\treplicas: *1 | int\n\tkind:     \"Web\"\n}\n",
	"app/app.cue":        "package app\n\nimport \"example.com/acme/lib\"\n\nweb: lib.#Web & {\n\tname:     \"a\"\n\treplicas: 3\n}\nother: lib.#Web & {name: \"b\"}\n",
	"app/more.cue":       "package app\n\nimport \"strings\"\n\ntier: strings.ToUpper(\"x\") @tag(tier)\nregion: string @tag(region,short=eu|us)\nports: [80, 443]\n",
	"app/skip_tool.cue":  "package app\n\nbroken: {\n",
}

func TestPositions(t *testing.T) {
	t.Parallel()
	r, err := Evaluate(module, Program{Path: "app", Tags: []Tag{{"region", "eu-1"}}})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]any{
		"web":   map[string]any{"name": "a", "replicas": int64(3), "kind": "Web"},
		"other": map[string]any{"name": "b", "replicas": int64(1), "kind": "Web"},
		"tier":  "X", "region": "eu-1", "ports": []any{int64(80), int64(443)},
	}
	if diff := cmp.Diff(want, r.Value); diff != "" {
		t.Error(diff)
	}
	for _, tt := range []struct {
		path source.Path
		want string
	}{
		{source.Path{"web", "replicas"}, "app/app.cue:7:12"},
		{source.Path{"web", "name"}, "app/app.cue:6:12"},
		{source.Path{"web", "kind"}, "lib/lib.cue:6:12"},
		{source.Path{"other", "replicas"}, "lib/lib.cue:5:12"},
		{source.Path{"other", "name"}, "app/app.cue:9:26"},
		{source.Path{"web"}, "app/app.cue:5:17"},
		{source.Path{"ports", 1}, "app/more.cue:7:13"},
		{source.Path{"tier"}, "app/more.cue:5:7"},
		{source.Path{"region"}, "app/more.cue:6:9"},
		{source.Path{"web", "none"}, "app/app.cue:5:17~"},
	} {
		l := r.Locator().Locate(tt.path)
		got := l.Position.String()
		if l.Approximate {
			got += "~"
		}
		if got != tt.want {
			t.Errorf("%s: got %s, want %s", tt.path, got, tt.want)
		}
	}
}

func TestLoading(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		files files
		prog  Program
		want  any
	}{
		{"one file", files{"a.cue": "x: 1", "b.cue": "x: 2"}, Program{Path: "a.cue"}, map[string]any{"x": int64(1)}},
		{"an expression", files{"a.cue": "#s: string\nout: [{a: 1}]\nt: string"}, Program{Path: "a.cue", Expression: "out"}, []any{map[string]any{"a": int64(1)}}},
		{
			"the same package above it",
			files{"cue.mod/module.cue": moduleFile, "base.cue": "package k\nx: 1", "other.cue": "package o\nx: 9", "env/prod/p.cue": "package k\ny: x + 1"},
			Program{Path: "env/prod"}, map[string]any{"x": int64(1), "y": int64(2)},
		},
		{
			"not above the module",
			files{"base.cue": "package k\nx: 1", "m/cue.mod/module.cue": moduleFile, "m/p.cue": "package k\ny: 1"},
			Program{Path: "m"}, map[string]any{"y": int64(1)},
		},
		{
			"a vendored module",
			files{"cue.mod/module.cue": moduleFile, "cue.mod/pkg/other.org/x/x.cue": "package x\nv: 7", "a.cue": "import \"other.org/x\"\ny: x.v"},
			Program{Path: "a.cue"}, map[string]any{"y": int64(7)},
		},
		{"a package among two", files{"a.cue": "package a\nx: 1", "b.cue": "package b\nx: 2"}, Program{Path: ".", Package: "b"}, map[string]any{"x": int64(2)}},
		{"a number by tag", files{"a.cue": "n: int @tag(n,type=int)\nb: bool @tag(b,type=bool)"}, Program{Path: "a.cue", Tags: []Tag{{"n", "3"}, {"b", "true"}}}, map[string]any{"n": int64(3), "b": true}},
		{"hidden fields and definitions", files{"a.cue": "_h: string\n#D: string\no?: int\nx: 1"}, Program{Path: "a.cue"}, map[string]any{"x": int64(1)}},
		{"an ignored file", files{"a.cue": "package a\nx: 1", "b.cue": "@ignore()\n\npackage a\nx: 2"}, Program{Path: "."}, map[string]any{"x": int64(1)}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r, err := Evaluate(tt.files, tt.prog)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, r.Value); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	in := func(text string) files { return files{"cue.mod/module.cue": moduleFile, "a.cue": text} }
	for _, tt := range []struct {
		name  string
		files files
		prog  Program
		want  string
	}{
		{"a value that is not concrete", in("x: {\n\ty: string\n}"), Program{}, "a.cue:2:5: x.y: incomplete value string"},
		{"a conflict", in("x: \"hunter2\"\nx: \"hunter3\""), Program{}, `a.cue:1:4: x: conflicting values "…" and "…"`},
		{"a conflict of kinds", in("x: \"hunter2\"\nx: int"), Program{}, `a.cue:1:4: x: conflicting values "…" and int (mismatched types string and int)`},
		{"a bound", in("x: >5\nx: 3"), Program{}, "a.cue:1:4: x: invalid value 3 (out of bound >5)"},
		{"a fault of the syntax", in("x: {"), Program{}, "a.cue:1:5: expected '}', found 'EOF'"},
		{"an embedded file", in("@extern(embed)\n\npackage a\n\nx: _ @embed(file=\"/etc/passwd\")"), Program{}, "a.cue:1:1: @extern is not evaluated"},
		{"a file by condition", in("@if(prod)\n\npackage a\n\nx: 1"), Program{}, "a.cue:1:1: @if is not evaluated"},
		{"a variable of the machine", in("x: string @tag(x,var=hostname)"), Program{Tags: []Tag{{"x", "1"}}}, "a.cue:1:11: @tag with var depends on the machine; it is not evaluated"},
		{"a module that is not there", in("import \"other.org/x\"\ny: x.v"), Program{}, `a.cue:1:8: import "other.org/x" is not in the repository; nothing is fetched`},
		{"a package that is not there", in("import \"example.com/acme/none\"\ny: none.v"), Program{}, `a.cue:1:8: import "example.com/acme/none" is not in the module`},
		{"an import that climbs", in("import \"example.com/acme/../../x\"\ny: x.v"), Program{}, `a.cue:1:8: import "example.com/acme/../../x" leaves the module`},
		{"a command", in("import \"tool/exec\"\ny: exec.Run"), Program{}, `a.cue:1:8: import "tool/exec" runs commands; it is not evaluated`},
		{"a standard package that does not exist", in("import \"none\"\ny: none.v"), Program{}, "a.cue:1:8: builtin package \"none\" undefined"},
		{"an import that is not used", in("import \"list\"\nx: 1"), Program{}, "a.cue:1:8: imported and not used: \"list\""},
		{"a tag that nobody asks for", in("x: 1"), Program{Tags: []Tag{{"env", "prod"}}}, `a.cue: no field asks for tag "env"`},
		{"a tag that is no number", in("x: int @tag(n,type=int)"), Program{Tags: []Tag{{"n", "inf"}}}, `a.cue:1:8: tag "n" wants a number`},
		{"no package", files{"x/y.txt": ""}, Program{Path: "x"}, "x: there is no CUE package in the directory"},
		{"two packages", files{"x/a.cue": "package a", "x/b.cue": "package b"}, Program{Path: "x"}, `x/b.cue: the directory has the packages "a" and "b"`},
		{"an expression that is not there", in("x: 1"), Program{Expression: "y.z"}, `a.cue: the package has no field "y.z"`},
		{"an expression that is none", in("x: 1"), Program{Expression: "y..z"}, `a.cue: expression "y..z": `},
		{"too much output", in("x: \"" + strings.Repeat("x", 20_000) + "\""), Program{}, "a.cue: CUE yields 20008 bytes, more than the limit of 10000"},
		{"too deep a value", in("x: " + strings.Repeat("[", 250) + strings.Repeat("]", 250)), Program{}, "a.cue: CUE yields a value that is nested more than 200 levels deep"},
		{"a structure that holds itself", in("#a: b: #a\nx: #a"), Program{}, "a.cue: #a.b: structural cycle"},
		{
			"packages that import each other",
			files{
				"cue.mod/module.cue": moduleFile, "a.cue": "import \"example.com/acme/p\"\ny: p.v",
				"p/p.cue": "package p\nimport \"example.com/acme/q\"\nv: q.v", "q/q.cue": "package q\nimport \"example.com/acme/p\"\nv: p.v",
			},
			Program{}, "q/q.cue:2:8: import cycle: example.com/acme/p -> example.com/acme/q -> example.com/acme/p",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if tt.prog.Path == "" {
				tt.prog.Path = "a.cue"
			}
			tt.prog.OutputBytes = 10_000
			_, err := Evaluate(tt.files, tt.prog)
			var at *source.Error
			if !errors.As(err, &at) {
				t.Fatalf("got %v, want a *source.Error", err)
			}
			if !strings.HasPrefix(at.Error(), tt.want) {
				t.Errorf("got %s\nwant %s", at, tt.want)
			}
			if strings.Contains(at.Error()+at.Hint, "hunter") {
				t.Errorf("a value is shown: %s", at)
			}
		})
	}
}

func FuzzEvaluate(f *testing.F) {
	f.Add("x: *1 | int\ny: x & 2")
	f.Add("import \"strings\"\nx: strings.ToUpper(\"a\") @tag(x)")
	f.Add("#D: {a: string, b: [...int]}\nx: #D & {a: \"\\(1)\", b: [1]}")
	f.Add("@extern(embed)\nx: _ @embed(glob=*)")
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > 120 || strings.Count(text, "|") > 4 || strings.Contains(text, "*") && strings.Contains(text, "strings.") || strings.Contains(text, "list") {
			return // work that cannot be stopped here
		}
		r, err := Evaluate(files{"a.cue": text}, Program{Path: "a.cue", OutputBytes: 1 << 20})
		if err != nil {
			var at *source.Error
			if !errors.As(err, &at) {
				t.Fatalf("got %v, want a *source.Error", err)
			}
			return
		}
		if l := r.Locator().Locate(source.Path{"x"}); l.File != "a.cue" {
			t.Fatal(fmt.Sprint("no file for x: ", l))
		}
	})
}
