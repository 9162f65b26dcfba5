package source_test

import (
	"testing"

	"gate/internal/source"
	"gate/internal/source/sourcetest"

	"github.com/google/go-cmp/cmp"
)

func TestPaths(t *testing.T) {
	files := []string{"a", "b-x", "b/c", "b/d/e", "bb/f"}
	tree := sourcetest.Tree{}
	for _, f := range files {
		tree[f] = ""
	}
	for _, c := range []struct {
		dir  string
		want []string
	}{{".", files}, {"b", []string{"b/c", "b/d/e"}}, {"b/d", []string{"b/d/e"}}, {"c", nil}} {
		var got []string
		for _, e := range source.Below(tree, c.dir) {
			got = append(got, e.Path)
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("below %s:\n%s", c.dir, diff)
		}
	}
	if diff := cmp.Diff(map[string]bool{".": true, "b": true, "b/d": true, "bb": true}, source.Directories(tree)); diff != "" {
		t.Error(diff)
	}
	for _, c := range []struct {
		dir, rel, want string
		ok             bool
	}{{"a/b", "../c", "a/c", true}, {".", "x", "x", true}, {"a", "..", ".", true}, {"a", "../..", "..", false}, {".", "../x", "../x", false}, {"a", "...", "a/...", true}} {
		if got, ok := source.Join(c.dir, c.rel); got != c.want || ok != c.ok {
			t.Errorf("%s + %s: %s %v", c.dir, c.rel, got, ok)
		}
	}
}
