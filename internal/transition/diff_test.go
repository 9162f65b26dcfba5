package transition

import (
	"encoding/json"
	"testing"

	"gate/internal/facts"

	"github.com/google/go-cmp/cmp"
)

func object(t testing.TB, text string) map[string]any {
	t.Helper()
	var out map[string]any
	if err := json.Unmarshal([]byte(text), &out); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return out
}

func TestDiff(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, before, after string
		want                []Difference
	}{
		{"nothing", `{"a": 1}`, `{"a": 1}`, nil},
		{"null is absent", `{"a": 1, "b": null}`, `{"a": 1}`, nil},
		{"an empty object is not", `{}`, `{"emptyDir": {}}`,
			[]Difference{{Path: "emptyDir", After: map[string]any{}, HasAfter: true}}},
		{"number and text", `{"a": 1}`, `{"a": "1"}`,
			[]Difference{{Path: "a", Before: 1.0, After: "1", HasBefore: true, HasAfter: true}}},
		{"keys that are no words", `{"metadata": {"labels": {"app.kubernetes.io/name": "a"}}}`, `{"metadata": {"labels": {}}}`,
			[]Difference{{Path: `metadata.labels["app.kubernetes.io/name"]`, Before: "a", HasBefore: true}}},
		{"an element by its name", `{"c": [{"name": "a", "v": 1}, {"name": "b", "v": 1}]}`, `{"c": [{"name": "b", "v": 2}]}`,
			[]Difference{
				{Path: "c[name=a]", Before: map[string]any{"name": "a", "v": 1.0}, HasBefore: true},
				{Path: "c[name=b].v", Before: 1.0, After: 2.0, HasBefore: true, HasAfter: true}}},
		{"an element with a hostile name", `{"c": [{"name": "a]b"}]}`, `{"c": []}`,
			[]Difference{{Path: `c[name="a]b"]`, Before: map[string]any{"name": "a]b"}, HasBefore: true}}},
		{"another order of named elements", `{"c": [{"name": "a"}, {"name": "b"}]}`, `{"c": [{"name": "b"}, {"name": "a"}]}`,
			[]Difference{{Path: "c", Before: []any{"a", "b"}, After: []any{"b", "a"}, HasBefore: true, HasAfter: true}}},
		{"lists of values", `{"args": ["a", "b"]}`, `{"args": ["a", "c"]}`,
			[]Difference{{Path: "args[1]", Before: "b", After: "c", HasBefore: true, HasAfter: true}}},
		{"lists of another length", `{"args": ["a"]}`, `{"args": ["a", "c"]}`,
			[]Difference{{Path: "args", Before: []any{"a"}, After: []any{"a", "c"}, HasBefore: true, HasAfter: true}}},
		{"ports", `{"ports": [{"containerPort": 80}]}`, `{"ports": [{"containerPort": 80, "protocol": "UDP"}]}`,
			[]Difference{{Path: "ports[containerPort=80].protocol", After: "UDP", HasAfter: true}}},
		{"names that stand twice", `{"c": [{"name": "a"}, {"name": "a", "v": 1}]}`, `{"c": [{"name": "a"}, {"name": "a", "v": 2}]}`,
			[]Difference{{Path: "c[1].v", Before: 1.0, After: 2.0, HasBefore: true, HasAfter: true}}},
		{"a list becomes an object", `{"a": []}`, `{"a": {}}`,
			[]Difference{{Path: "a", Before: []any{}, After: map[string]any{}, HasBefore: true, HasAfter: true}}},
	} {
		if diff := cmp.Diff(c.want, Diff(Same(object(t, c.before)), Same(object(t, c.after)))); diff != "" {
			t.Errorf("%s: %s", c.name, diff)
		}
	}
}

// What is hidden differs by what it is and shows nothing of it, not even what
// is inside of it.
func TestDiffHides(t *testing.T) {
	t.Parallel()
	shown := object(t, `{"data": {"a": {"$redacted": "secret"}, "b": {"$redacted": "secret"}}}`)
	got := Diff(
		Side{object(t, `{"data": {"a": {"x": "old"}, "b": "same"}}`), shown},
		Side{object(t, `{"data": {"a": {"x": "new"}, "b": "same"}}`), shown})
	mark := facts.Redacted("secret")
	want := []Difference{{Path: "data.a", Before: mark, After: mark, HasBefore: true, HasAfter: true, Sensitive: true}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// Two states differ exactly if Equal says so, and the difference is the same
// seen from the other side.
func FuzzDiff(f *testing.F) {
	for _, s := range [][2]string{
		{`{"a": [{"name": "x"}]}`, `{"a": [{"name": "x", "v": null}]}`},
		{`{"a": [1, {"name": "x"}], "b": {"c": null}}`, `{"a": [{"name": 1}]}`},
		{`{"": {"": ""}}`, `{"": []}`},
	} {
		f.Add(s[0], s[1])
	}
	f.Fuzz(func(t *testing.T, x, y string) {
		var a, b map[string]any
		if json.Unmarshal([]byte(x), &a) != nil || json.Unmarshal([]byte(y), &b) != nil {
			return
		}
		there, back := Diff(Same(a), Same(b)), Diff(Same(b), Same(a))
		if (len(there) == 0) != Equal(a, b) {
			t.Errorf("%d differences, but equal is %v", len(there), Equal(a, b))
		}
		if diff := cmp.Diff(Paths(there), Paths(back)); diff != "" {
			t.Error(diff)
		}
		for _, d := range there {
			if got, ok := Lookup(b, d.Path); ok && d.HasAfter && !Equal(got, d.After) {
				if _, order := d.After.([]any); !order { // the names of a list, by its path
					t.Errorf("%s: %v stands there, not %v", d.Path, got, d.After)
				}
			}
		}
		before := facts.Object{Manifest: b, Change: &facts.ResourceChange{Action: "updated", Before: a, Paths: Paths(there)}}
		if _, err := Of(&facts.Facts{Objects: []facts.Object{before}}, Options{}); err != nil {
			t.Error(err)
		}
	})
}

// What differs at a path stands there.
func TestLookup(t *testing.T) {
	t.Parallel()
	document := map[string]any{
		"a.b": map[string]any{"c": "dotted"}, "a": map[string]any{"b": "plain", "null": nil},
		"list":  []any{[]any{"x"}, map[string]any{"k": 1}},
		"named": []any{map[string]any{"name": "web", "v": "1"}, map[string]any{"name": "job 2", "v": "2"}},
		"twice": []any{map[string]any{"name": "web", "v": "1"}, map[string]any{"name": "web", "v": "2"}},
		"ports": []any{map[string]any{"name": "a", "port": 80, "v": "1"}},
	}
	for path, want := range map[string]any{
		`["a.b"].c`: "dotted", "a.b": "plain", "a.null": nil, "list[0][0]": "x", "list[1].k": 1,
		"named[0].v": "1", "named[name=web].v": "1", `named[name="job 2"].v`: "2", "ports[port=80].v": "1", "twice[1].v": "2",
	} {
		if got, ok := Lookup(document, path); !ok || got != want {
			t.Errorf("%s: %v %v, want %v", path, got, ok, want)
		}
	}
	for _, path := range []string{"a.b.c", "a.c", "list[2]", "list[0", "twice[name=web].v", "named[name=x].v", "b", "a.b "} {
		if got, ok := Lookup(document, path); ok {
			t.Errorf("%s: found %v", path, got)
		}
	}
	for _, d := range Diff(Same(map[string]any{"c": []any{map[string]any{"name": "a"}}}), Same(map[string]any{"c": []any{map[string]any{"name": "a", "env": []any{map[string]any{"name": "X-1", "value": "v"}}}}})) {
		if got, ok := Lookup(map[string]any{"c": []any{map[string]any{"name": "a", "env": []any{map[string]any{"name": "X-1", "value": "v"}}}}}, d.Path); !ok || !Equal(got, d.After) {
			t.Errorf("%s: %v %v", d.Path, got, ok)
		}
	}
}
