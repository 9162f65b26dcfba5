package git

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"gate/internal/source"

	"github.com/google/go-cmp/cmp"
)

// sandbox is a repository that a test writes.
type sandbox struct {
	t   *testing.T
	dir string
}

func newSandbox(t *testing.T) *sandbox {
	t.Helper()
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("git is not installed")
	}
	s := &sandbox{t: t, dir: t.TempDir()}
	s.git("init", "-q", "-b", "main")
	return s
}

func (s *sandbox) git(args ...string) string { s.t.Helper(); return s.gitWith("", args...) }

// gitWith runs git with a variable more.
func (s *sandbox) gitWith(variable string, args ...string) string {
	s.t.Helper()
	out, err := s.command(variable, args...).CombinedOutput()
	if err != nil {
		s.t.Fatalf("git %v: %v\n%s", args, err, out)
	}
	return strings.TrimSpace(string(out))
}

// try runs git where it may say no.
func (s *sandbox) try(args ...string) { _ = s.command("", args...).Run() }

func (s *sandbox) command(variable string, args ...string) *exec.Cmd {
	cmd := exec.Command("git", append([]string{"-c", "protocol.file.allow=always"}, args...)...)
	cmd.Dir = s.dir
	cmd.Env = append(os.Environ(), variable, "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_NOSYSTEM=1",
		"GIT_AUTHOR_NAME=Ada", "GIT_AUTHOR_EMAIL=ada@example.com", "GIT_AUTHOR_DATE=1700000000 +0100",
		"GIT_COMMITTER_NAME=Ada", "GIT_COMMITTER_EMAIL=ada@example.com", "GIT_COMMITTER_DATE=1700000000 +0100")
	return cmd
}

func (s *sandbox) write(files map[string]string) {
	s.t.Helper()
	for name, content := range files {
		p := filepath.Join(s.dir, name)
		if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
			s.t.Fatal(err)
		}
		if err := os.WriteFile(p, []byte(content), 0o644); err != nil {
			s.t.Fatal(err)
		}
	}
}

func (s *sandbox) commit(message string) string {
	s.t.Helper()
	s.git("add", "-A", "-f")
	s.git("commit", "-q", "--allow-empty", "-m", message)
	return s.git("rev-parse", "HEAD")
}

func (s *sandbox) open(sub ...string) *Repo {
	s.t.Helper()
	r, err := Open(s.t.Context(), filepath.Join(append([]string{s.dir}, sub...)...))
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { r.Close() })
	return r
}

func paths(entries []source.Entry) []string {
	var out []string
	for _, e := range entries {
		out = append(out, e.Path)
	}
	return out
}

func TestOpen(t *testing.T) {
	t.Parallel()
	if _, err := Open(t.Context(), t.TempDir()); !errors.Is(err, ErrNotRepository) {
		t.Errorf("outside of a repository: %v", err)
	}
	if _, err := Open(t.Context(), filepath.Join(t.TempDir(), "missing")); err == nil {
		t.Error("a missing directory is opened")
	}
	s := newSandbox(t)
	s.write(map[string]string{"a/b/x": "1"})
	s.commit("one")
	linked := filepath.Join(t.TempDir(), "linked")
	s.git("worktree", "add", "-q", linked, "-b", "other")
	r, err := Open(t.Context(), filepath.Join(linked, "a"))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	files, err := r.Files(t.Context())
	if diff := cmp.Diff([]string{"b/x"}, paths(files)); diff != "" || err != nil {
		t.Errorf("linked work tree: %v\n%s", err, diff)
	}
	if got := r.Branch(t.Context()); got != "other" {
		t.Errorf("branch %q", got)
	}
}

func TestFiles(t *testing.T) {
	t.Parallel()
	s := newSandbox(t)
	s.write(map[string]string{
		".gitignore":              "*.log\nnode_modules/\nsecret.yaml\n",
		"apps/secret.yaml":        "tracked, though ignored",
		"apps/node_modules/m.js":  "tracked, though ignored",
		"apps/gone.yaml":          "1",
		"apps/with\nnewline.yaml": "1",
		"apps/\xff.yaml":          "1",
		"other/x":                 "1",
	})
	s.commit("one")
	if err := os.Remove(filepath.Join(s.dir, "apps/gone.yaml")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("../other", filepath.Join(s.dir, "apps/link")); err != nil {
		t.Fatal(err)
	}
	s.write(map[string]string{"apps/new.yaml": "12345", "apps/ignored.log": "1", "apps/clone/inner": "1"})
	(&sandbox{t: t, dir: filepath.Join(s.dir, "apps/clone")}).git("init", "-q")
	l, err := s.open("apps").List(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want := &Listing{
		Entries: []source.Entry{
			{Path: "link", Size: 8, Symlink: true},
			{Path: "new.yaml", Size: 5},
			{Path: "node_modules/m.js", Size: 23, Tracked: true},
			{Path: "secret.yaml", Size: 23, Tracked: true},
			{Path: "with\nnewline.yaml", Size: 1, Tracked: true},
			{Path: "\xff.yaml", Size: 1, Tracked: true},
		},
		Deleted: []string{"gone.yaml"},
		Nested:  []string{"clone"},
	}
	if diff := cmp.Diff(want, l); diff != "" {
		t.Error(diff)
	}
}

// What cannot be looked at is not deleted: nobody has read it.
func TestFilesUnreadable(t *testing.T) {
	t.Parallel()
	s := newSandbox(t)
	s.write(map[string]string{"apps/a.yaml": "1", "closed/a.yaml": "1", "file/a.yaml": "1", "x": "1"})
	s.commit("one")
	if err := errors.Join(os.RemoveAll(filepath.Join(s.dir, "apps")), os.Symlink(t.TempDir(), filepath.Join(s.dir, "apps"))); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(os.RemoveAll(filepath.Join(s.dir, "file")), os.WriteFile(filepath.Join(s.dir, "file"), nil, 0o644)); err != nil {
		t.Fatal(err)
	}
	want := []Unreadable{{Path: "apps/a.yaml", Reason: "path escapes from parent"}}
	if os.Geteuid() != 0 {
		s.write(map[string]string{"untracked/b.yaml": "1"})
		for _, dir := range []string{"closed", "untracked"} {
			dir = filepath.Join(s.dir, dir)
			if err := os.Chmod(dir, 0); err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = os.Chmod(dir, 0o755) })
		}
		want = append(want, Unreadable{Path: "closed", Reason: "permission denied"}, Unreadable{Path: "closed/a.yaml", Reason: "permission denied"},
			Unreadable{Path: "untracked", Reason: "permission denied"})
	}
	l, err := s.open().List(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, l.Unreadable); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"file/a.yaml"}, l.Deleted); diff != "" {
		t.Error(diff)
	}
}

func TestUnopened(t *testing.T) {
	t.Parallel()
	r := &Repo{top: "/r", dir: "/r/apps"}
	got := r.unopened("warning: could not open directory 'apps/it's: x/': Permission denied\nwarning: other\n" +
		"warning: could not open directory 'else/': Permission denied\nwarning: could not open directory 'apps/a\n")
	want := []Unreadable{
		{Path: "it's: x", Reason: "permission denied"},
		{Path: ".", Reason: "a directory cannot be read"}, {Path: ".", Reason: "a directory cannot be read"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestFilesNotesSparseAndSubmodules(t *testing.T) {
	t.Parallel()
	sub := newSandbox(t)
	sub.write(map[string]string{"x": "1"})
	sub.commit("one")
	s := newSandbox(t)
	s.write(map[string]string{"kept/x": "1", "left/y": "1"})
	s.git("submodule", "--quiet", "add", sub.dir, "vendored/module")
	s.commit("one")
	s.git("sparse-checkout", "set", "kept")
	l, err := s.open().List(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{".gitmodules", "kept/x"}, paths(l.Entries)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"left/y"}, l.Sparse); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"vendored/module"}, l.Submodules); diff != "" {
		t.Error(diff)
	}
	staged, err := s.open().IndexTree(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"vendored/module"}, staged.(*tree).Submodules()); diff != "" {
		t.Errorf("index: %s", diff)
	}
}

// A repository's own configuration and attributes must not make git run
// anything.
func TestHostileConfiguration(t *testing.T) {
	t.Parallel()
	s := newSandbox(t)
	s.write(map[string]string{"a.yaml": "one\n", "b.yaml": "one\n", "c.txt": "one\n", "empty": "", ".gitattributes": "* filter=evil diff=evil\n*.txt filter=a=b\n"})
	s.commit("one")
	mark := filepath.Join(t.TempDir(), "ran")
	script := filepath.Join(t.TempDir(), "evil")
	if err := os.WriteFile(script, []byte("#!/bin/sh\ntouch "+mark+"\ncat\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{
		"core.fsmonitor", "core.pager", "core.sshCommand", "core.askPass", "diff.external", "diff.evil.textconv", "diff.evil.command",
		"filter.a=b.clean", "filter.evil.clean", "filter.evil.smudge", "filter.evil.process", "credential.helper", "core.alternateRefsCommand", "pager.diff",
	} {
		s.git("config", key, script)
	}
	s.git("config", "filter.evil.required", "true")
	s.git("config", "core.hooksPath", filepath.Dir(script))
	for _, hook := range []string{"post-index-change", "fsmonitor-watchman", "reference-transaction"} {
		if err := os.Link(script, filepath.Join(filepath.Dir(script), hook)); err != nil {
			t.Fatal(err)
		}
	}
	s.write(map[string]string{"a.yaml": "two\n", "c.txt": "two\n"})
	r := s.open()
	files, err := r.Diff(t.Context(), "HEAD", "")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]FileStatus{{Path: "a.yaml", Status: Modified}, {Path: "c.txt", Status: Modified}}, files); diff != "" {
		t.Error(diff)
	}
	if _, err := r.Diff(t.Context(), "HEAD", Index); err != nil {
		t.Error(err)
	}
	if _, err := r.Files(t.Context()); err != nil {
		t.Error(err)
	}
	if err := os.WriteFile(filepath.Join(s.dir, ".git", "MERGE_HEAD"), []byte(s.git("rev-parse", "HEAD")), 0o600); err != nil {
		t.Fatal(err)
	}
	heads, err := r.MergeHeads(t.Context())
	if err != nil || len(heads) != 1 {
		t.Errorf("merge heads %v, %v", heads, err)
	}
	if _, err := r.Brought(t.Context(), "HEAD", Index, heads); err != nil {
		t.Error(err)
	}
	tree, err := r.Tree(t.Context(), "HEAD")
	if err != nil {
		t.Fatal(err)
	}
	if data, err := tree.ReadFile("a.yaml"); err != nil || string(data) != "one\n" {
		t.Errorf("%q, %v", data, err)
	}
	if _, err := os.Stat(mark); err == nil {
		t.Error("git ran a program that the repository names")
	}
}

func TestEnvironmentIsNotPassedOn(t *testing.T) {
	t.Setenv("GIT_DIR", "/nonexistent")
	t.Setenv("GIT_EXTERNAL_DIFF", "/nonexistent")
	t.Setenv("GIT_CONFIG_COUNT", "1")
	t.Setenv("GIT_CONFIG_KEY_0", "core.bare")
	t.Setenv("GIT_CONFIG_VALUE_0", "true")
	for _, kv := range (&Repo{}).environment() {
		name, _, _ := strings.Cut(kv, "=")
		switch name {
		case "GIT_DIR", "GIT_EXTERNAL_DIFF", "GIT_CONFIG_KEY_0":
			t.Errorf("%s is passed on", name)
		}
	}
}
