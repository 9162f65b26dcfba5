package secrets

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"gate/internal/source"
)

// directory is a Tree over a directory, for tests.
type directory struct {
	root    string
	entries []source.Entry
}

func openDirectory(t *testing.T, root string) *directory {
	t.Helper()
	d := &directory{root: root}
	err := filepath.WalkDir(root, func(p string, e fs.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() {
			return err
		}
		info, err := e.Info()
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, p)
		d.entries = append(d.entries, source.Entry{Path: filepath.ToSlash(rel), Size: info.Size()})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func (d *directory) Entries() []source.Entry { return d.entries }

func (d *directory) Lookup(path string) (source.Entry, bool) {
	for _, e := range d.entries {
		if e.Path == path {
			return e, true
		}
	}
	return source.Entry{}, false
}

func (d *directory) ReadFile(path string) ([]byte, error) {
	return os.ReadFile(filepath.Join(d.root, filepath.FromSlash(path)))
}

// TestCorpus prints what is found in a directory of real files, to be read by
// a person: CORPUS=dir go test -run Corpus -v.
func TestCorpus(t *testing.T) {
	root := os.Getenv("CORPUS")
	if root == "" {
		t.Skip("CORPUS names no directory")
	}
	found, err := Files(context.Background(), openDirectory(t, root), nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range found.records {
		if !r.covered {
			t.Logf("%d %s %s %.40q %s", r.sure, r.place.Position, r.secret.Rule, r.value, r.secret.Location)
		}
	}
	for _, a := range found.Assessments {
		t.Logf("%s %s %s", a.ID, a.Outcome, a.Message)
	}
}
