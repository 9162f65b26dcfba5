package git

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"gate/internal/source"

	"github.com/google/go-cmp/cmp"
)

func contents(t *testing.T, tree source.Tree) map[string]string {
	t.Helper()
	out := map[string]string{}
	for _, e := range tree.Entries() {
		data, err := tree.ReadFile(e.Path)
		if err != nil {
			t.Fatal(err)
		}
		out[e.Path] = string(data)
	}
	return out
}

// indexCase is one state of the index of a repository with the files a and d/b.
type indexCase struct {
	name     string
	do       func(*sandbox)
	want     map[string]string
	diff     []FileStatus
	unmerged []string
}

func indexCases() []indexCase {
	return []indexCase{
		{"nothing is staged", func(s *sandbox) { s.write(map[string]string{"a": "2", "new": "1"}) }, map[string]string{"a": "1", "d/b": "1"}, nil, nil},
		{
			"of a file staged in part the rest",
			func(s *sandbox) {
				s.write(map[string]string{"a": "2"})
				s.git("add", "a")
				s.write(map[string]string{"a": "3"})
			},
			map[string]string{"a": "2", "d/b": "1"}, []FileStatus{{Path: "a", Status: Modified}}, nil,
		},
		{
			"staged, and gone from the work tree",
			func(s *sandbox) {
				s.write(map[string]string{"c": "1"})
				s.git("add", "c")
				os.Remove(filepath.Join(s.dir, "c"))
			},
			map[string]string{"a": "1", "c": "1", "d/b": "1"}, []FileStatus{{Path: "c", Status: Added}}, nil,
		},
		{
			"removed from the index alone",
			func(s *sandbox) { s.git("rm", "-q", "--cached", "d/b") },
			map[string]string{"a": "1"}, []FileStatus{{Path: "d/b", Status: Deleted}}, nil,
		},
		{
			"intended to be added, beside an empty file that is",
			func(s *sandbox) {
				s.write(map[string]string{"soon": "1", "d/soon": "1", "d/empty": ""})
				s.git("add", "-N", "soon", "d/soon")
				s.git("add", "d/empty")
			},
			map[string]string{"a": "1", "d/b": "1", "d/empty": ""}, []FileStatus{{Path: "d/empty", Status: Added}}, nil,
		},
		{
			"removed, and intended to be added again",
			func(s *sandbox) {
				s.git("rm", "-q", "--cached", "a")
				s.git("add", "-N", "a")
			},
			map[string]string{"d/b": "1"}, []FileStatus{{Path: "a", Status: Deleted}}, nil,
		},
		{
			"in conflict",
			func(s *sandbox) {
				s.git("checkout", "-q", "-b", "other")
				s.write(map[string]string{"a": "theirs", "e": "theirs"})
				s.commit("theirs")
				s.git("checkout", "-q", "main")
				s.write(map[string]string{"a": "ours"})
				s.commit("ours")
				s.try("merge", "-q", "other")
			},
			map[string]string{"a": "ours", "d/b": "1", "e": "theirs"}, []FileStatus{{Path: "a", Status: Modified}, {Path: "e", Status: Added}}, []string{"a"},
		},
		{
			"an index with a sparse directory",
			func(s *sandbox) { s.git("sparse-checkout", "set", "--cone", "--sparse-index", "other") },
			map[string]string{"a": "1", "d/b": "1"}, nil, nil,
		},
		{
			"a split index",
			func(s *sandbox) {
				s.git("update-index", "--split-index")
				s.write(map[string]string{"a": "2"})
				s.git("add", "a")
			},
			map[string]string{"a": "2", "d/b": "1"}, []FileStatus{{Path: "a", Status: Modified}}, nil,
		},
	}
}

// What is staged is what a commit would hold, whatever the work tree holds.
func TestIndexTree(t *testing.T) {
	t.Parallel()
	for _, tt := range indexCases() {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := newSandbox(t)
			s.write(map[string]string{"a": "1", "d/b": "1"})
			s.commit("one")
			tt.do(s)
			r := s.open()
			staged, err := r.IndexTree(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, contents(t, staged)); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(tt.unmerged, staged.(*tree).Unmerged()); diff != "" {
				t.Errorf("unmerged: %s", diff)
			}
			got, err := r.Diff(t.Context(), "HEAD", Index)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.diff, got); diff != "" {
				t.Errorf("diff: %s", diff)
			}
		})
	}
}

// Before the first commit everything that is staged is new.
func TestNothing(t *testing.T) {
	t.Parallel()
	for _, format := range []string{"sha1", "sha256"} {
		s := &sandbox{t: t, dir: t.TempDir()}
		s.git("init", "-q", "--object-format="+format)
		s.write(map[string]string{"d/a": "1", "b": ""})
		s.git("add", "-A")
		r := s.open()
		tree, err := r.Tree(t.Context(), Nothing)
		if err != nil || len(tree.Entries()) != 0 {
			t.Errorf("%s: %v, %v", format, tree.Entries(), err)
		}
		got, err := r.Diff(t.Context(), Nothing, Index)
		if diff := cmp.Diff([]FileStatus{{Path: "b", Status: Added}, {Path: "d/a", Status: Added}}, got); diff != "" || err != nil {
			t.Errorf("%s: %v\n%s", format, err, diff)
		}
		staged, err := r.IndexTree(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(map[string]string{"b": "", "d/a": "1"}, contents(t, staged)); diff != "" {
			t.Error(diff)
		}
	}
}

// The index that git names to its hooks is used for the repository that it ran
// them in, and for no other one.
func TestUseIndex(t *testing.T) {
	s := newSandbox(t)
	s.write(map[string]string{"a": "1"})
	s.commit("one")
	inner := &sandbox{t: t, dir: filepath.Join(s.dir, "inner")}
	if err := os.Mkdir(inner.dir, 0o755); err != nil {
		t.Fatal(err)
	}
	inner.git("init", "-q", "-b", "main")
	inner.write(map[string]string{"b": "1"})
	inner.commit("one")
	linked := filepath.Join(t.TempDir(), "linked")
	s.git("worktree", "add", "-q", linked, "-b", "other")

	s.write(map[string]string{"a": "2"})
	s.gitWith("GIT_INDEX_FILE="+filepath.Join(s.dir, ".git", "next.lock"), "add", "a")
	for _, tt := range []struct {
		name, wd, open string
		env            map[string]string
		want           map[string]string
	}{
		{"a hook", s.dir, s.dir, map[string]string{"GIT_INDEX_FILE": ".git/next.lock"}, map[string]string{"a": "2"}},
		{"a hook below the top", inner.dir, s.dir, map[string]string{"GIT_INDEX_FILE": ".git/next.lock", "GIT_DIR": filepath.Join(s.dir, ".git")}, map[string]string{"a": "2"}},
		{"another repository's", s.dir, inner.dir, map[string]string{"GIT_INDEX_FILE": ".git/next.lock"}, map[string]string{"b": "1"}},
		{"another one's, by its full name", s.dir, inner.dir, map[string]string{"GIT_INDEX_FILE": filepath.Join(s.dir, ".git/next.lock")}, map[string]string{"b": "1"}},
		{"another one's, who is named", inner.dir, inner.dir, map[string]string{"GIT_INDEX_FILE": ".git/next.lock", "GIT_DIR": "../.git"}, map[string]string{"b": "1"}},
		{"another work tree's", s.dir, linked, map[string]string{"GIT_INDEX_FILE": filepath.Join(s.dir, ".git/next.lock")}, map[string]string{"a": "1"}},
		{"a person's own, from outside", t.TempDir(), s.dir, map[string]string{"GIT_INDEX_FILE": filepath.Join(s.dir, ".git/next.lock")}, map[string]string{"a": "2"}},
		{"no hook", s.dir, s.dir, nil, map[string]string{"a": "1"}},
		{"a directory that is gone", s.dir, s.dir, map[string]string{"GIT_INDEX_FILE": ".git/next.lock", "GIT_DIR": "nowhere"}, map[string]string{"a": "1"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Chdir(tt.wd)
			r, err := Open(t.Context(), tt.open)
			if err != nil {
				t.Fatal(err)
			}
			defer r.Close()
			r.UseIndex(func(name string) string { return tt.env[name] })
			staged, err := r.IndexTree(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, contents(t, staged)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// What a merge brings in is none of its own changes; what it makes of both sides
// is.
func TestBrought(t *testing.T) {
	t.Parallel()
	s := newSandbox(t)
	s.write(map[string]string{
		"both": "1\n2\n3\n4\n5\n6\n7\n", "theirs": "1", "ours": "1", "dropped": "1", "gone": "1", "old": "a long enough text to be found again",
	})
	s.commit("one")
	s.git("checkout", "-q", "-b", "other")
	s.write(map[string]string{"both": "1\n2\n3\n4\n5\n6\ntheirs\n", "theirs": "2", "new": "1", "dropped": "2"})
	s.git("rm", "-q", "gone")
	s.git("mv", "old", "renamed")
	other := s.commit("theirs")
	s.git("checkout", "-q", "main")
	s.write(map[string]string{"both": "ours\n2\n3\n4\n5\n6\n7\n", "ours": "2", "dropped": "3"})
	base := s.commit("ours")
	s.try("merge", "-q", "--no-commit", "other") // in conflict about what both changed
	s.git("checkout", "-q", "--theirs", "dropped")
	s.write(map[string]string{"evil": "1"})
	s.git("add", "dropped", "evil")
	r := s.open()
	heads, err := r.MergeHeads(t.Context())
	if diff := cmp.Diff([]string{other}, heads); diff != "" || err != nil {
		t.Fatalf("%v\n%s", err, diff)
	}
	got, err := r.Brought(t.Context(), base, Index, heads)
	if err != nil {
		t.Fatal(err)
	}
	want := []FileStatus{{Path: "both", Status: Modified}, {Path: "dropped", Status: Modified}, {Path: "evil", Status: Added}}
	if diff := cmp.Diff(want, got.Files); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(map[string]string{
		"both": "ours\n2\n3\n4\n5\n6\n7\n", "theirs": "2", "ours": "2", "dropped": "3", "new": "1", "renamed": "a long enough text to be found again",
	}, contents(t, got.Tree)); diff != "" {
		t.Error(diff)
	}

	s.git("commit", "-q", "-m", "merged")
	if heads, err := r.MergeHeads(t.Context()); err != nil || heads != nil {
		t.Errorf("behind the merge: %v, %v", heads, err)
	}
	if got, err = r.Brought(t.Context(), base, "HEAD", []string{other}); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got.Files); diff != "" {
		t.Errorf("committed: %s", diff)
	}
	// What is there already brings nothing: to go back to it is a change.
	s.write(map[string]string{"theirs": "1"})
	back := s.commit("back")
	if got, err = r.Brought(t.Context(), "HEAD^", back, []string{base}); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]FileStatus{{Path: "theirs", Status: Modified}}, got.Files); diff != "" {
		t.Errorf("back: %s", diff)
	}
}

// MERGE_HEAD is read as what it has to be.
func TestMergeHeadsMalformed(t *testing.T) {
	t.Parallel()
	s := newSandbox(t)
	s.commit("one")
	for _, text := range []string{"--output=x\n", ":index\n", "0123456789012345678901234567890123456789\n"} {
		if err := os.WriteFile(filepath.Join(s.dir, ".git", "MERGE_HEAD"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if heads, err := s.open().MergeHeads(t.Context()); err == nil {
			t.Errorf("%q: %v", text, heads)
		} else if missing := new(MissingRef); text[0] == '0' && !errors.As(err, &missing) {
			t.Errorf("%q: %v", text, err)
		}
	}
}
