package pipeline

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"gate/internal/discover"
	"gate/internal/facts"
	"gate/internal/git"
	"gate/internal/policysource"
	"gate/internal/repository"
)

// checkout is a repository in a directory.
type checkout struct {
	t   *testing.T
	dir string
}

func (c checkout) git(args ...string) string {
	c.t.Helper()
	cmd := exec.Command("git", append([]string{"-c", "protocol.file.allow=always"}, args...)...)
	cmd.Dir = c.dir
	cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL="+os.DevNull, "GIT_CONFIG_NOSYSTEM=1",
		"GIT_AUTHOR_NAME=a", "GIT_AUTHOR_EMAIL=a@example.com", "GIT_AUTHOR_DATE=1700000000 +0000",
		"GIT_COMMITTER_NAME=a", "GIT_COMMITTER_EMAIL=a@example.com", "GIT_COMMITTER_DATE=1700000000 +0000")
	out, err := cmd.CombinedOutput()
	if err != nil {
		c.t.Fatalf("git %v: %v\n%s", args, err, out)
	}
	return strings.TrimSpace(string(out))
}

func (c checkout) commit(file string) string {
	c.t.Helper()
	if err := os.WriteFile(filepath.Join(c.dir, file), []byte("a: "+file+"\n"), 0o600); err != nil {
		c.t.Fatal(err)
	}
	c.git("add", "-A")
	c.git("commit", "-q", "-m", file)
	return c.git("rev-parse", "HEAD")
}

// clone is a checkout of some refs, as CI makes one.
func (c checkout) clone(depth, at string, refs ...string) checkout {
	c.t.Helper()
	out := checkout{c.t, c.t.TempDir()}
	out.git("init", "-q", "-b", "none")
	out.git("remote", "add", "origin", "file://"+c.dir)
	for _, ref := range refs {
		args := []string{"fetch", "-q", "--no-tags", "origin", "+refs/" + ref + ":refs/remotes/origin/" + strings.TrimPrefix(ref, "heads/")}
		if depth != "" {
			args = slices.Insert(args, 3, "--depth="+depth)
		}
		out.git(args...)
	}
	out.git("checkout", "-q", "--detach", at)
	return out
}

// told is what a run in a checkout says of the change.
func (c checkout) told(event *repository.Event, env map[string]string) (ch facts.Change, review bool, ledger []facts.Entry) {
	c.t.Helper()
	ctx := context.Background()
	repo, err := git.Open(ctx, c.dir)
	if err != nil {
		c.t.Fatal(err)
	}
	defer repo.Close()
	work, err := discover.Open(ctx, c.dir, repo)
	if err != nil {
		c.t.Fatal(err)
	}
	defer work.Close()
	o := Options{Getenv: func(name string) string { return env[name] }}
	o.defaults()
	s := &opened{Options: o, repo: repo, tree: work, inputs: inputs{event: event}, policy: policysource.Unread()}
	got, said, err := change(ctx, s, &discover.Inventory{})
	if err != nil {
		c.t.Fatal(err)
	}
	return got.Change, got.review, said.Ledger
}

func pullRequest(head, base string) *repository.Event {
	return &repository.Event{Head: head, Base: base, PullRequest: &facts.PullRequest{Number: 7, Author: "ada", Head: "topic"}}
}

func changedFiles(c facts.Change) string {
	var out []string
	for _, f := range c.Files {
		out = append(out, f.Path)
	}
	return strings.Join(out, " ")
}

// A request is compared with the commit that its trial merge was made with,
// however far the target branch has come since, and whatever it has of the
// request by now.
func TestTrialMerge(t *testing.T) {
	t.Parallel()
	up := checkout{t, t.TempDir()}
	up.git("init", "-q", "-b", "main")
	up.commit("one.yaml")
	up.git("checkout", "-q", "-b", "topic")
	early := up.commit("early.yaml")
	head := up.commit("topic.yaml")
	up.git("checkout", "-q", "main")
	base := up.commit("two.yaml")
	up.git("merge", "-q", "--no-ff", "-m", "Merge topic into main", "topic")
	up.git("update-ref", "refs/pull/7/merge", "HEAD")
	up.git("reset", "-q", "--hard", base)
	trial := up.git("rev-parse", "refs/pull/7/merge")
	event := pullRequest(head, base)

	check := func(name string, c checkout, event *repository.Event, env map[string]string) {
		t.Helper()
		got, review, ledger := c.told(event, env)
		if !got.Known || !review || got.Base != base || got.MergeBase != base || got.Head != head || changedFiles(got) != "early.yaml topic.yaml" {
			t.Errorf("%s: known %v, review %v, base %s, merge base %s, head %s, files %s, %v; want %s and %s", name, got.Known, review, got.Base, got.MergeBase, got.Head, changedFiles(got), ledger, base, head)
		}
	}
	github := map[string]string{"GITHUB_REF": "refs/pull/7/merge", "GITHUB_SHA": trial, "GITHUB_BASE_REF": "main"}
	all := func() checkout { return up.clone("", trial, "heads/main", "pull/7/merge") }
	check("whole", all(), event, nil)
	check("depth 2", up.clone("2", trial, "pull/7/merge"), event, nil)
	check("depth 2 on GitHub without an event", up.clone("2", trial, "pull/7/merge"), nil, github)
	check("GitLab", all(), nil, map[string]string{"CI_MERGE_REQUEST_SOURCE_BRANCH_SHA": head, "CI_MERGE_REQUEST_TARGET_BRANCH_SHA": base})
	check("Azure", all(), nil, map[string]string{"SYSTEM_PULLREQUEST_SOURCECOMMITID": head})

	// Depth 1 has neither parent: what is missing is named.
	got, review, ledger := up.clone("1", trial, "pull/7/merge").told(event, github)
	if got.Known || !review || len(ledger) != 1 || ledger[0].Hint != "git fetch --no-tags --depth=1 origin "+base {
		t.Errorf("depth 1: known %v, review %v, %+v", got.Known, review, ledger)
	}

	// The target branch goes on, and takes a part of the request with it.
	up.git("cherry-pick", early)
	up.git("merge", "-q", "--no-ff", "-m", "Merge a part", early)
	up.commit("three.yaml")
	check("the target branch went on", all(), event, nil)
	check("depth 2, the target branch went on", up.clone("2", trial, "heads/main", "pull/7/merge"), event, nil)

	// The request is merged.
	up.git("merge", "-q", "--no-ff", "-m", "Merge topic", "topic")
	check("the request is merged", all(), event, nil)
}

// A merge that brings the target branch into another one is no trial merge, even
// if somebody says so.
func TestOwnMerge(t *testing.T) {
	t.Parallel()
	up := checkout{t, t.TempDir()}
	up.git("init", "-q", "-b", "main")
	up.commit("one.yaml")
	up.git("checkout", "-q", "-b", "topic")
	before := up.commit("topic.yaml")
	up.git("checkout", "-q", "main")
	base := up.commit("two.yaml")
	up.git("checkout", "-q", "topic")
	up.git("merge", "-q", "--no-ff", "-m", "Merge main into topic", "main")
	head := up.git("rev-parse", "HEAD")
	up.git("checkout", "-q", "main")
	tip := up.commit("three.yaml")

	for _, tt := range []struct {
		name  string
		event *repository.Event
		env   map[string]string
	}{
		{name: "alone"},
		{name: "with its event", event: pullRequest(head, tip)},
		{name: "GitHub", env: map[string]string{"GITHUB_REF": "refs/heads/topic", "GITHUB_SHA": head}},
		{name: "GitHub, another commit", env: map[string]string{"GITHUB_REF": "refs/pull/7/merge", "GITHUB_SHA": tip}},
		{name: "GitLab", env: map[string]string{"CI_MERGE_REQUEST_TARGET_BRANCH_SHA": base}},
		{name: "an event that takes the target branch for the head", event: pullRequest(base, tip)},
		{name: "variables that do", env: map[string]string{"CI_MERGE_REQUEST_SOURCE_BRANCH_SHA": base}},
	} {
		got, review, ledger := up.clone("", head, "heads/main", "heads/topic").told(tt.event, tt.env)
		if !got.Known || !review || got.Base != tip || got.MergeBase != base || changedFiles(got) != "topic.yaml" {
			t.Errorf("%s: known %v, base %s, merge base %s, files %s, %v; want %s", tt.name, got.Known, got.Base, got.MergeBase, changedFiles(got), ledger, base)
		}
		if tt.event == nil && got.Head != head {
			t.Errorf("%s: head %s, want %s", tt.name, got.Head, head)
		}
	}

	// Without history its first parent is not taken for the target branch.
	got, _, ledger := up.clone("1", head, "heads/main", "heads/topic").told(nil, nil)
	if got.Known || len(ledger) != 1 || !strings.Contains(ledger[0].Hint, "git fetch") || strings.Contains(ledger[0].Hint, before) {
		t.Errorf("known %v, merge base %s, %+v", got.Known, got.MergeBase, ledger)
	}
}

// A later run over the head of a request that was merged meanwhile is compared
// with what it was proposed on.
func TestMergedRequest(t *testing.T) {
	t.Parallel()
	for _, how := range []string{"--ff-only", "--no-ff"} {
		up := checkout{t, t.TempDir()}
		up.git("init", "-q", "-b", "main")
		base := up.commit("one.yaml")
		up.git("checkout", "-q", "-b", "topic")
		up.commit("early.yaml")
		head := up.commit("topic.yaml")
		up.git("checkout", "-q", "main")
		up.git("merge", "-q", how, "topic")
		got, review, ledger := up.clone("", head, "heads/main", "heads/topic").told(pullRequest(head, base), nil)
		if !got.Known || !review || got.MergeBase != base || changedFiles(got) != "early.yaml topic.yaml" {
			t.Errorf("%s: known %v, review %v, merge base %s, files %s, %v; want %s", how, got.Known, review, got.MergeBase, changedFiles(got), ledger, base)
		}
	}
}
