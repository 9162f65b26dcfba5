package jsonnet

import (
	"errors"
	"fmt"
	"io/fs"
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

const library = `{
  local lib = self,
  port:: 8080,
  container(name, image='busybox:1'):: {
    name: name,
    image: image,
    ports: [{ containerPort: lib.port }],
  },
}
`

func TestPositions(t *testing.T) {
	t.Parallel()
	loc := source.Fixed(source.Position{File: "app.yaml", Line: 9})
	for _, tt := range []struct {
		name string
		prog string
		path source.Path
		want string
	}{
		{"a literal field", "{\n  a: {\n    b: 'x',\n  },\n}", source.Path{"a", "b"}, "main.jsonnet:3:8"},
		{"the program itself", "local a = 1;\n{ a: a }", nil, "main.jsonnet:2:1"},
		{"a local that a field uses", "local image = 'x:1';\n{\n  i: image,\n}", source.Path{"i"}, "main.jsonnet:1:15 (definition main.jsonnet:3:3)"},
		{"a field that is computed", "local tag = '1';\n{\n  i: 'x:' + tag,\n}", source.Path{"i"}, "main.jsonnet:3:3"},
		{"a list", "[\n  { a: 1 },\n  { a: 2 },\n]", source.Path{1, "a"}, "main.jsonnet:3:8"},
		{"joined lists", "[\n  { a: 1 },\n] + [\n  { a: 2 },\n]", source.Path{1, "a"}, "main.jsonnet:4:8"},
		{"an override", "{ a: 1,\n  b: 2 } + {\n  a: 3,\n}", source.Path{"a"}, "main.jsonnet:3:6"},
		{"what an override leaves", "{ a: 1,\n  b: 2 } + {\n  a: 3,\n}", source.Path{"b"}, "main.jsonnet:2:6"},
		{"an addition to a field", "{ s: { a: 1,\n  b: 2 } } + {\n  s+: { a: 3 },\n}", source.Path{"s", "b"}, "main.jsonnet:2:6"},
		{"what an addition sets", "{ s: { a: 1,\n  b: 2 } } + {\n  s+: { a: 3 },\n}", source.Path{"s", "a"}, "main.jsonnet:3:12"},
		{
			"a call into a library", "local k = import 'lib.libsonnet';\n{\n  c: k.container('web', 'nginx:1'),\n}", source.Path{"c", "image"},
			"main.jsonnet:3:25 (definition lib.libsonnet:6:5)",
		},
		{
			"a default of a library", "local k = import 'lib.libsonnet';\n{\n  c: k.container('web'),\n}", source.Path{"c", "image"},
			"lib.libsonnet:4:25 (definition lib.libsonnet:6:5)",
		},
		{
			"an override of a library's field", "local k = (import 'lib.libsonnet') + { port:: 80 };\n{\n  c: k.container('web'),\n}",
			source.Path{"c", "ports", 0, "containerPort"}, "main.jsonnet:1:47 (definition lib.libsonnet:7:15)",
		},
		{"a comprehension over a list", "[\n  { a: x }\n  for x in [\n    'p',\n    'q',\n  ]\n]", source.Path{1, "a"}, "main.jsonnet:5:5 (definition main.jsonnet:2:5)"},
		{"a comprehension with a condition", "[\n  { a: x }\n  for x in [1, 2, 3]\n  if x > 1\n]", source.Path{0, "a"}, "main.jsonnet:2:5~"},
		{"std.map", "std.map(function(x) {\n  a: x },\n  [1,\n  2])", source.Path{1, "a"}, "main.jsonnet:4:3 (definition main.jsonnet:2:3)"},
		{"an object comprehension", "{\n  [n]: {\n    a: n }\n  for n in ['p', 'q']\n}", source.Path{"q", "a"}, "main.jsonnet:4:18 (definition main.jsonnet:3:5)"},
		{"a branch", "{\n  a: if std.extVar('env') == 'prod' then {\n    b: 1 } else {\n    b: 2 },\n}", source.Path{"a", "b"}, "main.jsonnet:3:8~"},
		{"an external variable", "{\n  a: std.extVar('env'),\n}", source.Path{"a"}, "app.yaml:9 (definition main.jsonnet:2:3)"},
		{"a top-level argument", "local x = 1;\nfunction(replicas=1, tier='web')\n  { r: replicas, t: tier }", source.Path{"r"}, "app.yaml:9 (definition main.jsonnet:3:5)"},
		{"its default", "local x = 1;\nfunction(replicas=1, tier='web')\n  { r: replicas, t: tier }", source.Path{"t"}, "main.jsonnet:2:27 (definition main.jsonnet:3:18)"},
		{"what cannot be followed", "{\n  a: std.parseJson('{\"b\": 1}'),\n}", source.Path{"a", "b"}, "main.jsonnet:2:3~"},
		{"prune", "std.prune({\n  a: null,\n  b: 1,\n})", source.Path{"b"}, "main.jsonnet:3:6"},
		{"self and $", "{\n  n:: 'x',\n  a: { b: $.n, c: self.b },\n}", source.Path{"a", "c"}, "main.jsonnet:2:7 (definition main.jsonnet:3:16)"},
		{"characters beyond the plane", "{\n  '😀': 'ä', b: 'x',\n}", source.Path{"b"}, "main.jsonnet:2:17"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p := Program{File: "main.jsonnet", ExtVars: []Variable{{Name: "env", Value: "prod", Loc: loc}}}
			if strings.Contains(tt.prog, "function(replicas") {
				p.TLAs = []Variable{{Name: "replicas", Value: "3", Code: true, Loc: loc}}
			}
			r, err := Evaluate(files{"main.jsonnet": tt.prog, "lib.libsonnet": library}, p)
			if err != nil {
				t.Fatal(err)
			}
			l := r.Locator().Locate(tt.path)
			got := l.Position.String()
			if l.Approximate {
				got += "~"
			}
			for _, rel := range l.Related {
				got += fmt.Sprintf(" (%s %s)", rel.Role, rel.Position)
			}
			if got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, prog string
		want       string
	}{
		{"an import above the root", "{\n  a: import '../../etc/passwd',\n}", `app/main.jsonnet:2:6: import "../../etc/passwd" leaves the repository`},
		{"an absolute import", "{\n  a: importstr '/etc/passwd',\n}", `app/main.jsonnet:2:6: import "/etc/passwd" leaves the repository`},
		{"a binary import", "{\n  a: importbin '/etc/passwd',\n}", `app/main.jsonnet:2:6: import "/etc/passwd" leaves the repository`},
		{"a remote import", "import 'https://example.com/x.libsonnet'", `app/main.jsonnet:1:1: import "https://example.com/x.libsonnet" is remote; nothing is fetched`},
		{"a missing import", "import 'x.libsonnet'", `app/main.jsonnet:1:1: import "x.libsonnet" is not in the repository`},
		{"a missing import of a library", "import 'bad.libsonnet'", `app/bad.libsonnet:2:6: import "none" is not in the repository`},
		{"an import of a variable's code", "std.extVar('code')", `app/main.jsonnet:1:1: import "/etc/passwd" leaves the repository`},
		{"an endless recursion", "local f(x) = f(x + 1) + 1;\nf(0)", `app/main.jsonnet:1:14: Jsonnet calls are nested more than 500 deep`},
		{"a native function", "std.native('readFile')('/etc/passwd')", "app/main.jsonnet:1:1: Unexpected type null, expected function"},
		{"a fault of the syntax", "{\n  a: ,\n}", `app/main.jsonnet:2:6: Unexpected: "," while parsing terminal`},
		{"an unknown name", "{ a: b }", "app/main.jsonnet:1:6: Unknown variable: b"},
		{"an error of the program", "{\n  a: error 'no',\n}", "app/main.jsonnet:2:6: no"},
		{"too much output", "std.repeat('x', 200000)", "app/main.jsonnet: Jsonnet yields 200003 bytes, more than the limit of 200000"},
		{"too deep a value", strings.Repeat("[", 250) + strings.Repeat("]", 250), "app/main.jsonnet: Jsonnet yields a value that is nested more than 200 levels deep"},
		{"an external variable that nobody sets", "std.extVar('none')", "app/main.jsonnet:1:1: Undefined external variable: none"},
		{"a field that refers to itself", "{ a: self.a }", "app/main.jsonnet:1:6: Jsonnet calls are nested more than 500 deep"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := Evaluate(files{"app/main.jsonnet": tt.prog, "app/bad.libsonnet": "{\n  a: import 'none',\n}"}, Program{
				File: "app/main.jsonnet", OutputBytes: 200_000, ExtVars: []Variable{{Name: "code", Value: "import '/etc/passwd'", Code: true}},
			})
			var at *source.Error
			if !errors.As(err, &at) {
				t.Fatalf("got %v, want a *source.Error", err)
			}
			if !strings.HasPrefix(at.Error(), tt.want) {
				t.Errorf("got %s\nwant %s", at, tt.want)
			}
		})
	}
}

// The right-most library wins, what stands beside the importing file first.
func TestSearchOrder(t *testing.T) {
	t.Parallel()
	lent := files{
		"app/main.jsonnet": "[import 'a.libsonnet', import 'b.libsonnet', importstr 'c.txt']", "app/a.libsonnet": "1",
		"lib1/a.libsonnet": "2", "lib1/b.libsonnet": "3", "lib2/b.libsonnet": "4", "lib1/c.txt": "c", "c.txt": "never",
	}
	r, err := Evaluate(lent, Program{File: "app/main.jsonnet", Libs: []string{"app", "lib1", "lib2"}})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]any{int64(1), int64(4), "c"}, r.Value); diff != "" {
		t.Error(diff)
	}
}

// Positions of a program that is written to be followed without end are given
// up, not waited for.
func TestTrailIsBounded(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	b.WriteString("local a0 = { k: 1 };\n")
	for i := 1; i < 60; i++ {
		fmt.Fprintf(&b, "local a%d = a%d + a%d;\n", i, i-1, i-1)
	}
	b.WriteString("{ x: a0, y:: a59 }")
	r, err := Evaluate(files{"m": b.String()}, Program{File: "m"})
	if err != nil {
		t.Fatal(err)
	}
	r.Locator().Locate(source.Path{"y", "k"})
	if got := r.Locator().Locate(source.Path{"x", "k"}).Line; got != 1 {
		t.Errorf("line %d, want 1", got)
	}
}

func FuzzEvaluate(f *testing.F) {
	f.Add("{ a: [x for x in [1]] + [std.extVar('env')] }")
	f.Add("local f(x) = { a: x, b: self.a, c: super.d }; { d: 1 } + f(import 'lib.libsonnet')")
	f.Add("{ [k]: 1 for k in ['a', 'b'] }")
	f.Fuzz(func(t *testing.T, prog string) {
		if len(prog) > 200 || strings.Contains(prog, "std.") || strings.Contains(prog, "for") {
			return // loops cannot be stopped here
		}
		r, err := Evaluate(files{"m": prog, "lib.libsonnet": library}, Program{File: "m", OutputBytes: 1 << 20})
		if err != nil {
			var at *source.Error
			if !errors.As(err, &at) {
				t.Fatalf("got %v, want a *source.Error", err)
			}
			return
		}
		var walk func(v any, at source.Path)
		walk = func(v any, at source.Path) {
			if l := r.Locator().Locate(at); l.File == "" {
				t.Fatalf("no file for %v", at)
			}
			switch v := v.(type) {
			case map[string]any:
				for k, e := range v {
					walk(e, append(at[:len(at):len(at)], k))
				}
			case []any:
				for i, e := range v {
					walk(e, append(at[:len(at):len(at)], i))
				}
			}
		}
		walk(r.Value, nil)
	})
}
