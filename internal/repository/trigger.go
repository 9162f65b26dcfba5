package repository

import (
	"cmp"
	"fmt"
	"strings"

	"gate/internal/doc"
)

// TriggerKind is what made a CI system run.
type TriggerKind string

// The kinds. Everything that is no request, no push and no merge queue judges
// what is there: a schedule, a release, somebody's hand.
const (
	TriggerNone    TriggerKind = ""        // nobody says
	TriggerRequest TriggerKind = "request" // a pull or merge request
	TriggerQueue   TriggerKind = "queue"   // a merge queue tries requests together
	TriggerPush    TriggerKind = "push"    // a branch or tag was moved
	TriggerStands  TriggerKind = "stands"
)

// Trigger is what a CI system says about why it runs, by its variables and the
// event file. Each of them may be written by the change itself, so that what two
// of them say must agree.
type Trigger struct {
	Kind TriggerKind
	// Target is the branch that a request or a queue goes to, by name; TargetBy is
	// the variable that says so, "the event" for the event file.
	Target, TargetBy string
	// Source is the branch of a request, Fork whether the event says that it is
	// that of another repository.
	Source string
	Fork   bool
	// Default is the default branch of the repository; DefaultBy as TargetBy.
	Default, DefaultBy string
	Branch             string // that a push moved, or that is run; empty for a tag
	Before             string // commit that stood there before a push; empty if there was none, or nobody says
	Created            bool   // the push made the branch
	Base               string // commit that a merge queue tries its requests on
	// Repository is the web address of the repository that the target branch is
	// of, empty if nobody says.
	Repository string
	// EventFile is where the CI system has put the event.
	EventFile string
	// Conflict says which two statements disagree, empty if none do.
	Conflict string
}

// theEvent names the event file as who says something.
const theEvent = "the event"

// targetVariables are the variables by which CI systems tell the target branch
// of a request, and which is the branch of the request: GitHub (Gitea, Forgejo),
// GitLab, Jenkins, Azure Pipelines, Bitbucket, Buildkite.
var targetVariables = [][2]string{
	{"GITHUB_BASE_REF", "GITHUB_HEAD_REF"},
	{"CI_MERGE_REQUEST_TARGET_BRANCH_NAME", "CI_MERGE_REQUEST_SOURCE_BRANCH_NAME"},
	{"CHANGE_TARGET", "CHANGE_BRANCH"},
	{"SYSTEM_PULLREQUEST_TARGETBRANCH", "SYSTEM_PULLREQUEST_SOURCEBRANCH"},
	{"BITBUCKET_PR_DESTINATION_BRANCH", "BITBUCKET_BRANCH"},
	{"BUILDKITE_PULL_REQUEST_BASE_BRANCH", "BUILDKITE_BRANCH"},
}

// The variables of one CI system each:
//
//   - https://docs.github.com/en/actions/reference/workflows-and-actions/variables
//   - https://docs.gitlab.com/ci/variables/predefined_variables/
//   - https://www.jenkins.io/doc/book/pipeline/multibranch/#additional-environment-variables
//   - https://learn.microsoft.com/azure/devops/pipelines/build/variables
//   - https://support.atlassian.com/bitbucket-cloud/docs/variables-and-secrets/
//   - https://buildkite.com/docs/pipelines/configure/environment-variables
const (
	githubEvent      = "GITHUB_EVENT_NAME"
	githubEventFile  = "GITHUB_EVENT_PATH"
	githubServer     = "GITHUB_SERVER_URL"
	githubRepository = "GITHUB_REPOSITORY"
	gitlabSourceKind = "CI_PIPELINE_SOURCE"
	gitlabBranch     = "CI_COMMIT_BRANCH"
	gitlabTag        = "CI_COMMIT_TAG"
	gitlabBefore     = "CI_COMMIT_BEFORE_SHA"
	gitlabDefault    = "CI_DEFAULT_BRANCH"
	gitlabProject    = "CI_PROJECT_URL"
	gitlabTargetURL  = "CI_MERGE_REQUEST_PROJECT_URL"
	jenkinsBranch    = "BRANCH_NAME"
	jenkinsPrimary   = "BRANCH_IS_PRIMARY"
	azureReason      = "BUILD_REASON"
	azureBranch      = "BUILD_SOURCEBRANCH"
	bitbucketBranch  = "BITBUCKET_BRANCH"
	buildkiteBranch  = "BUILDKITE_BRANCH"
	buildkiteDefault = "BUILDKITE_PIPELINE_DEFAULT_BRANCH"
	buildkiteSource  = "BUILDKITE_SOURCE"
)

// TriggerVariables are the names of all variables that ReadTrigger asks for.
func TriggerVariables() []string {
	out := []string{
		githubRef, githubEvent, githubEventFile, githubServer, githubRepository,
		gitlabSourceKind, gitlabBranch, gitlabTag, gitlabBefore, gitlabDefault, gitlabProject, gitlabTargetURL,
		jenkinsBranch, jenkinsPrimary, azureReason, azureBranch, bitbucketBranch, buildkiteBranch, buildkiteDefault, buildkiteSource,
	}
	for _, pair := range targetVariables {
		out = append(out, pair[0], pair[1])
	}
	return out
}

// ReadTrigger says why a run was made. event is the content of the event file,
// nil without one; one that is not understood says nothing.
func ReadTrigger(event []byte, getenv func(string) string) Trigger {
	t := Trigger{EventFile: EventFile(getenv)}
	for _, pair := range targetVariables {
		if name := branchName(getenv(pair[0])); name != "" && name != "false" { // Buildkite says false outside of pull requests
			t.Kind = TriggerRequest
			t.target(name, pair[0])
			t.Source = cmp.Or(t.Source, branchName(getenv(pair[1])))
		}
	}
	t.github(getenv)
	t.gitlab(getenv)
	t.others(getenv)
	if len(event) > 0 {
		t.event(event)
	}
	return t
}

// EventFile is where a CI system says that it has put the event, empty if it does
// not: GitHub Actions, Gitea and Forgejo.
func EventFile(getenv func(string) string) string { return getenv(githubEventFile) }

func branchName(s string) string {
	if strings.HasPrefix(s, "refs/") && !strings.HasPrefix(s, "refs/heads/") {
		return ""
	}
	return strings.TrimPrefix(s, "refs/heads/")
}

// target and byDefault take what one more names, which must be the same.
func (t *Trigger) target(name, by string) {
	t.Target, t.TargetBy = t.agree("target branch", t.Target, t.TargetBy, name, by)
}

func (t *Trigger) byDefault(name, by string) {
	t.Default, t.DefaultBy = t.agree("default branch", t.Default, t.DefaultBy, name, by)
}

func (t *Trigger) agree(what, was, wasBy, name, by string) (string, string) {
	switch {
	case name == "":
		return was, wasBy
	case was == "" || was == name && by == theEvent:
		return name, by
	case was != name && t.Conflict == "":
		t.Conflict = fmt.Sprintf("the %s is %q by %s and %q by %s", what, was, wasBy, name, by)
	}
	return was, wasBy
}

// other is the kind where no request is spoken of.
func (t *Trigger) other(kind TriggerKind) {
	if t.Kind == TriggerNone {
		t.Kind = kind
	}
}

func (t *Trigger) github(getenv func(string) string) {
	ref, name := getenv(githubRef), getenv(githubEvent)
	if repo := getenv(githubRepository); repo != "" {
		t.Repository = cmp.Or(getenv(githubServer), "https://github.com") + "/" + repo
	}
	// A queue's branch is gh-readonly-queue/TARGET/pr-NUMBER-COMMIT.
	queue, queued := strings.CutPrefix(ref, "refs/heads/gh-readonly-queue/")
	switch {
	case ref == "" && name == "":
	case t.Kind == TriggerRequest || strings.HasPrefix(ref, "refs/pull/"):
		t.other(TriggerRequest)
	case queued || name == "merge_group":
		t.other(TriggerQueue)
		if i := strings.LastIndex(queue, "/pr-"); i > 0 {
			t.target(queue[:i], githubRef)
		}
	case name == "push":
		t.other(TriggerPush)
		t.Branch = branchName(ref)
	default:
		t.other(TriggerStands)
		if t.Branch = branchName(ref); name == "schedule" { // runs on the default branch, and on no other
			t.byDefault(t.Branch, githubRef)
		}
	}
}

func (t *Trigger) gitlab(getenv func(string) string) {
	project, target := getenv(gitlabProject), getenv(gitlabTargetURL)
	t.Repository = cmp.Or(t.Repository, target, project)
	if target == "" || project == "" || target == project { // that of a fork is the fork's own
		t.byDefault(branchName(getenv(gitlabDefault)), gitlabDefault)
	}
	branch, source := getenv(gitlabBranch), getenv(gitlabSourceKind)
	if t.Kind == TriggerRequest || branch == "" && source == "" && getenv(gitlabTag) == "" {
		return
	}
	t.Branch = cmp.Or(t.Branch, branchName(branch))
	before := getenv(gitlabBefore)
	switch source {
	case "push", "":
		t.other(TriggerPush)
		t.Created = t.Created || before != "" && strings.Trim(before, "0") == ""
	case "parent_pipeline": // of a push or of anything else
		if commitID(before) == "" {
			t.other(TriggerStands)
		}
		t.other(TriggerPush)
	default:
		t.other(TriggerStands)
	}
	if t.Kind == TriggerPush {
		t.Before = cmp.Or(t.Before, commitID(before))
	}
}

// others are the CI systems that do not tell what stood on a branch before.
func (t *Trigger) others(getenv func(string) string) {
	t.byDefault(branchName(getenv(buildkiteDefault)), buildkiteDefault)
	if getenv(jenkinsPrimary) == "true" && getenv("CHANGE_TARGET") == "" {
		t.byDefault(getenv(jenkinsBranch), jenkinsBranch)
	}
	if t.Kind != TriggerNone {
		return
	}
	t.Branch = cmp.Or(branchName(getenv(azureBranch)), getenv(buildkiteBranch), getenv(bitbucketBranch), getenv(jenkinsBranch))
	switch {
	case getenv(azureReason) == "IndividualCI", getenv(azureReason) == "BatchedCI", getenv(buildkiteSource) == "webhook":
		t.Kind = TriggerPush
	case t.Branch != "" || getenv(azureBranch) != "":
		t.Kind = TriggerStands
	}
}

// event takes what the event file says: https://docs.github.com/en/webhooks/webhook-events-and-payloads,
// and the forms of ParseEvent.
func (t *Trigger) event(data []byte) {
	v, err := decodeJSON(data)
	event, ok := v.(map[string]any)
	if err != nil || !ok {
		return
	}
	repo := doc.Map(event, "repository")
	pull, merge, group := doc.Map(event, "pull_request"), doc.Map(event, "object_attributes"), doc.Map(event, "merge_group")
	if pull == nil && doc.At(event, "base", "ref") != nil {
		pull = event
	}
	if merge == nil && doc.At(event, "source_branch") != nil {
		merge = event
	}
	t.byDefault(cmp.Or(doc.Text(repo, "default_branch"), doc.Text(pull, "base", "repo", "default_branch"), doc.Text(event, "project", "default_branch")), theEvent)
	switch {
	case pull != nil:
		t.Repository = cmp.Or(doc.Text(pull, "base", "repo", "html_url"), t.Repository)
		t.request(doc.Text(pull, "base", "ref"), doc.Text(pull, "head", "ref"), githubPull(pull).PullRequest.Fork)
	case merge != nil:
		web, _, _ := strings.Cut(doc.Text(merge, "web_url"), "/-/")
		t.Repository = cmp.Or(doc.Text(merge, "target", "web_url"), web, t.Repository)
		t.request(doc.Text(merge, "target_branch"), doc.Text(merge, "source_branch"), number(merge, "source_project_id") != number(merge, "target_project_id"))
	case group != nil:
		t.Kind, t.Base = TriggerQueue, commitID(doc.Text(group, "base_sha"))
		t.target(branchName(doc.Text(group, "base_ref")), theEvent)
	case doc.At(event, "before") != nil && doc.At(event, "ref") != nil:
		t.other(TriggerPush)
		if t.Kind != TriggerPush {
			return
		}
		before := doc.Text(event, "before")
		t.Branch, t.Before = branchName(doc.Text(event, "ref")), commitID(before)
		t.Created = strings.Trim(before, "0") == ""
	default:
		t.other(TriggerStands)
		t.Branch = cmp.Or(t.Branch, branchName(doc.Text(event, "ref")))
	}
	if pull == nil && merge == nil {
		t.Repository = cmp.Or(doc.Text(repo, "html_url"), t.Repository)
	}
}

func (t *Trigger) request(target, source string, fork bool) {
	t.other(TriggerRequest) // the request of a branch whose push is judged may be handed in, too
	t.Fork = fork
	t.target(branchName(target), theEvent)
	t.Source = cmp.Or(source, t.Source)
}
