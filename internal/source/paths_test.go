package source

import (
	"io/fs"
	"testing"

	"github.com/google/go-cmp/cmp"
)

type paths []string

func (p paths) Entries() []Entry {
	var out []Entry
	for _, e := range p {
		out = append(out, Entry{Path: e})
	}
	return out
}
func (p paths) Lookup(string) (Entry, bool)     { return Entry{}, false }
func (p paths) ReadFile(string) ([]byte, error) { return nil, fs.ErrNotExist }

func TestPaths(t *testing.T) {
	tree := paths{"a", "b-x", "b/c", "b/d/e", "bb/f"}
	for _, c := range []struct {
		dir  string
		want []string
	}{{".", tree}, {"b", []string{"b/c", "b/d/e"}}, {"b/d", []string{"b/d/e"}}, {"c", nil}} {
		var got []string
		for _, e := range Below(tree, c.dir) {
			got = append(got, e.Path)
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("below %s:\n%s", c.dir, diff)
		}
	}
	if diff := cmp.Diff(map[string]bool{".": true, "b": true, "b/d": true, "bb": true}, Directories(tree)); diff != "" {
		t.Error(diff)
	}
	for _, c := range []struct {
		dir, rel, want string
		ok             bool
	}{{"a/b", "../c", "a/c", true}, {".", "x", "x", true}, {"a", "..", ".", true}, {"a", "../..", "..", false}, {".", "../x", "../x", false}, {"a", "...", "a/...", true}} {
		if got, ok := Join(c.dir, c.rel); got != c.want || ok != c.ok {
			t.Errorf("%s + %s: %s %v", c.dir, c.rel, got, ok)
		}
	}
}
