package source

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// What a mapping says itself overrides what it merges, wherever the merge key
// stands, and of what is merged the first one counts:
// https://yaml.org/type/merge.html. To who applies manifests (sigs.k8s.io/yaml)
// a merge key overrides what stands before it. The place is that of the value that
// won.
func TestMergeKeys(t *testing.T) {
	t.Parallel()
	const anchors = "x: &x {k: fromX, only: fromX}\ny: &y {k: fromY, other: fromY}\n" // lines 1 and 2
	for _, c := range []struct {
		name, text string // of "m", from line 3
		want       map[string]any
		line       int // of "k"

		applied     map[string]any // and of manifests, where that is something else
		appliedLine int
	}{
		{"before the key", "m:\n  <<: *x\n  k: own\n", map[string]any{"k": "own", "only": "fromX"}, 5, nil, 0},
		{"after the key", "m:\n  k: own\n  <<: *x\n", map[string]any{"k": "own", "only": "fromX"}, 4, map[string]any{"k": "fromX", "only": "fromX"}, 1},
		{"between keys, in flow style", "m: {a: 1,\n <<: *x,\n k: own}\n", map[string]any{"a": int64(1), "k": "own", "only": "fromX"}, 5, nil, 0},
		{"a key without a value overrides too", "m:\n  k:\n  <<: *x\n", map[string]any{"k": nil, "only": "fromX"}, 4, map[string]any{"k": "fromX", "only": "fromX"}, 1},
		{"whole values, not their members", "n: &n {k: {a: 1, b: 2}}\nm:\n  <<: *n\n  k: {a: 3}\n", map[string]any{"k": map[string]any{"a": int64(3)}}, 6, nil, 0},
		{"no key of its own", "m:\n  <<: *x\n", map[string]any{"k": "fromX", "only": "fromX"}, 1, nil, 0},
		{"a list: the first one counts", "m:\n  <<: [*y, *x]\n", map[string]any{"k": "fromY", "only": "fromX", "other": "fromY"}, 2, nil, 0},
		{"a list the other way round", "m:\n  <<: [*x, *y]\n", map[string]any{"k": "fromX", "only": "fromX", "other": "fromY"}, 1, nil, 0},
		{"a list and a key", "m:\n  <<: [*x, *y]\n  k: own\n", map[string]any{"k": "own", "only": "fromX", "other": "fromY"}, 5, nil, 0},
		{"a list behind an alias", "l: &l [*y, *x]\nm:\n  <<: *l\n", map[string]any{"k": "fromY", "only": "fromX", "other": "fromY"}, 2, map[string]any{}, 0},
		{"two merge keys: the first one counts", "m:\n  <<: *y\n  <<: *x\n", map[string]any{"k": "fromY", "only": "fromX", "other": "fromY"}, 2, map[string]any{"k": "fromX", "only": "fromX", "other": "fromY"}, 1},
		{"a merge within a merge", "n: &n\n  <<: *x\n  k: inner\nm:\n  <<: *n\n", map[string]any{"k": "inner", "only": "fromX"}, 5, nil, 0},
		{"a merge within a merge within a key", "n: &n\n  k: inner\n  <<: *x\nm:\n  only: own\n  <<: *n\n", map[string]any{"k": "inner", "only": "own"}, 4, map[string]any{"k": "fromX", "only": "fromX"}, 1},
		{"a mapping that is written out", "m:\n  <<: {k: there}\n  k: own\n", map[string]any{"k": "own"}, 5, nil, 0},
		{"a quoted key is no merge key", "m:\n  \"<<\": *x\n  k: own\n", map[string]any{"<<": map[string]any{"k": "fromX", "only": "fromX"}, "k": "own"}, 5, nil, 0},
		{"the anchor itself stays as it is", "z: &z {k: z}\nn: {<<: *z, k: inner}\nm: *z\n", map[string]any{"k": "z"}, 3, nil, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			check := func(parse func(string, []byte) ([]*Document, error), want map[string]any, line int) {
				docs, err := parse("f.yaml", []byte(anchors+c.text))
				if line == 0 {
					if err == nil || !strings.Contains(err.Error(), "merge key needs a mapping") {
						t.Errorf("error %v", err)
					}
					return
				}
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(any(want), docs[0].Value.(map[string]any)["m"]); diff != "" {
					t.Errorf("(-want +got):\n%s", diff)
				}
				if at, ok := docs[0].Locate(Path{"m", "k"}); !ok || at.Line != line {
					t.Errorf("k stands in line %d (%v), want %d", at.Line, ok, line)
				}
			}
			check(ParseYAML, c.want, c.line)
			if c.applied == nil {
				c.applied, c.appliedLine = c.want, c.line
			}
			check(ParseManifests, c.applied, c.appliedLine)
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
