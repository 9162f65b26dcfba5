package git

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"gate/internal/source"

	"github.com/google/go-cmp/cmp"
)

func TestDiff(t *testing.T) {
	t.Parallel()
	s := newSandbox(t)
	long := strings.Repeat("a line that is long enough to be told again\n", 20)
	s.write(map[string]string{
		"apps/edited": "1\n", "apps/deleted": "gone\n", "apps/moved": long, "apps/moved-and-edited": long + "x\n", "outside": "1\n",
		".gitattributes": "* -diff\n",
	})
	one := s.commit("one")
	s.git("mv", "apps/moved", "apps/moved-away")
	s.git("mv", "apps/moved-and-edited", "apps/edited-away")
	s.git("rm", "-q", "apps/deleted")
	s.write(map[string]string{"apps/edited": "2\n", "apps/edited-away": long + "y\n", "outside": "2\n", "apps/added": "1\n"})
	two := s.commit("two")
	r := s.open("apps")
	want := []FileStatus{
		{Path: "added", Status: Added},
		{Path: "deleted", Status: Deleted},
		{Path: "edited", Status: Modified},
		{Path: "edited-away", Previous: "moved-and-edited", Status: Renamed},
		{Path: "moved-away", Previous: "moved", Status: Renamed, Same: true},
	}
	files, err := r.Diff(t.Context(), one, two)
	if diff := cmp.Diff(want, files); diff != "" || err != nil {
		t.Errorf("%v\n%s", err, diff)
	}

	s.write(map[string]string{"apps/staged": "1\n"})
	s.git("add", "apps/staged")
	s.write(map[string]string{"apps/untracked": "1\n", "apps/edited": "3\n"})
	files, err = r.Diff(t.Context(), two, Index)
	if diff := cmp.Diff([]FileStatus{{Path: "staged", Status: Added}}, files); diff != "" || err != nil {
		t.Errorf("index: %v\n%s", err, diff)
	}
	files, err = r.Diff(t.Context(), "HEAD", "")
	want = []FileStatus{{Path: "edited", Status: Modified}, {Path: "staged", Status: Added}, {Path: "untracked", Status: Added}}
	if diff := cmp.Diff(want, files); diff != "" || err != nil {
		t.Errorf("work tree: %v\n%s", err, diff)
	}
}

func TestParseRaw(t *testing.T) {
	t.Parallel()
	for _, in := range [][]string{{"x"}, {":1 2 3 4 M"}, {":1 2 3 4 R100", "a"}, {":1 2 3 4 X", "a"}, {"1 2 3 4 M", "a"}} {
		if got, err := parseRaw(in); err == nil {
			t.Errorf("parseRaw(%q) = %v, no error", in, got)
		}
	}
}

// A copy is a new file, whatever it is like.
func TestParseRawCopies(t *testing.T) {
	got, err := parseRaw([]string{":1 2 3 4 C100", "a", "b", ":1 2 3 4 R100", "c", "d"})
	want := []FileStatus{{Path: "b", Status: Added}, {Path: "d", Previous: "c", Status: Renamed, Same: true}}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("%v %s", err, diff)
	}
}

func FuzzParseRaw(f *testing.F) {
	f.Add(":100644 100644 a b M\x00x\x00")
	f.Add(":100644 100644 a b R087\x00x\x00y\x00")
	f.Fuzz(func(t *testing.T, in string) { _, _ = parseRaw(split([]byte(in))) })
}

func TestTree(t *testing.T) {
	t.Parallel()
	s := newSandbox(t)
	s.write(map[string]string{"apps/base/x.yaml": "x\r\n", "apps/run.sh": "#!/bin/sh\n", "outside": "1"})
	for link, target := range map[string]string{
		"apps/inside": "base/x.yaml", "apps/dir": "base", "apps/up": "../outside", "apps/abs": "/etc/passwd", "apps/loop": "loop",
		"apps/base/chain": "../inside", "apps/broken": "nothing",
	} {
		if err := os.Symlink(target, filepath.Join(s.dir, link)); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chmod(filepath.Join(s.dir, "apps/run.sh"), 0o755); err != nil {
		t.Fatal(err)
	}
	one := s.commit("one")
	s.write(map[string]string{"apps/base/x.yaml": "changed"})
	r := s.open("apps")
	tree, err := r.Tree(t.Context(), one)
	if err != nil {
		t.Fatal(err)
	}
	for p, want := range map[string]string{"base/x.yaml": "x\r\n", "inside": "x\r\n", "dir/x.yaml": "x\r\n", "base/chain": "x\r\n", "dir/chain": "x\r\n"} {
		if got, err := tree.ReadFile(p); string(got) != want || err != nil {
			t.Errorf("ReadFile(%q) = %q, %v", p, got, err)
		}
	}
	for p, want := range map[string]error{
		"up": source.ErrEscapes, "abs": source.ErrEscapes, "../outside": source.ErrEscapes, "/etc/passwd": source.ErrEscapes,
		"missing": fs.ErrNotExist, "broken": fs.ErrNotExist, "base/missing": fs.ErrNotExist, "run.sh/x": fs.ErrNotExist,
	} {
		if _, err := tree.ReadFile(p); !errors.Is(err, want) {
			t.Errorf("ReadFile(%q): %v, want %v", p, err, want)
		}
	}
	for _, p := range []string{"loop", "base", "dir", "."} {
		if _, err := tree.ReadFile(p); err == nil {
			t.Errorf("ReadFile(%q): no error", p)
		}
	}
	if e, ok := tree.Lookup("run.sh"); !ok || !e.Executable || e.Size != 10 || !e.Tracked {
		t.Errorf("run.sh: %+v, %v", e, ok)
	}
	if _, ok := tree.Lookup("base"); ok {
		t.Error("a directory is an entry")
	}

	s.write(map[string]string{"apps/staged": "2"})
	s.git("add", ".")
	index, err := r.IndexTree(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if got, err := index.ReadFile("base/x.yaml"); string(got) != "changed" || err != nil {
		t.Errorf("index: %q, %v", got, err)
	}
	if e, ok := index.Lookup("staged"); !ok || e.Size != 1 {
		t.Errorf("staged: %+v, %v", e, ok)
	}
}

func TestTreeReadersShareOneProcess(t *testing.T) {
	t.Parallel()
	s := newSandbox(t)
	files := map[string]string{}
	for i := range 40 {
		files["f"+string(rune('a'+i%26))+strings.Repeat("x", i/26)] = strings.Repeat("content", i*1000)
	}
	s.write(files)
	s.commit("one")
	r := s.open()
	tree, err := r.Tree(t.Context(), "HEAD")
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for p, want := range files {
		wg.Go(func() {
			if got, err := tree.ReadFile(p); string(got) != want || err != nil {
				t.Errorf("%s: %d bytes, %v", p, len(got), err)
			}
		})
	}
	wg.Wait()
	ctx, cancel := context.WithCancel(t.Context())
	ended, err := r.Tree(ctx, "HEAD")
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	if _, err := ended.ReadFile("fa"); !errors.Is(err, context.Canceled) {
		t.Errorf("after the end of the context: %v", err)
	}
	if _, err := tree.ReadFile("fa"); err != nil {
		t.Errorf("another tree of the same repository: %v", err)
	}
}

func TestBlobAboveTheLimit(t *testing.T) {
	t.Parallel()
	s := newSandbox(t)
	f, err := os.Create(filepath.Join(s.dir, "big"))
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Truncate(maxFileBytes + 1); err != nil {
		t.Fatal(err)
	}
	f.Close()
	s.write(map[string]string{"small": "1"})
	s.commit("one")
	tree, err := s.open().Tree(t.Context(), "HEAD")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tree.ReadFile("big"); !errors.Is(err, source.ErrTooLarge) {
		t.Errorf("big: %v", err)
	}
	if got, err := tree.ReadFile("small"); string(got) != "1" || err != nil {
		t.Errorf("after it: %q, %v", got, err)
	}
}
