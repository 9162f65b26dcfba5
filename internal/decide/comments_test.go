package decide

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const waiveX = `gate:waive k8s/x until=2026-06-20 owner=@x reason="r"`

// Text that looks like a comment is one only where the language has one. W stands for
// the waiver; the lines are those that carry it.
func TestComments(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		file, text string
		want       []int
	}{
		"behind a value":           {"a.yaml", "a: b # W\n", []int{1}},
		"alone":                    {"a.yaml", "a:\n  # W\n  b: c\n", []int{2}},
		"in a quoted value":        {"a.yaml", "a: \"b # W\"\nc: 'd # W'\ne: [\"# W\"]\n", nil},
		"behind a quoted value":    {"a.yaml", "a: \"b \\\" c\" # W\nb: 'it''s' # W\nc: it's # W\n", []int{1, 2, 3}},
		"in a quoted text of many": {"a.yaml", "a: \"b\n  # W\n  c\" # W\n", []int{3}},
		"in a block scalar":        {"a.yaml", "a: |\n  # W\n\n  b # W\nc: d # W\n", []int{5}},
		"in a folded scalar":       {"a.yaml", "a: &x !!str >-\n  # W\nc: d\n", nil},
		"in a block of a list":     {"a.yaml", "- |\n # W\n- a: |\n    # W\n  b: c # W\n- - |2\n   # W\n", []int{5}},
		"behind a block's header":  {"a.yaml", "a: | # W\n  b\n", []int{1}},
		"the document is a text":   {"a.yaml", "--- |\n# W\n---\na: b # W\n", []int{4}},
		"a bar that is no block":   {"a.yaml", "a: b|\n# W\nc: d\n", []int{2}},
		"touching":                 {"a.yaml", "a: b# W\n", nil},
		"with an anchor":           {"a.yaml", "a: &b \"# W\"\nc: !!str '# W'\nd: ! \"# W\"\n", nil},
		"in a template":            {"a.yaml", "a: {{ default \"x # W\" .b }}\nc: d {{/* W */}}\ne: {{ .f }} # W\n", []int{2, 3}},
		"in an open action":        {"a.yaml", "a: {{ list\n  \"# W\"\n}} # W\n", []int{3}},
		"HCL":                      {"a.tf", "a = 1 # W\nb = 2 // W\n/* W */\nc = \"# W\"\nd = <<E\n# W\nE\n/*\n# W\n*/\n", []int{1, 2, 3, 9}},
		"JSON":                     {"a.json", "{\"a\": \"b\"} # W\n", nil},
		"Dockerfile":               {"Dockerfile.prod", "# W\nUSER root\nLABEL a=\"# W\"\n", []int{1}},
		"CUE":                      {"a.cue", "a: 1 // W\nb: \"// W\"\n", []int{1}},
	} {
		comments := readComments(c.file, []byte(strings.ReplaceAll(c.text, "W", waiveX)))
		var got []int
		for n := range comments.lines {
			if _, ok, err := Inline(comments.comment(n + 1)); ok && err == nil {
				got = append(got, n+1)
			}
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// A place is found again where lines moved and values changed, and is another one in
// another object, element or block. The places of the lines with W are compared.
func TestWaivedPlace(t *testing.T) {
	t.Parallel()
	const pod = "kind: Pod\nmetadata: {name: a}\nspec:\n  containers:\n    - image: x\n      name: web\n      privileged: true # W\n"
	const template = "kind: Pod\nmetadata:\n  name: a\nspec:\n  {{ if .x }}\n  containers:\n    - image: x\n      name: web\n      # W\n      privileged: true\n  {{ end }}\n"
	for name, c := range map[string]struct {
		file, base, head string
		want             bool
	}{
		"as it was":                   {"a.yaml", pod, pod, true},
		"lines moved":                 {"a.yaml", pod, "# more\nkind: ConfigMap\n---\n" + strings.Replace(pod, "image: x", "image: y", 1), true},
		"above instead of beside":     {"a.yaml", pod, strings.Replace(pod, "privileged: true # W", "# W\n      privileged: false", 1), true},
		"another object":              {"a.yaml", pod, strings.Replace(pod, "name: a", "name: b", 1), false},
		"another kind":                {"a.yaml", pod, strings.Replace(pod, "kind: Pod", "kind: Job", 1), false},
		"another container":           {"a.yaml", pod, strings.Replace(pod, "name: web", "name: other", 1), false},
		"another field":               {"a.yaml", pod, strings.Replace(pod, "privileged", "stdin", 1), false},
		"another document":            {"a.yaml", "kind: A\nmetadata: {name: a}\nx: y # W\n---\nkind: B\nmetadata: {name: a}\nx: y\n", "kind: A\nmetadata: {name: a}\nx: y\n---\nkind: B\nmetadata: {name: a}\nx: y # W\n", false},
		"a text became a comment":     {"a.yaml", "kind: A\na: |\n  # W\nx: y\n", "kind: A\n# W\nx: y\n", false},
		"an item of a list":           {"a.yaml", "kind: List\nitems:\n- kind: A\n  metadata: {name: a}\n  x: y # W\n- kind: A\n  metadata: {name: b}\n  x: y\n", "kind: List\nitems:\n- kind: A\n  metadata: {name: a}\n  x: y\n- kind: A\n  metadata: {name: b}\n  x: y # W\n", false},
		"values":                      {"values.yaml", "a: {b: 1}\nc:\n  d: e # W\n", "c:\n  d: f # W\n", true},
		"other values":                {"values.yaml", "c:\n  d: e # W\n", "a:\n  d: e # W\n", false},
		"a template":                  {"t/a.yaml", template, "{{ $x := 1 }}\n" + strings.Replace(template, "image: x", "image: y", 1), true},
		"another template's object":   {"t/a.yaml", template, strings.Replace(template, "name: a", "name: b", 1), false},
		"another template's element":  {"t/a.yaml", template, strings.Replace(template, "name: web", "name: b", 1), false},
		"another field of a template": {"t/a.yaml", template, strings.Replace(template, "privileged: true", "stdin: true", 1), false},
		"a block":                     {"a.tf", "resource \"a\" \"b\" {\n  c = 1 # W\n}\n", "\n\nresource \"a\" \"b\" {\n  d = 1\n  c = 2 # W\n}\n", true},
		"another block":               {"a.tf", "resource \"a\" \"b\" {\n  c = 1 # W\n}\n", "resource \"a\" \"x\" {\n  c = 1 # W\n}\n", false},
		"a block in a block":          {"a.tf", "resource \"a\" \"b\" {\n  i {\n    # W\n    c = 1\n  }\n  i {\n    c = 1\n  }\n}\n", "resource \"a\" \"b\" {\n  i {\n    c = 1\n  }\n  i {\n    # W\n    c = 1\n  }\n}\n", false},
		"a heredoc":                   {"a.tf", "resource \"a\" \"b\" {\n  c = <<E\n# W\nE\n}\n", "resource \"a\" \"b\" {\n  c = 1 # W\n}\n", false},
	} {
		place := func(text string) (out string) {
			comments := readComments(c.file, []byte(strings.ReplaceAll(text, "W", waiveX)))
			for n := range comments.lines {
				if _, ok, _ := Inline(comments.comment(n + 1)); ok {
					out += fmt.Sprintf("%q", comments.waivedPlace(comments.waives(n+1)))
				}
			}
			return out
		}
		base, head := place(c.base), place(c.head)
		if got := base == head; got != c.want || head == "" {
			t.Errorf("%s: the same: %v, want %v\n%s\n%s", name, got, c.want, base, head)
		}
	}
}

// FuzzComments reads any text.
func FuzzComments(f *testing.F) {
	f.Add("a.yaml", "a: |\n  # W\nb: \"c\n# W\" # W\n{{/*\n")
	f.Add("a.tf", "/* W\n*/ a = <<E\n# W\nE\n")
	f.Fuzz(func(t *testing.T, file, text string) {
		c := readComments(file, []byte(text))
		for n := range c.lines {
			if c.comment(n+1) != "" {
				c.waivedPlace(c.waives(n + 1))
			}
		}
	})
}
