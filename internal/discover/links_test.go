package discover

import (
	"fmt"
	"testing"

	"gate/internal/source/sourcetest"

	"github.com/google/go-cmp/cmp"
)

// linkedTree is a tree with symbolic links.
type linkedTree struct {
	sourcetest.Odd
	text map[string]string
}

func (t linkedTree) Link(p string) (string, error) {
	if text, ok := t.text[p]; ok {
		return text, nil
	}
	return "", fmt.Errorf("no link")
}

func TestDirectoryLinks(t *testing.T) {
	t.Parallel()
	text := map[string]string{
		"envs/prod": "../base", "envs/again": "prod", "envs/out": "../../x", "envs/absolute": "/etc", "envs/nothing": "missing",
		"envs/self": "self", "envs/a": "b", "envs/b": "a", "base/up": "..", "base/shared": "../shared", "envs/file": "../base/x.yaml", "root": ".",
	}
	tree := sourcetest.Tree{"base/x.yaml": "", "shared/y.yaml": ""}
	odd := linkedTree{sourcetest.Odd{Tree: tree}, text}
	for p := range text {
		tree[p] = ""
		odd.Links = append(odd.Links, p)
	}
	got := map[string]string{}
	for _, l := range directoryLinks(odd) {
		got[l.Path] = l.Dir
	}
	want := map[string]string{
		"envs/prod": "base", "envs/again": "base", "base/up": ".", "base/shared": "shared", "root": ".",
		"envs/prod/shared": "shared", "envs/again/shared": "shared", "envs/prod/up": ".", "envs/again/up": ".",
	}
	for p, dir := range want {
		if got[p] != dir {
			t.Errorf("%s leads to %q, want %q", p, got[p], dir)
		}
	}
	for _, p := range []string{"envs/out", "envs/absolute", "envs/nothing", "envs/self", "envs/a", "envs/b", "envs/file"} {
		if dir, ok := got[p]; ok {
			t.Errorf("%s leads to %q", p, dir)
		}
	}
	if len(got) > maxLinks {
		t.Errorf("%d links", len(got))
	}
	if diff := cmp.Diff([]Link(nil), directoryLinks(tree)); diff != "" {
		t.Error(diff)
	}
}
