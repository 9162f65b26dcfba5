package policysource

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"gate/internal/git"
	"gate/internal/source"
)

// upstream is the repository of the target branch: main stands on "after", which
// came over "before"; topic is a request, trial the forge's merge of it into
// main, and train what a queue has made of main and topic.
type upstream struct {
	checkout
	before, after, topic, trial, train, base string
}

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

func (c checkout) commit(name string) string {
	c.t.Helper()
	if err := os.WriteFile(filepath.Join(c.dir, ".gate.yaml"), []byte("apiVersion: gate/v1 # "+name+"\n"), 0o600); err != nil {
		c.t.Fatal(err)
	}
	c.git("add", "-A")
	c.git("commit", "-q", "-m", name)
	return c.git("rev-parse", "HEAD")
}

func newUpstream(t *testing.T) upstream {
	t.Helper()
	u := upstream{checkout: checkout{t, filepath.Join(t.TempDir(), "acme", "platform")}}
	if err := os.MkdirAll(u.dir, 0o755); err != nil {
		t.Fatal(err)
	}
	u.git("init", "-q", "-b", "main")
	u.git("config", "uploadpack.allowAnySHA1InWant", "true")
	u.before = u.commit("before")
	u.after = u.commit("after")
	u.git("checkout", "-q", "-b", "topic", u.before)
	u.topic = u.commit("topic")
	u.git("checkout", "-q", "--detach", "main")
	u.git("merge", "-q", "--no-ff", "-X", "theirs", "-m", "trial", "topic")
	u.trial = u.git("rev-parse", "HEAD")
	u.git("update-ref", "refs/pull/7/merge", u.trial)
	u.git("checkout", "-q", "--detach", "main")
	u.base = u.commit("the request before it in the queue")
	u.train = u.commit("queued")
	u.git("update-ref", "refs/heads/gh-readonly-queue/main/pr-7-"+u.base, u.train)
	u.git("branch", "-q", "release", u.before)
	u.git("tag", "v1", u.after)
	u.git("checkout", "-q", "main")
	return u
}

// ci is a checkout as CI systems make them: some references fetched, one commit
// checked out on a branch or on none. A reference is "BRANCH", or SOURCE:REF.
func (u upstream) ci(depth int, commit, branch string, refs ...string) checkout {
	u.t.Helper()
	c := checkout{u.t, u.t.TempDir()}
	c.git("init", "-q", "-b", "none")
	c.git("remote", "add", "origin", "file://"+u.dir)
	args := []string{"fetch", "-q", "--no-tags"}
	if depth > 0 {
		args = append(args, fmt.Sprintf("--depth=%d", depth))
	}
	args = append(args, "origin")
	for _, ref := range refs {
		from, to, ok := strings.Cut(ref, ":")
		if !ok {
			from, to = "refs/heads/"+ref, "refs/remotes/origin/"+ref
		}
		args = append(args, "+"+from+":"+to)
	}
	c.git(args...)
	if branch == "" {
		c.git("checkout", "-q", "--detach", commit)
	} else {
		c.git("checkout", "-q", "-B", branch, commit)
	}
	return c
}

// source is where a run in the checkout has its policy from.
func (c checkout) source(o Options) (*Source, error) {
	c.t.Helper()
	ctx := context.Background()
	repo, err := git.Open(ctx, c.dir)
	if err != nil {
		c.t.Fatal(err)
	}
	defer repo.Close()
	o.Dir = c.dir
	return Open(ctx, o, repo, source.NoFiles{})
}

func variables(kv string) func(string) string {
	known := map[string]string{}
	for _, pair := range strings.Fields(kv) {
		name, value, _ := strings.Cut(pair, "=")
		known[name] = value
	}
	return func(name string) string { return known[name] }
}

// The table of triggers: what each CI system says, what its checkout has, and
// where the policy comes from. want is a commit; none is a reason why nobody
// answers for the policy.
func TestTriggers(t *testing.T) {
	t.Parallel()
	u := newUpstream(t)
	const zeros = "0000000000000000000000000000000000000000"
	made := map[string]checkout{} // what several rows look at and none changes
	ci := func(depth int, commit, branch string, refs ...string) checkout {
		key := fmt.Sprint(depth, commit, branch, refs)
		if _, ok := made[key]; !ok {
			made[key] = u.ci(depth, commit, branch, refs...)
		}
		return made[key]
	}
	fresh := func(commit, branch string) checkout {
		return u.ci(0, commit, branch, "main", "topic", "release", commit+":refs/pipelines/1")
	}
	full := func(commit, branch string) checkout {
		return ci(0, commit, branch, "main", "topic", "release", commit+":refs/pipelines/1")
	}
	one := func(commit, branch string) checkout { return ci(1, commit, branch, branch) }
	alone := func(commit, ref string) checkout { return ci(1, commit, "", commit+":"+ref) }
	push := func(ref, before string) string {
		return fmt.Sprintf(`{"ref": %q, "before": %q, "after": %q, "repository": {"default_branch": "main"}}`, ref, before, u.after)
	}
	request := func(base, head, repo string) string {
		return fmt.Sprintf(`{"pull_request": {"number": 7, "base": {"ref": %q, "repo": {"full_name": "acme/platform", "html_url": "https://github.com/acme/platform", "default_branch": "main"}},
			"head": {"ref": %q, "repo": {"full_name": %q}}}, "repository": {"default_branch": "main"}}`, base, head, repo)
	}
	remote := func(c checkout, url string) checkout { c.git("remote", "set-url", "origin", url); return c }
	const fetchMain = "git fetch --no-tags --depth=1 origin +refs/heads/main:refs/remotes/origin/main"
	pr := "GITHUB_EVENT_NAME=pull_request GITHUB_REF=refs/pull/7/merge GITHUB_BASE_REF=main GITHUB_HEAD_REF=topic "
	queue := "GITHUB_EVENT_NAME=merge_group GITHUB_REF=refs/heads/gh-readonly-queue/main/pr-7-" + u.base
	queueEvent := `{"merge_group": {"base_sha": "` + u.base + `", "base_ref": "refs/heads/main", "head_sha": "` + u.train + `"}, "repository": {"default_branch": "main"}}`
	mr := "CI_PIPELINE_SOURCE=merge_request_event CI_DEFAULT_BRANCH=main CI_MERGE_REQUEST_TARGET_BRANCH_NAME=main CI_MERGE_REQUEST_SOURCE_BRANCH_NAME=topic CI_COMMIT_BEFORE_SHA=" + zeros + " "
	for _, tt := range []struct {
		name       string
		in         checkout
		env, event string
		want, none string
	}{
		{"GitHub, pull_request", full(u.trial, ""), pr, "", u.after, ""},
		{"GitHub, pull_request, depth 1", alone(u.trial, "refs/remotes/pull/7/merge"), pr, "", "", fetchMain},
		{"GitHub, pull_request, the head", one(u.topic, "topic"), pr, "", "", fetchMain},
		{"GitHub, pull_request, a local branch of that name", u.ci(1, u.topic, "main", "topic"), pr, "", "", fetchMain},
		{"GitHub, pull_request_target", u.ci(1, u.after, "main", "main"), "GITHUB_EVENT_NAME=pull_request_target GITHUB_REF=refs/heads/main GITHUB_BASE_REF=main GITHUB_HEAD_REF=topic", request("main", "topic", "mallory/platform"), u.after, ""},
		{"GitHub, pull_request_target, the head", u.ci(1, u.topic, "", u.topic+":refs/remotes/origin/topic"), "GITHUB_EVENT_NAME=pull_request_target GITHUB_REF=refs/heads/main GITHUB_BASE_REF=main", "", "", fetchMain},
		{"GitHub, into another branch", full(u.topic, "topic"), "GITHUB_EVENT_NAME=pull_request GITHUB_REF=refs/pull/7/merge GITHUB_BASE_REF=release GITHUB_HEAD_REF=topic", "", u.before, ""},
		{"GitHub, a variable names the head", one(u.topic, "topic"), "GITHUB_EVENT_NAME=pull_request GITHUB_REF=refs/pull/7/merge GITHUB_BASE_REF=topic GITHUB_HEAD_REF=topic", "", "", `names "topic" as the target branch, which is what is judged`},
		{"GitHub, a variable names the head's branch alone", full(u.topic, "topic"), "GITHUB_BASE_REF=topic", "", "", "which is what is judged"},
		{"GitHub, a variable and the event disagree", full(u.topic, "topic"), "GITHUB_EVENT_NAME=pull_request GITHUB_BASE_REF=release", request("main", "topic", "acme/platform"), "", `the target branch is "release" by GITHUB_BASE_REF and "main" by the event`},
		{"GitHub, main of a fork into main", full(u.trial, ""), "GITHUB_EVENT_NAME=pull_request GITHUB_REF=refs/pull/7/merge GITHUB_BASE_REF=main GITHUB_HEAD_REF=main", request("main", "main", "mallory/platform"), u.after, ""},
		{"GitHub, the fork is checked out", remote(fresh(u.topic, "topic"), "https://github.com/mallory/platform"), pr + "GITHUB_REPOSITORY=acme/platform", "", "", "git remote add upstream https://github.com/acme/platform && git fetch --no-tags --depth=1 upstream +refs/heads/main:refs/remotes/upstream/main"},
		{"GitHub, over ssh", remote(fresh(u.trial, ""), "git@github.com:acme/platform.git"), pr + "GITHUB_REPOSITORY=acme/platform", "", u.after, ""},
		{"GitHub, through a mirror", remote(fresh(u.trial, ""), "https://git.example.com/mirror/acme/platform.git"), pr + "GITHUB_REPOSITORY=acme/platform", "", u.after, ""},
		{"the event alone", full(u.topic, "topic"), "", request("release", "topic", "acme/platform"), u.before, ""},

		{"GitHub, push", full(u.after, "main"), "GITHUB_EVENT_NAME=push GITHUB_REF=refs/heads/main", push("refs/heads/main", u.before), u.before, ""},
		{"GitHub, push, depth 1", one(u.after, "main"), "GITHUB_EVENT_NAME=push GITHUB_REF=refs/heads/main", push("refs/heads/main", u.before), "", "git fetch --no-tags --depth=1 origin " + u.before},
		{"GitHub, push, without the event", full(u.after, "main"), "GITHUB_EVENT_NAME=push GITHUB_REF=refs/heads/main GITHUB_EVENT_PATH=/nowhere", "", "", `--event "$GITHUB_EVENT_PATH"`},
		{"GitHub, push of a new branch", full(u.after, "main"), "GITHUB_EVENT_NAME=push GITHUB_REF=refs/heads/main", push("refs/heads/main", zeros), "", "the push has made the branch"},
		{"GitHub, push by force", u.ci(1, u.after, "main", "main"), "GITHUB_EVENT_NAME=push GITHUB_REF=refs/heads/main", push("refs/heads/main", u.topic), "", "git fetch --no-tags --depth=1 origin " + u.topic},
		{"GitHub, push, before is what is judged", full(u.after, "main"), "GITHUB_EVENT_NAME=push GITHUB_REF=refs/heads/main", push("refs/heads/main", u.after), "", "is what is judged"},
		{"GitHub, push of a topic", full(u.topic, "topic"), "GITHUB_EVENT_NAME=push GITHUB_REF=refs/heads/topic", push("refs/heads/topic", u.before), u.after, ""},
		{"GitHub, push of a topic alone", one(u.topic, "topic"), "GITHUB_EVENT_NAME=push GITHUB_REF=refs/heads/topic", push("refs/heads/topic", u.before), "", fetchMain},
		{"GitHub, push of a topic alone, without the event", one(u.topic, "topic"), "GITHUB_EVENT_NAME=push GITHUB_REF=refs/heads/topic", "", "", "git remote set-head origin --auto"},
		{"GitHub, a tag", full(u.after, ""), "GITHUB_EVENT_NAME=push GITHUB_REF=refs/tags/v1", push("refs/tags/v1", zeros), u.after, ""},
		{"GitHub, a tag alone", alone(u.after, "refs/tags/v1"), "GITHUB_EVENT_NAME=push GITHUB_REF=refs/tags/v1", push("refs/tags/v1", zeros), "", fetchMain},
		{"GitHub, a release", alone(u.after, "refs/tags/v1"), "GITHUB_EVENT_NAME=release GITHUB_REF=refs/tags/v1", `{"release": {}, "repository": {"default_branch": "main"}}`, "", fetchMain},
		{"GitHub, merge_group", u.ci(0, u.train, "", "gh-readonly-queue/main/pr-7-"+u.base), queue, queueEvent, u.base, ""},
		{"GitHub, merge_group, depth 1", u.ci(1, u.train, "", "gh-readonly-queue/main/pr-7-"+u.base), queue, queueEvent, "", "git fetch --no-tags --depth=1 origin " + u.base},
		{"GitHub, merge_group, without the event", u.ci(0, u.train, "", "gh-readonly-queue/main/pr-7-"+u.base, "main"), queue, "", u.after, ""},
		{"GitHub, merge_group alone", u.ci(1, u.train, "", "gh-readonly-queue/main/pr-7-"+u.base), queue, "", "", fetchMain},
		{"GitHub, schedule", one(u.after, "main"), "GITHUB_EVENT_NAME=schedule GITHUB_REF=refs/heads/main", `{"schedule": "* * * * *", "repository": {"default_branch": "main"}}`, u.after, ""},
		{"GitHub, schedule, without the event", one(u.after, "main"), "GITHUB_EVENT_NAME=schedule GITHUB_REF=refs/heads/main", "", u.after, ""},
		{"GitHub, workflow_dispatch", one(u.after, "main"), "GITHUB_EVENT_NAME=workflow_dispatch GITHUB_REF=refs/heads/main", `{"ref": "refs/heads/main", "inputs": null, "repository": {"default_branch": "main"}}`, u.after, ""},
		{"GitHub, workflow_dispatch of a topic", one(u.topic, "topic"), "GITHUB_EVENT_NAME=workflow_dispatch GITHUB_REF=refs/heads/topic", `{"ref": "refs/heads/topic", "repository": {"default_branch": "main"}}`, "", fetchMain},
		{"GitHub, workflow_dispatch of a topic, all branches", full(u.topic, "topic"), "GITHUB_EVENT_NAME=workflow_dispatch GITHUB_REF=refs/heads/topic", "", u.after, ""},
		{"GitHub, schedule without a remote-tracking branch", u.ci(1, u.after, "main", u.after+":refs/heads/other"), "GITHUB_EVENT_NAME=schedule GITHUB_REF=refs/heads/main", "", "", fetchMain},
		{"a branch that is called as another default branch", u.ci(0, u.topic, "topic", "release:refs/remotes/origin/trunk", "topic:refs/remotes/origin/main"), "GITHUB_EVENT_NAME=workflow_dispatch", `{"repository": {"default_branch": "trunk"}}`, u.before, ""},

		{"GitLab, merge request", full(u.topic, ""), mr + "CI_MERGE_REQUEST_EVENT_TYPE=detached", "", u.after, ""},
		{"GitLab, merge request, its own reference alone", alone(u.topic, "refs/pipelines/1"), mr + "CI_MERGE_REQUEST_EVENT_TYPE=detached", "", "", fetchMain},
		{"GitLab, merged results", full(u.trial, ""), mr + "CI_MERGE_REQUEST_EVENT_TYPE=merged_result CI_MERGE_REQUEST_TARGET_BRANCH_SHA=" + u.after, "", u.after, ""},
		{"GitLab, merge train", full(u.train, ""), mr + "CI_MERGE_REQUEST_EVENT_TYPE=merge_train", "", u.after, ""},
		{"GitLab, merge train, its own reference alone", alone(u.train, "refs/pipelines/1"), mr + "CI_MERGE_REQUEST_EVENT_TYPE=merge_train", "", "", fetchMain},
		{"GitLab, merge request of a fork", remote(fresh(u.topic, ""), "https://gitlab.example.com/mallory/platform.git"), mr + "CI_PROJECT_URL=https://gitlab.example.com/mallory/platform CI_MERGE_REQUEST_PROJECT_URL=https://gitlab.example.com/acme/platform", "", "", "git remote add upstream https://gitlab.example.com/acme/platform && git fetch"},
		{"GitLab, merge request of a group within", remote(fresh(u.topic, ""), "https://gitlab.example.com/mallory/acme/platform.git"), mr + "CI_MERGE_REQUEST_PROJECT_URL=https://gitlab.example.com/acme/platform", "", "", "git remote add upstream"},
		{"GitLab, a variable names the source", full(u.topic, ""), strings.Replace(mr, "TARGET_BRANCH_NAME=main", "TARGET_BRANCH_NAME=topic", 1), "", "", "which is what is judged"},
		{"GitLab, pushes since then on the source", full(u.before, ""), strings.Replace(mr, "TARGET_BRANCH_NAME=main", "TARGET_BRANCH_NAME=topic", 1), "", "", "which is what is judged"},
		{"GitLab, branch pipeline with its merge request", full(u.topic, ""), "CI_PIPELINE_SOURCE=push CI_COMMIT_BRANCH=topic CI_DEFAULT_BRANCH=main CI_COMMIT_BEFORE_SHA=" + u.before, `{"iid": 7, "source_branch": "topic", "target_branch": "release", "web_url": "https://gitlab.com/acme/platform/-/merge_requests/7"}`, u.before, ""},
		{"GitLab, branch pipeline", one(u.topic, "topic"), "CI_PIPELINE_SOURCE=push CI_COMMIT_BRANCH=topic CI_DEFAULT_BRANCH=main CI_COMMIT_BEFORE_SHA=" + u.before, "", "", fetchMain},
		{"GitLab, branch pipeline, all branches", full(u.topic, ""), "CI_PIPELINE_SOURCE=push CI_COMMIT_BRANCH=topic CI_DEFAULT_BRANCH=main CI_COMMIT_BEFORE_SHA=" + u.before, "", u.after, ""},
		{"GitLab, default branch", full(u.after, ""), "CI_PIPELINE_SOURCE=push CI_COMMIT_BRANCH=main CI_DEFAULT_BRANCH=main CI_COMMIT_BEFORE_SHA=" + u.before, "", u.before, ""},
		{"GitLab, default branch, new", full(u.after, ""), "CI_PIPELINE_SOURCE=push CI_COMMIT_BRANCH=main CI_DEFAULT_BRANCH=main CI_COMMIT_BEFORE_SHA=" + zeros, "", "", "the push has made the branch"},
		{"GitLab, child of a push", full(u.after, ""), "CI_PIPELINE_SOURCE=parent_pipeline CI_COMMIT_BRANCH=main CI_DEFAULT_BRANCH=main CI_COMMIT_BEFORE_SHA=" + u.before, "", u.before, ""},
		{"GitLab, schedule", one(u.after, "main"), "CI_PIPELINE_SOURCE=schedule CI_COMMIT_BRANCH=main CI_DEFAULT_BRANCH=main CI_COMMIT_BEFORE_SHA=" + zeros, "", u.after, ""},
		{"GitLab, schedule of a topic", one(u.topic, "topic"), "CI_PIPELINE_SOURCE=schedule CI_COMMIT_BRANCH=topic CI_DEFAULT_BRANCH=main", "", "", fetchMain},
		{"GitLab, a tag", alone(u.after, "refs/tags/v1"), "CI_PIPELINE_SOURCE=push CI_COMMIT_TAG=v1 CI_DEFAULT_BRANCH=main CI_COMMIT_BEFORE_SHA=" + zeros, "", "", fetchMain},
		{"GitLab, a variable names another default branch than the clone", func() checkout {
			c := fresh(u.topic, "topic")
			c.git("symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/main")
			return c
		}(), "CI_PIPELINE_SOURCE=schedule CI_COMMIT_BRANCH=topic CI_DEFAULT_BRANCH=topic", "", "", `"topic" by CI_DEFAULT_BRANCH and "main" by refs/remotes/origin/HEAD`},

		{"Jenkins, change", full(u.topic, ""), "CHANGE_TARGET=main CHANGE_BRANCH=topic BRANCH_NAME=PR-7", "", u.after, ""},
		{"Jenkins, change alone", one(u.topic, "topic"), "CHANGE_TARGET=main CHANGE_BRANCH=topic BRANCH_NAME=PR-7", "", "", fetchMain},
		{"Jenkins, the primary branch", one(u.after, "main"), "BRANCH_NAME=main BRANCH_IS_PRIMARY=true", "", u.after, ""},
		{"Jenkins, a branch alone", one(u.topic, "topic"), "BRANCH_NAME=topic", "", "", "set-head origin --auto"},
		{"Azure, request", full(u.trial, ""), "BUILD_REASON=PullRequest SYSTEM_PULLREQUEST_TARGETBRANCH=refs/heads/main SYSTEM_PULLREQUEST_SOURCEBRANCH=refs/heads/topic", "", u.after, ""},
		{"Azure, push", full(u.after, ""), "BUILD_REASON=IndividualCI BUILD_SOURCEBRANCH=refs/heads/main", "", "", "--policy-ref COMMIT"},
		{"Azure, schedule", full(u.after, ""), "BUILD_REASON=Schedule BUILD_SOURCEBRANCH=refs/heads/main", "", u.after, ""},
		{"Bitbucket, request alone", one(u.topic, "topic"), "BITBUCKET_PR_DESTINATION_BRANCH=main BITBUCKET_BRANCH=topic", "", "", fetchMain},
		{"Bitbucket, branch alone", one(u.topic, "topic"), "BITBUCKET_BRANCH=topic", "", "", "set-head origin --auto"},
		{"Buildkite, request", full(u.topic, ""), "BUILDKITE_PULL_REQUEST_BASE_BRANCH=main BUILDKITE_BRANCH=topic", "", u.after, ""},
		{"Buildkite, a push of the default branch", full(u.after, ""), "BUILDKITE_SOURCE=webhook BUILDKITE_BRANCH=main BUILDKITE_PIPELINE_DEFAULT_BRANCH=main BUILDKITE_PULL_REQUEST_BASE_BRANCH=false", "", "", "--policy-ref COMMIT"},
		{"Buildkite, a schedule of a topic", one(u.topic, "topic"), "BUILDKITE_SOURCE=schedule BUILDKITE_BRANCH=topic BUILDKITE_PIPELINE_DEFAULT_BRANCH=main", "", "", fetchMain},

		{"nobody says anything, all branches", full(u.topic, "topic"), "", "", u.after, ""},
		{"nobody says anything, the target branch", one(u.after, "main"), "", "", u.after, ""},
		{"nobody says anything, a topic alone", one(u.topic, "topic"), "", "", "", "set-head origin --auto"},
		{"nobody says anything, no branch", alone(u.topic, "refs/other"), "", "", "", "set-head origin --auto"},
		{"main and master", u.ci(0, u.topic, "topic", "main", "refs/heads/topic:refs/remotes/origin/master"), "", "", "", "set-head origin --auto"},
	} {
		o := Options{Getenv: variables(tt.env), ReadInput: func(string) ([]byte, error) { return nil, os.ErrNotExist }}
		if tt.event != "" {
			o.Event = []byte(tt.event)
		}
		got, err := tt.in.source(o)
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		o.NeedTrusted = true
		_, refused := tt.in.source(o)
		if tt.want != "" {
			if _, commit, _ := strings.Cut(got.Label, "@"); !got.Trusted || commit != tt.want || !strings.HasPrefix(got.Label, "refs/remotes/origin/") || refused != nil {
				t.Errorf("%s: %s, %v; want %s", tt.name, got.Label, refused, tt.want)
			}
			continue
		}
		if got.Trusted || !strings.HasPrefix(got.Label, "untrusted: ") || !strings.Contains(got.Label, tt.none) {
			t.Errorf("%s: %s; want untrusted: … %s", tt.name, got.Label, tt.none)
		}
		if refused == nil || !strings.Contains(refused.Error(), tt.none) {
			t.Errorf("%s: a decision: %v; want %s", tt.name, refused, tt.none)
		}
	}
}

// A reference that the caller names is that of the remote, and what is judged is
// not trusted under another name.
func TestNamedReference(t *testing.T) {
	t.Parallel()
	u := newUpstream(t)
	impostor := u.ci(0, u.topic, "main", "main", "topic", u.trial+":refs/remotes/pull/7/merge")
	impostor.git("symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/main")
	impostor.git("branch", "-q", "origin/main", u.topic)
	impostor.git("tag", "main", u.topic)
	lonely := u.ci(1, u.topic, "topic", "topic")
	for _, tt := range []struct {
		name string
		in   checkout
		ref  string
		want string // empty: untrusted
	}{
		{"a local branch and a tag of the name", impostor, "main", u.after},
		{"a local branch that looks like that of the remote", impostor, "origin/main", u.after},
		{"by its full name", impostor, "refs/remotes/origin/main", u.after},
		{"a commit", impostor, u.before, u.before},
		{"HEAD", impostor, "HEAD", ""},
		{"the commit that is judged", impostor, u.topic, ""},
		{"the local branch", impostor, "refs/heads/main", ""},
		{"the branch that is judged", impostor, "topic", ""},
		{"the forge's merge", impostor, "refs/remotes/pull/7/merge", ""},
		{"HEAD, and nothing beside", lonely, "HEAD", ""},
		{"the target branch as it stands", u.ci(0, u.after, "main", "main"), "HEAD", u.after},
	} {
		got, err := tt.in.source(Options{Ref: tt.ref, Getenv: variables("")})
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		if _, commit, _ := strings.Cut(got.Label, "@"); tt.want != "" && (!got.Trusted || commit != tt.want) || tt.want == "" && got.Trusted {
			t.Errorf("%s: %s, want %q", tt.name, got.Label, tt.want)
		}
	}
}

// A repository without a remote is itself what others would clone.
func TestNoRemote(t *testing.T) {
	t.Parallel()
	for branch, trusted := range map[string]bool{"main": true, "master": true, "trunk": false} {
		c := checkout{t, t.TempDir()}
		c.git("init", "-q", "-b", branch)
		id := c.commit("one")
		got, err := c.source(Options{Getenv: variables("")})
		if err != nil || got.Trusted != trusted || trusted && got.Label != "refs/heads/"+branch+"@"+id {
			t.Errorf("%s: %+v, %v", branch, got, err)
		}
	}
	c := checkout{t, t.TempDir()}
	c.git("init", "-q", "-b", "main")
	if got, err := c.source(Options{Getenv: variables("")}); err != nil || got.Trusted {
		t.Errorf("no commit: %+v, %v", got, err)
	}
	var missing *git.MissingRef
	if _, err := c.source(Options{Ref: "elsewhere", Getenv: variables("")}); !errors.As(err, &missing) {
		t.Errorf("%v", err)
	}
}
