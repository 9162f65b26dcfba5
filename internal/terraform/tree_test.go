package terraform

import (
	"io/fs"
	"os"
	"path/filepath"
	"sort"
	"testing"

	"gate/internal/source"
)

// files is a tree in memory.
type files map[string]string

func (f files) Entries() []source.Entry {
	var out []source.Entry
	for p, text := range f {
		out = append(out, source.Entry{Path: p, Size: int64(len(text)), Tracked: true})
	}
	sort.Slice(out, func(i, j int) bool { return out[i].Path < out[j].Path })
	return out
}

func (f files) Lookup(p string) (source.Entry, bool) {
	text, ok := f[p]
	return source.Entry{Path: p, Size: int64(len(text)), Tracked: true}, ok
}

func (f files) ReadFile(p string) ([]byte, error) {
	text, ok := f[p]
	if !ok {
		return nil, &fs.PathError{Op: "open", Path: p, Err: fs.ErrNotExist}
	}
	return []byte(text), nil
}

// directory reads a directory into a tree.
func directory(t testing.TB, dir string) files {
	t.Helper()
	out := files{}
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
