package sourcetest

import (
	"errors"
	"io/fs"
	"testing"

	"gate/internal/source"

	"github.com/google/go-cmp/cmp"
)

func TestParse(t *testing.T) {
	t.Parallel()
	got := Parse("a remark\n-- a/b.yaml --\nk: v\n---\n-- no name\n-- empty --\n-- last --\nx")
	want := Tree{"a/b.yaml": "k: v\n---\n", "empty": "", "last": "x\n"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestTree(t *testing.T) {
	t.Parallel()
	tree := Odd{Tree: Tree{"b": "12", "a": "", "c": "x"}, Links: []string{"b"}, Executables: []string{"c"}, Errors: map[string]error{"c": source.ErrTooLarge}}
	want := []source.Entry{{Path: "a", Tracked: true}, {Path: "b", Size: 2, Symlink: true, Tracked: true}, {Path: "c", Size: 1, Executable: true, Tracked: true}}
	if diff := cmp.Diff(want, tree.Entries()); diff != "" {
		t.Error(diff)
	}
	for _, e := range want {
		if got, ok := tree.Lookup(e.Path); !ok || got != e {
			t.Errorf("%s: %+v, %v", e.Path, got, ok)
		}
	}
	if e, ok := tree.Lookup("d"); ok || e != (source.Entry{}) {
		t.Errorf("a missing file: %+v, %v", e, ok)
	}
	if _, err := tree.ReadFile("d"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a missing file: %v", err)
	}
	if _, err := tree.ReadFile("c"); !errors.Is(err, source.ErrTooLarge) {
		t.Errorf("a refused file: %v", err)
	}
	if text, err := tree.ReadFile("b"); err != nil || string(text) != "12" {
		t.Errorf("a file: %q, %v", text, err)
	}
}
