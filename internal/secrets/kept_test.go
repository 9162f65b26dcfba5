package secrets

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gate/internal/results"
	"gate/internal/source/sourcetest"
)

// A scan that remembers finds what one finds that does not, and remembers nothing
// of files that hold something.
func TestKept(t *testing.T) {
	t.Parallel()
	cache := t.TempDir()
	scan := func(tree sourcetest.Tree, keep bool) (*Found, int) {
		s, err := NewScanner()
		if err != nil {
			t.Fatal(err)
		}
		var store *results.Store
		if keep {
			if store, err = results.Open(results.Options{Cache: cache}); err != nil {
				t.Fatal(err)
			}
			defer store.Close()
			s.Keep(store)
		}
		f, err := s.Files(context.Background(), tree, nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := store.Flush(); err != nil {
			t.Fatal(err)
		}
		return f, store.Taken(CleanFiles)
	}
	said := func(f *Found) string {
		return fmt.Sprint(f.Secrets, places(f), f.Assessments, f.Ledger)
	}
	tree := sourcetest.Tree{
		"README.md":   "nothing\n",
		"empty.yaml":  "",
		"token.txt":   githubToken,
		"db.yaml":     "password: hunter2\n",
		"copy.yaml":   "a: b\n",
		"same.yaml":   "a: b\n",
		"sealed.yaml": "note: " + sopsCipher + sopsTail,
	}
	const clean = 4
	none, _ := scan(tree, false)
	for i, want := range []int{0, clean, clean} {
		got, taken := scan(tree, true)
		if diff := cmp.Diff(said(none), said(got)); diff != "" || taken != want {
			t.Errorf("run %d: %d taken, want %d (-none +kept):\n%s", i, taken, want, diff)
		}
	}

	// Content and path count.
	tree["README.md"] = githubToken
	tree["x/.env"], tree["copy.yaml"] = "DB_PASSWORD=hunter2\n", "DB_PASSWORD=hunter2\n"
	none, _ = scan(tree, false)
	got, taken := scan(tree, true)
	if diff := cmp.Diff(said(none), said(got)); diff != "" || taken != 2 {
		t.Errorf("after a change: %d taken, want 2 (-none +kept):\n%s", taken, diff)
	}

	// One entry: digests, of clean files alone.
	list, err := os.ReadDir(filepath.Join(cache, results.Directory))
	if err != nil || len(list) != 1 {
		t.Fatalf("%v %v", list, err)
	}
	data, err := os.ReadFile(filepath.Join(cache, results.Directory, list[0].Name()))
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range tree {
		sum := results.Sum([]byte(name), []byte(text))
		is := strings.Contains(string(data), string(sum[:]))
		if want := name == "empty.yaml" || name == "same.yaml" || name == "copy.yaml"; is != want {
			t.Errorf("%s is kept: %v, want %v", name, is, want)
		}
	}
}
