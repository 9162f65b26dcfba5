package deploy

import (
	"encoding/json"
	"testing"
)

// FuzzJQPath holds that what is accepted is deleted from a document, in bounded
// time and without a panic.
func FuzzJQPath(f *testing.F) {
	for _, seed := range []string{
		".spec.replicas", ".spec.l[]?.a, .spec.m", `.spec.l[] | select(.a == "x" and (.b | not)).c`, `.metadata.annotations["a.b/c"]`, `.l[1:]`, `.l[-1]`,
		`(.a,.b)|(.c,.d)`, `..`, `.a | recurse`, `def f: f; f`, `.a as $x | .b`, `.a) | (.b`, `.a // .b`, `select(.a[] == 1)`, `.a[.b]`, `.a["\(.b)"]`, `"`, ``,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		p, err := parseJQPath(text)
		if err != nil {
			return
		}
		var document any
		if err := json.Unmarshal([]byte(`{"metadata": {"annotations": {"a.b/c": "x"}}, "spec": {"replicas": 2, "l": [{"a": "x", "b": false, "c": 1}, {"a": 1}], "m": {"k": [1, 2, [3]]}}, "l": [1, 2], "a": [1], "b": 0}`), &document); err != nil {
			t.Fatal(err)
		}
		if _, err := json.Marshal(p.deleted(document)); err != nil {
			t.Errorf("%q: %v", text, err)
		}
	})
}
