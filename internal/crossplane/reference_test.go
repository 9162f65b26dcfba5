package crossplane

import (
	"testing"

	"gate/internal/doc"
	"gate/internal/source"

	"github.com/google/go-cmp/cmp"
)

// A field is a reference by its name and by the shape of its value.
func TestReferenceOf(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		field, value string // the value in YAML
		want         string // what it refers to, "" if it is no reference
	}{
		{"passwordSecretRef", "{name: db, key: password}", "passwordSecretRef.db"},
		{"connectionSecretRef", "{name: db, namespace: apps}", "connectionSecretRef.db"},
		{"passwordSecretRef", "[{name: a, key: x}, {name: b, key: y}]", "passwordSecretRef.a"},
		{"passwordSecretRef", "{name: db}", ""},
		{"passwordSecretRef", "{key: password}", ""},
		{"passwordSecretRef", "[{name: a, key: x}, {name: b}]", ""},
		{"passwordSecretRef", "[]", ""},
		{"SecretRef", "{name: db, key: password}", ""},
		{"subnetIdRef", "{name: a}", "subnetIdRef.a"},
		{"subnetIdRef", "{name: a, kind: Subnet}", ""},
		{"subnetIdRefs", "[{name: a}, {name: b}]", "subnetIdRefs.a,b"},
		{"subnetIdRefs", "[{name: a}, b]", ""},
		{"subnetIdSelector", "{matchLabels: {a: b}}", "subnetIdSelector"},
		{"subnetIdSelector", "{}", ""},
		{"subnetId", "{name: a}", ""},
	} {
		docs, err := source.ParseManifests("a.yaml", []byte(c.value))
		if err != nil {
			t.Fatal(err)
		}
		v := docs[0].Value
		ref, ok := referenceOf(c.field, v, map[string]any{c.field: v})
		if got := ref.to; ok != (c.want != "") || ok && got != c.want {
			t.Errorf("%s: %s: refers to %q (%v), want %q", c.field, c.value, got, ok, c.want)
		}
	}
}

// A map may be written as a list of keys and values, of which there are two
// forms.
func TestLocateInPairs(t *testing.T) {
	t.Parallel()
	m, parsed := parse(t, "spec:\n  forProvider:\n    tags:\n    - {key: a, value: \"1\"}\n    - {tagKey: b, tagValue: \"2\"}\n    - {key: c, tagKey: a}\n")
	r := &managed{spec: doc.Map(m, "spec"), reader: reader{t: load(t)}}
	for key, want := range map[string]int{"a": 4, "b": 5, "c": 6, "none": 3} {
		at, _ := parsed.Locate(r.path(source.Path{"tags", key}))
		if diff := cmp.Diff(want, at.Line); diff != "" {
			t.Errorf("tags.%s: %s", key, diff)
		}
	}
}
