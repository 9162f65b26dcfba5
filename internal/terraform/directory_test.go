package terraform

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"gate/internal/source/sourcetest"
)

// directory reads a directory into a tree.
func directory(t testing.TB, dir string) sourcetest.Tree {
	t.Helper()
	out := sourcetest.Tree{}
	err := filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(p)
		rel, _ := filepath.Rel(dir, p)
		out[filepath.ToSlash(rel)] = string(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}
