package doc

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func document() map[string]any {
	return map[string]any{
		"":     "empty key",
		"kind": "Pod",
		"none": nil,
		"metadata": map[string]any{
			"labels":      map[string]any{"app": "web", "replicas": 3},
			"annotations": map[string]any{"note": "x"},
		},
		"spec": map[string]any{"hostNetwork": true, "containers": []any{map[string]any{"name": "a", "args": []any{"-v", 1, "-w"}}}},
	}
}

func TestLookup(t *testing.T) {
	for _, c := range []struct {
		name string
		path []any
		want any
		ok   bool
	}{
		{"the document itself", nil, document(), true},
		{"key", []any{"kind"}, "Pod", true},
		{"null is there", []any{"none"}, nil, true},
		{"index", []any{"spec", "containers", 0, "name"}, "a", true},
		{"missing key", []any{"spec", "volumes"}, nil, false},
		{"behind the end", []any{"spec", "containers", 1}, nil, false},
		{"before the start", []any{"spec", "containers", -1}, nil, false},
		{"key of a list", []any{"spec", "containers", "0"}, nil, false},
		{"index of a map is not its empty key", []any{0}, nil, false},
		{"member of a text", []any{"kind", "x"}, nil, false},
		{"member of null", []any{"none", "x"}, nil, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, ok := Lookup(document(), c.path...)
			if diff := cmp.Diff(c.want, got); diff != "" || ok != c.ok {
				t.Errorf("found %v, want %v\n%s", ok, c.ok, diff)
			}
		})
	}
}

func TestTyped(t *testing.T) {
	d := document()
	for _, c := range []struct {
		name      string
		got, want any
	}{
		{"text", Text(d, "kind"), "Pod"},
		{"text of a map", Text(d, "spec"), ""},
		{"bool", Bool(d, "spec", "hostNetwork"), true},
		{"bool of a text", Bool(d, "kind"), false},
		{"list", List(d, "spec", "containers", 0, "args"), []any{"-v", 1, "-w"}},
		{"list of a map", List(d, "spec"), []any(nil)},
		{"map", Map(d, "metadata", "annotations"), map[string]any{"note": "x"}},
		{"map of nothing", Map(nil, "x"), map[string]any(nil)},
		{"texts", Texts(d, "spec", "containers", 0, "args"), []string{"-v", "-w"}},
		{"labels", Labels(d), map[string]string{"app": "web"}},
		{"labels of nothing", Labels(nil), map[string]string{}},
		{"annotations", Annotations(d), map[string]string{"note": "x"}},
	} {
		if diff := cmp.Diff(c.want, c.got); diff != "" {
			t.Errorf("%s:\n%s", c.name, diff)
		}
	}
}

func TestReplace(t *testing.T) {
	for _, c := range []struct {
		name string
		path []any
		text func(any) string // what the replaced place holds then
		same bool
	}{
		{"member", []any{"kind"}, func(v any) string { return Text(v, "kind") }, false},
		{"element", []any{"spec", "containers", 0}, func(v any) string { return Text(v, "spec", "containers", 0) }, false},
		{"whole", nil, func(v any) string { return Text(v) }, false},
		{"missing member", []any{"x"}, nil, true},
		{"missing element", []any{"spec", "containers", 4}, nil, true},
		{"below a scalar", []any{"kind", "x"}, nil, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := document()
			got := Replace(d, c.path, "new")
			if diff := cmp.Diff(document(), d); diff != "" {
				t.Errorf("the document itself was changed:\n%s", diff)
			}
			if c.same {
				if diff := cmp.Diff(any(document()), got); diff != "" {
					t.Errorf("a path that is not there changed:\n%s", diff)
				}
				return
			}
			if c.text(got) != "new" {
				t.Errorf("got %v", got)
			}
		})
	}
}

func TestCloneIsNotShared(t *testing.T) {
	d := document()
	c := Clone(d)
	Map(d, "metadata", "labels")["app"] = "changed"
	List(d, "spec", "containers")[0] = nil
	if diff := cmp.Diff(any(document()), c); diff != "" {
		t.Error(diff)
	}
}

func TestRewriteAndAny(t *testing.T) {
	d := document()
	got := Rewrite(d, func(string) string { return "*" })
	if Text(got, "spec", "containers", 0, "name") != "*" || Text(got, "kind") != "*" || At(got, "metadata", "labels", "replicas") != 3 {
		t.Errorf("got %v", got)
	}
	is := func(want any) func(any) bool {
		return func(v any) bool {
			s, ok := v.(string)
			return ok && s == want
		}
	}
	if !Any(d, is("-w")) || Any(d, is("spec")) {
		t.Error("Any looks at values inside maps and lists, not at keys")
	}
}
