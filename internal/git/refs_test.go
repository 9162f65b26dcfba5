package git

import (
	"errors"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestNormalizeRemote(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"https://github.com/acme/platform.git":                   "github.com/acme/platform",
		"https://x-access-token:s3cr3t@github.com/acme/platform": "github.com/acme/platform",
		"https://user:p@ss@git.example.com:8443/a/b.git/":        "git.example.com:8443/a/b",
		"https://GitHub.com:443/Acme/Platform":                   "github.com/Acme/Platform",
		"git@github.com:acme/platform.git":                       "github.com/acme/platform",
		"gitlab.example.com:group/sub/project.git":               "gitlab.example.com/group/sub/project",
		"ssh://git@git.example.com:2222/acme/platform.git":       "git.example.com/acme/platform",
		"https://git.example.com/a/b?private_token=s3cr3t":       "git.example.com/a/b",
		"file:///srv/git/platform.git":                           "",
		"/srv/git/platform.git":                                  "",
		"../platform.git":                                        "",
		"":                                                       "",
	} {
		if got := normalizeRemote(in); got != want {
			t.Errorf("normalizeRemote(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestResolve(t *testing.T) {
	t.Parallel()
	s := newSandbox(t)
	one := s.commit("one")
	s.git("tag", "-a", "-m", "tag", "v1")
	two := s.commit("two")
	s.git("update-ref", "refs/remotes/origin/release", one)
	r := s.open()
	for ref, want := range map[string]string{"HEAD": two, "main": two, "v1": one, "HEAD~1": one, one[:12]: one, "release": one, "refs/remotes/origin/release": one} {
		if got, err := r.Resolve(t.Context(), ref); got != want || err != nil {
			t.Errorf("Resolve(%q) = %q, %v, want %q", ref, got, err, want)
		}
	}
	for _, ref := range []string{"", "--all", "-n", ":README", "a\nb"} {
		var missing *MissingRef
		if _, err := r.Resolve(t.Context(), ref); err == nil || errors.As(err, &missing) {
			t.Errorf("Resolve(%q): %v", ref, err)
		}
	}
	var missing *MissingRef
	if _, err := r.Resolve(t.Context(), "origin/prod"); !errors.As(err, &missing) {
		t.Fatalf("missing branch: %v", err)
	}
	if _, err := r.Resolve(t.Context(), "x; rm -rf ~"); !errors.As(err, &missing) || missing.Fetch != "git fetch --unshallow origin" {
		t.Errorf("a name that is no branch got into a command: %v", err)
	}
}

func TestTargetBranch(t *testing.T) {
	t.Parallel()
	s := newSandbox(t)
	s.commit("one")
	s.git("checkout", "-q", "-b", "topic")
	r := s.open()
	env := func(kv ...string) func(string) string {
		return func(name string) string {
			for i := 0; i+1 < len(kv); i += 2 {
				if kv[i] == name {
					return kv[i+1]
				}
			}
			return ""
		}
	}
	check := func(want string, getenv func(string) string) {
		t.Helper()
		r = s.open() // one that was asked before says the same again
		if got, err := r.TargetBranch(t.Context(), getenv); got != want || err != nil {
			t.Errorf("TargetBranch = %q, %v, want %q", got, err, want)
		}
	}
	check("refs/heads/main", env())
	check("refs/heads/main", env("GITHUB_BASE_REF", "main"))
	check("refs/heads/main", env("BUILDKITE_PULL_REQUEST_BASE_BRANCH", "false"))
	s.git("update-ref", "refs/remotes/origin/main", "HEAD")
	s.git("update-ref", "refs/remotes/origin/release/1", "HEAD")
	check("refs/remotes/origin/main", env())
	check("refs/remotes/origin/release/1", env("CI_MERGE_REQUEST_TARGET_BRANCH_NAME", "release/1"))
	check("refs/remotes/origin/main", env("SYSTEM_PULLREQUEST_TARGETBRANCH", "refs/heads/main"))
	s.git("symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/release/1")
	check("refs/remotes/origin/HEAD", env())

	_, err := r.TargetBranch(t.Context(), env("GITHUB_BASE_REF", "prod"))
	var missing *MissingRef
	if !errors.As(err, &missing) {
		t.Fatalf("missing target branch: %v", err)
	}
	want := &MissingRef{Ref: "origin/prod", Fetch: "git fetch --no-tags --depth=1 origin +refs/heads/prod:refs/remotes/origin/prod"}
	if diff := cmp.Diff(want, missing); diff != "" {
		t.Error(diff)
	}
	if _, err := r.TargetBranch(t.Context(), env("GITHUB_BASE_REF", "--upload-pack=evil")); err == nil || errors.As(err, &missing) {
		t.Errorf("an option as branch name: %v", err)
	}
}

// A pull-request checkout is a merge commit of depth 1 without any branch.
func TestShallowMergeCheckout(t *testing.T) {
	t.Parallel()
	s := newSandbox(t)
	s.write(map[string]string{"a": "1"})
	s.commit("one")
	s.git("checkout", "-q", "-b", "topic")
	s.write(map[string]string{"b": "1"})
	head := s.commit("topic")
	s.git("checkout", "-q", "main")
	s.write(map[string]string{"c": "1"})
	base := s.commit("two")
	s.git("merge", "-q", "--no-ff", "-m", "Merge topic into main", "topic")
	merge := s.git("rev-parse", "HEAD")
	s.git("update-ref", "refs/pull/1/merge", merge)
	s.git("reset", "-q", "--hard", base)

	clone := newSandbox(t)
	clone.git("remote", "add", "origin", "file://"+s.dir)
	clone.git("fetch", "-q", "--no-tags", "--depth=1", "origin", "+refs/pull/1/merge:refs/remotes/pull/1/merge")
	clone.git("checkout", "-q", "--force", "refs/remotes/pull/1/merge")
	r := clone.open()
	c, err := r.Commit(t.Context(), "HEAD")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{base, head}, c.Parents); diff != "" {
		t.Error(diff)
	}
	if !r.Shallow(t.Context()) || r.Branch(t.Context()) != "" {
		t.Error("the checkout is not seen as shallow and detached")
	}
	var missing *MissingRef
	if _, err := r.Diff(t.Context(), base, merge); !errors.As(err, &missing) || missing.Fetch != "git fetch --no-tags --depth=1 origin "+base {
		t.Errorf("diff with a commit that was not fetched: %v", err)
	}
	_, err = r.TargetBranch(t.Context(), func(n string) string { return map[string]string{"GITHUB_BASE_REF": "main"}[n] })
	if !errors.As(err, &missing) {
		t.Fatalf("target branch: %v", err)
	}
	// The command that the error names settles it, for whoever asks anew.
	clone.git("fetch", "-q", "--no-tags", "--depth=1", "origin", "+refs/heads/main:refs/remotes/origin/main")
	r = clone.open()
	ref, err := r.TargetBranch(t.Context(), func(string) string { return "" })
	if err != nil || ref != "refs/remotes/origin/main" {
		t.Fatalf("%q, %v", ref, err)
	}
	files, err := r.Diff(t.Context(), ref, merge)
	if diff := cmp.Diff([]FileStatus{{Path: "b", Status: Added}}, files); diff != "" || err != nil {
		t.Errorf("%v\n%s", err, diff)
	}
}

func TestMergeBase(t *testing.T) {
	t.Parallel()
	s := newSandbox(t)
	one := s.commit("one")
	s.git("checkout", "-q", "-b", "topic")
	s.commit("topic")
	s.git("checkout", "-q", "main")
	s.commit("two")
	r := s.open()
	if got, err := r.MergeBase(t.Context(), "main", "topic"); got != one || err != nil {
		t.Errorf("%q, %v, want %q", got, err, one)
	}
	if _, err := r.MergeBase(t.Context(), "--all", "topic"); err == nil {
		t.Error("an option is taken as a commit")
	}
	s.git("checkout", "-q", "--orphan", "alone")
	s.commit("alone")
	var missing *MissingRef
	if _, err := r.MergeBase(t.Context(), "main", "alone"); err == nil || errors.As(err, &missing) {
		t.Errorf("unrelated histories: %v", err)
	}

	clone := newSandbox(t)
	clone.git("fetch", "-q", "--depth=1", "file://"+s.dir, "+refs/heads/*:refs/heads/x/*")
	if _, err := clone.open().MergeBase(t.Context(), "x/main", "x/topic"); !errors.As(err, &missing) {
		t.Errorf("shallow: %v", err)
	}
}

func TestRemote(t *testing.T) {
	t.Parallel()
	s := newSandbox(t)
	s.commit("one")
	if got := s.open().Remote(t.Context()); got != "" {
		t.Errorf("without a remote: %q", got)
	}
	s.git("remote", "add", "upstream", "https://token@git.example.com/acme/up.git")
	if got := s.open().Remote(t.Context()); got != "git.example.com/acme/up" {
		t.Errorf("only upstream: %q", got)
	}
	s.git("remote", "add", "origin", "git@git.example.com:acme/own.git")
	if got := s.open(filepath.FromSlash(".")).Remote(t.Context()); got != "git.example.com/acme/own" {
		t.Errorf("origin: %q", got)
	}
}
