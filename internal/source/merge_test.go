package source

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// What a mapping says itself overrides what it merges, wherever the merge key
// stands, and of what is merged the first one counts:
// https://yaml.org/type/merge.html. The place is that of the value that won.
func TestMergeKeys(t *testing.T) {
	t.Parallel()
	const anchors = "x: &x {k: fromX, only: fromX}\ny: &y {k: fromY, other: fromY}\n" // lines 1 and 2
	for _, c := range []struct {
		name, text string // of "m", from line 3
		want       map[string]any
		line       int // of "k"
	}{
		{"before the key", "m:\n  <<: *x\n  k: own\n", map[string]any{"k": "own", "only": "fromX"}, 5},
		{"after the key", "m:\n  k: own\n  <<: *x\n", map[string]any{"k": "own", "only": "fromX"}, 4},
		{"between keys, in flow style", "m: {a: 1,\n <<: *x,\n k: own}\n", map[string]any{"a": int64(1), "k": "own", "only": "fromX"}, 5},
		{"a key without a value overrides too", "m:\n  k:\n  <<: *x\n", map[string]any{"k": nil, "only": "fromX"}, 4},
		{"whole values, not their members", "n: &n {k: {a: 1, b: 2}}\nm:\n  <<: *n\n  k: {a: 3}\n", map[string]any{"k": map[string]any{"a": int64(3)}}, 6},
		{"no key of its own", "m:\n  <<: *x\n", map[string]any{"k": "fromX", "only": "fromX"}, 1},
		{"a list: the first one counts", "m:\n  <<: [*y, *x]\n", map[string]any{"k": "fromY", "only": "fromX", "other": "fromY"}, 2},
		{"a list the other way round", "m:\n  <<: [*x, *y]\n", map[string]any{"k": "fromX", "only": "fromX", "other": "fromY"}, 1},
		{"a list and a key", "m:\n  <<: [*x, *y]\n  k: own\n", map[string]any{"k": "own", "only": "fromX", "other": "fromY"}, 5},
		{"a list behind an alias", "l: &l [*y, *x]\nm:\n  <<: *l\n", map[string]any{"k": "fromY", "only": "fromX", "other": "fromY"}, 2},
		{"two merge keys: the first one counts", "m:\n  <<: *y\n  <<: *x\n", map[string]any{"k": "fromY", "only": "fromX", "other": "fromY"}, 2},
		{"a merge within a merge", "n: &n\n  <<: *x\n  k: inner\nm:\n  <<: *n\n", map[string]any{"k": "inner", "only": "fromX"}, 5},
		{"a merge within a merge within a key", "n: &n\n  k: inner\n  <<: *x\nm:\n  only: own\n  <<: *n\n", map[string]any{"k": "inner", "only": "own"}, 4},
		{"a mapping that is written out", "m:\n  <<: {k: there}\n  k: own\n", map[string]any{"k": "own"}, 5},
		{"a quoted key is no merge key", "m:\n  \"<<\": *x\n  k: own\n", map[string]any{"<<": map[string]any{"k": "fromX", "only": "fromX"}, "k": "own"}, 5},
		{"the anchor itself stays as it is", "z: &z {k: z}\nn: {<<: *z, k: inner}\nm: *z\n", map[string]any{"k": "z"}, 3},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			for _, parse := range []func(string, []byte) ([]*Document, error){ParseYAML, ParseManifests} {
				docs, err := parse("f.yaml", []byte(anchors+c.text))
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(any(c.want), docs[0].Value.(map[string]any)["m"]); diff != "" {
					t.Errorf("(-want +got):\n%s", diff)
				}
				if at, ok := docs[0].Locate(Path{"m", "k"}); !ok || at.Line != c.line {
					t.Errorf("k stands in line %d (%v), want %d", at.Line, ok, c.line)
				}
			}
		})
	}
}

// A merge key is no member: the value has none of that name.
func TestMergeKeyHasNoPlace(t *testing.T) {
	t.Parallel()
	docs, err := ParseYAML("f.yaml", []byte("x: &x {k: 1}\nm: {<<: *x}\n"))
	if err != nil {
		t.Fatal(err)
	}
	if at, ok := docs[0].Locate(Path{"m", "<<"}); ok || !at.Approximate {
		t.Errorf("found at %v", at)
	}
}
