package approve

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"gate/internal/attest"
	"gate/internal/doc"
	"gate/internal/envelope"
	"gate/internal/repository"
)

// Deployments is what a forge answered about who let the deployments of one run go on.
type Deployments struct {
	Forge      string // github, gitlab
	Repository string // host/owner/name
	Run        string // id of the workflow run, or of the pipeline
	Attempt    int    // of the run when it was asked about; 0: the forge counts none
	Commit     string // that the run is of
	Reviews    []DeploymentReview
}

// DeploymentReview is what one account said of deployments to environments.
type DeploymentReview struct {
	Handle       string // "github:alice"
	Bot          bool
	Rejects      bool // else it approves
	Environments []string
	At           time.Time // zero: the forge does not say
}

// The kinds of snapshots. Neither forge names in its answer all that the answer is about:
// a snapshot holds those of two endpoints.
const (
	kindGitHub = "github-deployment-reviews"
	kindGitLab = "gitlab-deployment"
)

// ReadDeployments reads approvals of deployments, each part as the forge's API gives it:
//
//   - {"kind": "github-deployment-reviews", "run": GET /repos/{owner}/{repo}/actions/runs/{run_id},
//     "approvals": GET /repos/{owner}/{repo}/actions/runs/{run_id}/approvals};
//   - {"kind": "gitlab-deployment", "project": GET /projects/{id},
//     "deployment": GET /projects/{id}/deployments/{deployment_id}}.
//
// Fields of a forge that are not needed are passed over; of ours, none is unknown.
func ReadDeployments(data []byte) (*Deployments, error) {
	s, err := readDeployments(data)
	if err != nil {
		return nil, fmt.Errorf("read the deployments: %w", err)
	}
	return s, nil
}

func readDeployments(data []byte) (*Deployments, error) {
	var top map[string]any
	if err := envelope.DecodeStrict(data, &top); err != nil {
		return nil, err
	}
	read, keys := githubDeployments, []string{"kind", "run", "approvals"}
	switch kind := doc.Text(top, "kind"); kind {
	case kindGitHub:
	case kindGitLab:
		read, keys = gitlabDeployment, []string{"kind", "project", "deployment"}
	default:
		return nil, fmt.Errorf("kind is %q; want %s or %s", kind, kindGitHub, kindGitLab)
	}
	for key := range top {
		if !slices.Contains(keys, key) {
			return nil, fmt.Errorf("unknown key %q; want %s", key, strings.Join(keys, ", "))
		}
	}
	return read(top)
}

// githubDeployments reads
// https://docs.github.com/en/rest/actions/workflow-runs#get-the-review-history-for-a-workflow-run
// and the run that it is about.
func githubDeployments(top map[string]any) (*Deployments, error) {
	s := &Deployments{
		Forge: "github", Repository: repository.WebRepository(doc.Text(top, "run", "repository", "html_url")), Run: id(doc.At(top, "run", "id")),
		Commit: doc.Text(top, "run", "head_sha"),
	}
	s.Attempt, _ = strconv.Atoi(id(doc.At(top, "run", "run_attempt")))
	if s.Repository == "" || s.Run == "" || !isCommit(s.Commit) || s.Attempt < 1 {
		return nil, errors.New("run: id, run_attempt, head_sha and repository.html_url are needed (GET /repos/OWNER/NAME/actions/runs/ID)")
	}
	list, isList := top["approvals"].([]any)
	if !isList {
		return nil, errors.New("approvals is needed, a list (GET /repos/OWNER/NAME/actions/runs/ID/approvals)")
	}
	for i, e := range list {
		state := doc.Text(e, "state")
		if state == "pending" || state != "" && doc.At(e, "user") == nil {
			continue // it was asked for, or the account was deleted
		}
		login, kind := doc.Text(e, "user", "login"), doc.Text(e, "user", "type")
		if state != "approved" && state != "rejected" {
			return nil, fmt.Errorf("approval %d: state %q is none of GitHub's", i, state)
		}
		r := DeploymentReview{Handle: "github:" + strings.ToLower(login), Bot: kind != "User" || isBot(login), Rejects: state == "rejected"}
		for _, x := range doc.List(e, "environments") {
			r.Environments = append(r.Environments, doc.Text(x, "name"))
		}
		if login == "" || kind == "" || len(r.Environments) == 0 || slices.Contains(r.Environments, "") {
			return nil, fmt.Errorf("approval %d: user.login, user.type and environments with names are needed", i)
		}
		s.Reviews = append(s.Reviews, r)
	}
	return s, nil
}

// gitlabDeployment reads https://docs.gitlab.com/api/deployments/#get-a-specific-deployment
// and the project that it is of.
func gitlabDeployment(top map[string]any) (*Deployments, error) {
	web := doc.Text(top, "project", "web_url")
	d := doc.Map(top, "deployment")
	s := &Deployments{
		Forge: "gitlab", Repository: repository.WebRepository(web), Run: id(doc.At(d, "deployable", "pipeline", "id")), Commit: doc.Text(d, "sha"),
	}
	environment := doc.Text(d, "environment", "name")
	if s.Repository == "" {
		return nil, errors.New("project.web_url is needed (GET /projects/ID)")
	}
	if s.Run == "" || !isCommit(s.Commit) || environment == "" {
		return nil, errors.New("deployment: sha, environment.name and deployable.pipeline.id are needed (GET /projects/ID/deployments/ID)")
	}
	if job := doc.Text(d, "deployable", "web_url"); job != "" && !strings.HasPrefix(job, strings.TrimSuffix(web, "/")+"/-/") {
		return nil, errors.New("the deployment is not of the project: deployment.deployable.web_url is not below project.web_url")
	}
	list, isList := d["approvals"].([]any)
	if !isList {
		return nil, errors.New("deployment.approvals is needed, a list")
	}
	for i, e := range list {
		status := doc.Text(e, "status")
		if status != "" && doc.At(e, "user") == nil {
			continue
		}
		name := doc.Text(e, "user", "username")
		at, err := time.Parse(time.RFC3339, doc.Text(e, "created_at"))
		switch {
		case status != "approved" && status != "rejected":
			return nil, fmt.Errorf("approval %d: status %q is none of GitLab's", i, status)
		case name == "" || err != nil:
			return nil, fmt.Errorf("approval %d: user.username and created_at are needed", i)
		}
		handle := "gitlab:" + strings.ToLower(name)
		s.Reviews = append(s.Reviews, DeploymentReview{Handle: handle, Bot: isBot(handle), Rejects: status == "rejected", Environments: []string{environment}, At: at})
	}
	return s, nil
}

// id is a number that names something, as text; empty if it is none.
func id(v any) string {
	n, ok := v.(json.Number)
	if !ok || strings.Trim(n.String(), "0123456789") != "" || len(n) > 20 {
		return ""
	}
	return n.String()
}

func isCommit(s string) bool {
	return (len(s) == 40 || len(s) == 64) && strings.Trim(s, "0123456789abcdef") == ""
}

// about says why a snapshot says nothing of a decision; empty if it does.
func (s *Deployments) about(d *attest.Decision) string {
	run, of := d.Predicate.Identity.Run, d.Predicate.Identity
	switch {
	case !strings.EqualFold(s.Repository, of.Repository): // as forges compare them
		return fmt.Sprintf("the deployments are of repository %s, the decision of %s", s.Repository, of.Repository)
	case run.ID == "":
		return "the decision names no run that deployments could be of: it was not made where GITHUB_RUN_ID or CI_PIPELINE_ID say which one it is"
	case s.Run != run.ID:
		return fmt.Sprintf("the deployments are of run %s, the decision was made by run %s", s.Run, run.ID)
	case s.Commit != of.Head:
		return fmt.Sprintf("the deployments are of commit %s, the decision of %s", short(s.Commit), short(of.Head))
	case s.Attempt > 1 || run.Attempt > 1:
		// GitHub tells neither when a deployment was approved nor by which attempt.
		return fmt.Sprintf("run %s was run again, and GitHub does not say which attempt was approved: begin a new run", s.Run)
	}
	return ""
}

// verdict is what one account said of one decision.
type verdict struct {
	DeploymentReview
	no string // why an approval does not count
}

// of are the verdicts of the accounts that said anything of the place of a decision; a
// rejection goes before an approval. There are none if the snapshot is about something else.
func (s *Deployments) of(d *attest.Decision) []verdict {
	var out []verdict
	for _, r := range s.Reviews {
		v := verdict{DeploymentReview: r}
		if !slices.ContainsFunc(r.Environments, func(name string) bool { return places(name, d.Predicate.Target) }) {
			if r.Rejects {
				continue
			}
			v.no = fmt.Sprintf("approved the deployment to %s, and the decision is about %q", strings.Join(r.Environments, ", "), place(d.Predicate.Target))
		}
		made, err := time.Parse(time.RFC3339, d.Predicate.EvaluatedAt)
		if !r.Rejects && !r.At.IsZero() && (err != nil || r.At.Before(made)) {
			v.no = fmt.Sprintf("approved the deployment at %s, before the decision was made", r.At.UTC().Format(time.RFC3339))
		}
		i := slices.IndexFunc(out, func(x verdict) bool { return x.Handle == r.Handle })
		switch {
		case i < 0:
			out = append(out, v)
		case r.Rejects, out[i].no != "" && v.no == "":
			out[i] = v
		}
	}
	return out
}

// places says whether the name of a forge's environment is that of a place: its
// environment, or environment/target.
func places(name string, t attest.Target) bool {
	return t.Environment != "" && (strings.EqualFold(name, t.Environment) || t.Name != "" && strings.EqualFold(name, t.Environment+"/"+t.Name))
}

func place(t attest.Target) string { return strings.Trim(t.Environment+"/"+t.Name, "/") }
