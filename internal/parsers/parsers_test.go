package parsers

import (
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"gate/internal/source"
	"gate/internal/source/sourcetest"

	"github.com/google/go-cmp/cmp"
)

// The values of each format are held against conftest's own in package policy.

func TestNothingOutsideOfTheTree(t *testing.T) {
	t.Parallel()
	tree := sourcetest.Tree{"app/own.libsonnet": "{}"}
	for _, c := range []struct{ file, text, want string }{
		{"app/a.jsonnet", `importstr "/etc/passwd"`, "leaves the repository"},
		{"app/a.jsonnet", `import "../../etc/passwd"`, "not in the repository"},
		{"app/a.jsonnet", `import "https://example.com/x.libsonnet"`, "leaves the repository"},
		{"app/a.jsonnet", `std.extVar("PATH")`, "undefined external variable"},
		{"a.hocon", `include "/etc/passwd"`, "nothing is included"},
		{"a.hocon", `a { include "app/own.libsonnet" }`, "nothing is included"},
	} {
		_, err := Read(File{Path: c.file, Data: []byte(c.text), Tree: tree})
		if err == nil || !strings.Contains(strings.ToLower(err.Error()), c.want) {
			t.Errorf("%s: %v, want %q", c.text, err, c.want)
		}
	}
	if _, err := Value(File{Data: []byte(`import "own.libsonnet"`), Parser: "jsonnet"}); err == nil {
		t.Error("text without a tree imports a file")
	}
}

// Without t.Parallel: it sets the environment.
func TestNothingOfTheEnvironment(t *testing.T) {
	t.Setenv("GATE_TEST_OUTSIDE", "of the machine")
	t.Setenv("GATE_TEST", "of the machine")
	for _, c := range []struct {
		parser, text string
		want         map[string]any
	}{
		{"dotenv", "A=$GATE_TEST_OUTSIDE\nB=${GATE_TEST}x\n", map[string]any{"A": "", "B": "x"}},
		{"dotenv", "GATE_TEST=own\nB=$GATE_TEST\nC='$GATE_TEST'\n", map[string]any{"GATE_TEST": "own", "B": "own", "C": "$GATE_TEST"}},
		{"hocon", "a { b = ${?GATE_TEST}, c = 1 }\n", map[string]any{"a": map[string]any{"b": "<<unknown value>>", "c": 1.0}}},
		{"properties", "a = ${GATE_TEST}/x\n", map[string]any{"a": "${GATE_TEST}/x"}},
	} {
		got, err := Value(File{Path: "a", Data: []byte(c.text), Parser: c.parser})
		if diff := cmp.Diff(any(c.want), got); diff != "" || err != nil {
			t.Errorf("%s of %q: %v\n%s", c.parser, c.text, err, diff)
		}
	}
	for _, e := range os.Environ() {
		name, _, _ := strings.Cut(e, "=")
		got, err := Value(File{Path: "a", Data: []byte("A=$" + name + "\nB=${" + name + "}\n"), Parser: "dotenv"})
		if want := (map[string]any{"A": "", "B": ""}); name == strings.ToUpper(name) && !cmp.Equal(any(want), got) {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
}

func TestErrorsHavePlaces(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ file, text, want string }{
		{"a.json", "{\n  \"a\": 1,\n  b\n}\n", "a.json:3: no JSON"},
		{"a.json", "{\"a\": 1,\n \"a\": 2}\n", "a.json:2:2: key \"a\" is already defined"},
		{"a.yaml", "a: 1\nb: [\n", "a.yaml:"},
		{"a.toml", "a = \n", "a.toml: "},
		{"a.txt", "", "a.txt: no parser"},
		{"Dockerfile", "", "Dockerfile: "},
	} {
		_, err := Read(File{Path: c.file, Data: []byte(c.text)})
		if err == nil || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("%s %q: %v, want %q", c.file, c.text, err, c.want)
		}
	}
	_, err := Read(File{Path: "a.spdx", Data: []byte(strings.Repeat("x", 10000))})
	if err == nil || len(err.Error()) > 400 {
		t.Errorf("an error repeats the file: %v", err)
	}
}

func TestOrigins(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		file, text string
		path       source.Path
		want       []int // lines, by document
	}{
		{"a.yaml", "# c\n---\na: 1\n---\n---\nb:\n  a: 2\n", nil, []int{1, 3, 6}},
		{"a.yaml", "- a: 1\n\n- a: 2\n", source.Path{"a"}, []int{1, 3}},
		{"a.json", "[\n{\"a\": 1},\n{\n\"a\": 2}]\n", source.Path{"a"}, []int{2, 4}},
		{"a.toml", "\na = 1\n", source.Path{"a"}, []int{1}},
	} {
		parts, err := Read(File{Path: c.file, Data: []byte(c.text)})
		var got []int
		for _, p := range parts {
			got = append(got, p.Origin.Locate(c.path).Line)
		}
		if err != nil || !slices.Equal(got, c.want) {
			t.Errorf("%q: lines %v, %v, want %v", c.text, got, err, c.want)
		}
	}
}

// FuzzRead reads hostile files: no panic leaves a parser, and the values have the
// shapes that are promised.
func FuzzRead(f *testing.F) {
	for _, seed := range []struct{ parser, text string }{
		{"yaml", "a: 1\n---\n- b\n"}, {"json", `[{"a": "\ud83d\ude00"}]`}, {"jsonc", "{/**/}"}, {"dockerfile", "FROM a\nRUN <<E\nE\n"},
		{"hcl1", "a \"b\" { c = 1 }"}, {"hcl2", "a \"b\" { c = 1 }"}, {"toml", "[[a]]\nb = 1979-05-27"}, {"ini", "[a]\nb=1"},
		{"dotenv", "A=$PATH"}, {"properties", "a=${b}"}, {"xml", "<a b=\"c\"/>"}, {"edn", "{:a [1]}"}, {"vcl", "backend a { .host = \"b\"; }"},
		{"ignore", "!a"}, {"nginx", "a { b c; }"}, {"codeowners", "* @a"}, {"spdx", "SPDXID: a"}, {"cyclonedx", "{}"}, {"hocon", "a { b = ${?c} }"},
	} {
		f.Add(seed.parser, []byte(seed.text))
	}
	f.Fuzz(func(t *testing.T, parser string, data []byte) {
		if !slices.Contains(Names(), parser) || slices.Contains([]string{"jsonnet", "cue", "groovy", "hocon", "vcl"}, parser) || len(data) > 1<<12 {
			return // programs may take any time
		}
		parts, err := Read(File{Path: "a", Data: data, Parser: parser, Tree: sourcetest.Tree{}})
		if err != nil {
			return
		}
		for _, p := range parts {
			if _, err := shaped(p.Value); err != nil {
				t.Errorf("%s of %q: %v", parser, data, err)
			}
		}
	})
}

// TestNothingOfTheFile: what a parser says of a file that it cannot read repeats nothing
// that may be secret in it, neither as text nor as its bytes.
func TestNothingOfTheFile(t *testing.T) {
	const planted = "hunter2zzz9Qx"
	var digits []string
	for _, b := range []byte(planted) {
		digits = append(digits, strconv.Itoa(int(b)))
	}
	failed := 0
	for _, parser := range Names() {
		for _, text := range []string{
			planted, "password " + planted, "password: \"" + planted, "{\"password\": \"" + planted, "a = \"" + planted + "\n}", "<a>" + planted,
			"[" + planted, planted + " {", "FROM x\n" + planted + " y", "a {\n " + planted + " =\n", "SPDXVersion " + planted, "error \"" + planted + "\"",
			"import \"" + planted, "{a: " + planted + "}", "(" + planted + " 1}", "sub " + planted + " { " + planted,
		} {
			_, err := Read(File{Path: "x", Parser: parser, Data: []byte(text)})
			if err == nil {
				continue
			}
			failed++
			if msg := err.Error(); strings.Contains(msg, planted) || strings.Contains(msg, planted[:8]) || strings.Contains(msg, strings.Join(digits[:5], " ")) {
				t.Errorf("%s of %q: %s", parser, text, msg)
			}
		}
	}
	if failed < 100 {
		t.Errorf("only %d texts were refused", failed)
	}
}
