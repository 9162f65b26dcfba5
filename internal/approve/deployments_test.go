package approve

import (
	"strings"
	"testing"
	"time"

	"gate/internal/attest"
)

// githubRun is a snapshot of GitHub's deployment reviews; of is what replaces parts of it.
func githubRun(reviews string, of ...string) string {
	return strings.NewReplacer(of...).Replace(`{"kind": "github-deployment-reviews",
	 "run": {"id": 42, "run_attempt": 1, "head_sha": "` + head + `", "name": "apply", "repository": {"html_url": "https://github.com/acme/platform"}},
	 "approvals": [` + reviews + `]}`)
}

// deployed is one of GitHub's deployment reviews.
func deployed(login, state string, environments ...string) string {
	kind := "User"
	if login == "deployer" {
		kind = "Bot"
	}
	var names []string
	for _, e := range environments {
		names = append(names, `{"id": 1, "name": "`+e+`"}`)
	}
	return `{"state": "` + state + `", "comment": "", "user": {"login": "` + login + `", "type": "` + kind + `"}, "environments": [` + strings.Join(names, ",") + `]}`
}

// gitlabDeploy is a snapshot of a deployment of GitLab.
func gitlabDeploy(approvals string, of ...string) string {
	return strings.NewReplacer(of...).Replace(`{"kind": "gitlab-deployment", "project": {"id": 1, "web_url": "https://gitlab.com/acme/platform"},
	 "deployment": {"id": 9, "sha": "` + head + `", "environment": {"name": "prod/eu"}, "approvals": [` + approvals + `],
	  "deployable": {"id": 3, "web_url": "https://gitlab.com/acme/platform/-/jobs/3", "pipeline": {"id": 42}}}}`)
}

func gitlabApproval(name, status string, at time.Time) string {
	return `{"user": {"username": "` + name + `"}, "status": "` + status + `", "created_at": "` + at.Format(time.RFC3339) + `", "comment": ""}`
}

// madeBy is the sample decision as a run made it at noon, of the head.
func madeBy(t testing.TB, repository string, attempt int, change func(p *attest.Predicate)) *attest.Decision {
	return sample(t, func(p *attest.Predicate) {
		p.Identity.Repository, p.Identity.Head, p.Identity.Run = repository, head, attest.Run{ID: "42", Attempt: attempt}
		p.Identity.AuthorHandle, p.Identity.Authors = "github:alice", []string{"alice@example.com"}
		p.EvaluatedAt, p.Target.Environment, p.Target.Name = noon.Format(time.RFC3339), "prod", "eu"
		p.Decision.Requirements = []attest.Requirement{{ID: "any", Count: 1}}
		if change != nil {
			change(p)
		}
	})
}

const deployers = `people:
  alice: {forge: ["github:alice", "gitlab:alice"], git: [alice@example.com]}
  bob: {forge: ["github:bob", "github:bob-two", "gitlab:bob"], git: [bob@example.com]}
  carol: {forge: ["github:carol"], git: [carol@example.com]}
roles:
  deployed: {members: [bob, carol], source: [deployment]}
  signed: {members: [bob, carol], source: [signature]}
`

// TestDeployments: who let the deployment of this run to this place go on, and nobody else.
func TestDeployments(t *testing.T) {
	t.Parallel()
	of := func(role string) func(p *attest.Predicate) {
		return func(p *attest.Predicate) {
			p.Decision.Requirements = []attest.Requirement{{ID: "role", Role: role, Count: 1}}
		}
	}
	github, gitlab := "github.com/acme/platform", "gitlab.com/acme/platform"
	for _, tt := range []struct {
		name     string
		snapshot string
		forge    string
		attempt  int
		change   func(p *attest.Predicate)
		open     int
		why      string
	}{
		{name: "by another", snapshot: githubRun(deployed("bob", "approved", "prod"))},
		{name: "of the target", snapshot: githubRun(deployed("bob", "approved", "prod/eu"))},
		{name: "of several places", snapshot: githubRun(deployed("Bob", "approved", "dev", "Prod"))},
		{name: "none", snapshot: githubRun(""), open: 1},
		{name: "that is asked for", snapshot: githubRun(deployed("bob", "pending", "prod")), open: 1},
		{name: "by the author", snapshot: githubRun(deployed("alice", "approved", "prod")), open: 1, why: "github:alice wrote the change"},
		{name: "by a second account of the author", snapshot: githubRun(deployed("bob-two", "approved", "prod")), change: func(p *attest.Predicate) {
			p.Identity.AuthorHandle, p.Identity.Authors = "github:bob", []string{"bob@example.com"}
		}, open: 1, why: "github:bob-two wrote the change"},
		{name: "by a co-author", snapshot: githubRun(deployed("carol", "approved", "prod")), change: func(p *attest.Predicate) {
			p.Identity.Authors = []string{"alice@example.com", "carol@example.com"}
		}, open: 1, why: "github:carol wrote the change"},
		{name: "by a program", snapshot: githubRun(deployed("deployer", "approved", "prod")), open: 1, why: "is a program"},
		{name: "by a stranger", snapshot: githubRun(deployed("eve", "approved", "prod")), open: 1, why: "github:eve is nobody under people"},
		{name: "of another environment", snapshot: githubRun(deployed("bob", "approved", "staging")), open: 1, why: `github:bob approved the deployment to staging, and the decision is about "prod/eu"`},
		{name: "of another target", snapshot: githubRun(deployed("bob", "approved", "prod/us")), open: 1, why: "approved the deployment to prod/us"},
		{name: "of another run", snapshot: githubRun(deployed("bob", "approved", "prod"), `"id": 42`, `"id": 43`), open: 1, why: "of run 43, the decision was made by run 42"},
		{name: "of another commit", snapshot: githubRun(deployed("bob", "approved", "prod"), head, strings.Repeat("2", 40)), open: 1, why: "of commit 222222222222"},
		{name: "of another repository", snapshot: githubRun(deployed("bob", "approved", "prod"), "acme/platform", "evil/platform"), open: 1, why: "of repository github.com/evil/platform"},
		{name: "of a fork's name", snapshot: githubRun(deployed("bob", "approved", "prod"), "github.com/acme", "github.example.com/acme"), open: 1, why: "of repository github.example.com/acme/platform"},
		{name: "of another attempt", snapshot: githubRun(deployed("bob", "approved", "prod"), `"run_attempt": 1`, `"run_attempt": 2`), open: 1, why: "does not say which attempt was approved"},
		{name: "for a decision of another attempt", snapshot: githubRun(deployed("bob", "approved", "prod"), `"run_attempt": 1`, `"run_attempt": 2`), attempt: 2, open: 1, why: "does not say which attempt was approved"},
		{name: "of no run", snapshot: githubRun(deployed("bob", "approved", "prod")), change: func(p *attest.Predicate) { p.Identity.Run = attest.Run{} }, open: 1, why: "the decision names no run"},
		{name: "without an environment", snapshot: githubRun(deployed("bob", "approved", "prod")), change: func(p *attest.Predicate) { p.Target.Environment, p.Target.Name = "", "" }, open: 1, why: "approved the deployment to prod"},
		{name: "rejected", snapshot: githubRun(deployed("bob", "approved", "prod") + "," + deployed("carol", "rejected", "prod")), open: 1, why: "carol rejects it"},
		{name: "rejected and approved", snapshot: githubRun(deployed("bob", "rejected", "prod") + "," + deployed("bob", "approved", "prod")), open: 1, why: "bob rejects it"},
		{name: "approved and rejected", snapshot: githubRun(deployed("bob", "approved", "prod") + "," + deployed("bob", "rejected", "prod")), open: 1, why: "bob rejects it"},
		{name: "rejected elsewhere", snapshot: githubRun(deployed("bob", "approved", "prod") + "," + deployed("carol", "rejected", "dev"))},
		{name: "elsewhere and here", snapshot: githubRun(deployed("bob", "approved", "dev") + "," + deployed("bob", "approved", "prod"))},
		{name: "in a role that asks for it", snapshot: githubRun(deployed("bob", "approved", "prod")), change: of("deployed")},
		{name: "in a role that asks for more", snapshot: githubRun(deployed("bob", "approved", "prod")), change: of("signed"), open: 1, why: `bob gave a deployment, and the role "signed" asks for signature`},

		{name: "GitLab's", forge: gitlab, snapshot: gitlabDeploy(gitlabApproval("bob", "approved", noon.Add(time.Minute)))},
		{name: "GitLab's, of the environment", forge: gitlab, snapshot: gitlabDeploy(gitlabApproval("bob", "approved", noon.Add(time.Minute)), `"prod/eu"`, `"prod"`)},
		{name: "GitLab's, too early", forge: gitlab, snapshot: gitlabDeploy(gitlabApproval("bob", "approved", noon.Add(-time.Minute))), open: 1, why: "before the decision was made"},
		{name: "GitLab's, rejected early", forge: gitlab, snapshot: gitlabDeploy(gitlabApproval("bob", "rejected", noon.Add(-time.Minute))), open: 1, why: "bob rejects it"},
		{name: "GitLab's, of another place", forge: gitlab, snapshot: gitlabDeploy(gitlabApproval("bob", "approved", noon.Add(time.Minute)), `"prod/eu"`, `"prod/us"`), open: 1, why: "approved the deployment to prod/us"},
		{name: "GitLab's, of another commit", forge: gitlab, snapshot: gitlabDeploy(gitlabApproval("bob", "approved", noon.Add(time.Minute)), head, strings.Repeat("2", 40)), open: 1, why: "of commit 222222222222"},
		{name: "GitLab's, of another pipeline", forge: gitlab, snapshot: gitlabDeploy(gitlabApproval("bob", "approved", noon.Add(time.Minute)), `"id": 42`, `"id": 43`), open: 1, why: "of run 43"},
		{name: "GitLab's, of another project", forge: gitlab, snapshot: gitlabDeploy(gitlabApproval("bob", "approved", noon.Add(time.Minute)), "acme", "evil"), open: 1, why: "of repository gitlab.com/evil/platform"},
		{name: "GitLab's, by a token", forge: gitlab, snapshot: gitlabDeploy(gitlabApproval("project_7_bot_a", "approved", noon.Add(time.Minute))), open: 1, why: "is a program"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s, err := ReadDeployments([]byte(tt.snapshot))
			if err != nil {
				t.Fatal(err)
			}
			repository, attempt := github, 1
			if tt.forge != "" {
				repository, attempt = tt.forge, 0
			}
			if tt.attempt != 0 {
				attempt = tt.attempt
			}
			d := madeBy(t, repository, attempt, tt.change)
			got := Match(NewPeople(configured(t, deployers)), CaseOf(d), Evidence{Deployments: s, Now: noon})
			if len(got) != 1 || got[0].Open != tt.open {
				t.Fatalf("answers %+v, want %d open", got, tt.open)
			}
			if all := strings.Join(got[0].Why, "\n"); !strings.Contains(all, tt.why) {
				t.Errorf("why:\n%s\nwant %s", all, tt.why)
			}
			if tt.open == 0 && got[0].Given[0].String() != "bob (deployment)" {
				t.Errorf("given by %s", got[0].Given[0])
			}
		})
	}
}

func TestReadDeployments(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ data, want string }{
		"github":                 {githubRun(deployed("bob", "approved", "prod")), ""},
		"gitlab":                 {gitlabDeploy(gitlabApproval("bob", "approved", noon)), ""},
		"a deleted account":      {githubRun(`{"state": "approved", "user": null, "environments": [{"name": "prod"}]}`), ""},
		"GitHub's answer alone":  {`[` + deployed("bob", "approved", "prod") + `]`, "decode"},
		"no kind":                {`{"approvals": []}`, `kind is ""`},
		"another kind":           {githubRun("", "github-deployment-reviews", "reviews"), `kind is "reviews"`},
		"an unknown key":         {githubRun("", `"run":`, `"of": 1, "run":`), `unknown key "of"`},
		"a key twice":            {githubRun("", `"run":`, `"run": {}, "run":`), "stands twice"},
		"a key of the other":     {githubRun("", `"run":`, `"deployment": {}, "run":`), `unknown key "deployment"`},
		"no run":                 {githubRun("", `"run"`, `"ran"`), `unknown key "ran"`},
		"no id":                  {githubRun("", `"id": 42, `, ""), "run: id"},
		"an id that is none":     {githubRun("", `"id": 42`, `"id": -1`), "run: id"},
		"an id as text":          {githubRun("", `"id": 42`, `"id": "42"`), "run: id"},
		"no attempt":             {githubRun("", `"run_attempt": 1, `, ""), "run_attempt"},
		"no commit":              {githubRun("", head, "main"), "head_sha"},
		"no repository":          {githubRun("", "html_url", "url"), "repository.html_url"},
		"an unknown state":       {githubRun(deployed("bob", "shipped", "prod")), "none of GitHub's"},
		"no environment":         {githubRun(deployed("bob", "approved")), "environments with names"},
		"no type":                {githubRun(`{"state": "approved", "user": {"login": "bob"}, "environments": [{"name": "prod"}]}`), "user.type"},
		"no list":                {githubRun("", `"approvals": []`, `"approvals": {}`), "approvals is needed"},
		"gitlab, no project":     {gitlabDeploy("", "web_url", "url"), "project.web_url is needed"},
		"gitlab, another job":    {gitlabDeploy("", "acme/platform/-/", "acme/web/-/"), "is not of the project"},
		"gitlab, no pipeline":    {gitlabDeploy("", `"pipeline"`, `"line"`), "deployable.pipeline.id"},
		"gitlab, no time":        {gitlabDeploy(gitlabApproval("bob", "approved", noon), noon.Format(time.RFC3339), "noon"), "created_at"},
		"gitlab, another status": {gitlabDeploy(gitlabApproval("bob", "maybe", noon)), "none of GitLab's"},
		"gitlab, not told":       {gitlabDeploy("", `"approvals": [],`, ""), "deployment.approvals is needed"},
		"half of it":             {githubRun("")[:60], "read the deployments"},
	} {
		s, err := ReadDeployments([]byte(tt.data))
		if tt.want == "" && (err != nil || s.Forge == "") || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
			t.Errorf("%s: %v, want %s", name, err, tt.want)
		}
	}
}

func FuzzReadDeployments(f *testing.F) {
	f.Add([]byte(githubRun(deployed("bob", "approved", "prod"))))
	f.Add([]byte(gitlabDeploy(gitlabApproval("bob", "approved", noon))))
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := ReadDeployments(data)
		if err != nil {
			return
		}
		if s.Repository == "" || s.Run == "" || !isCommit(s.Commit) {
			t.Errorf("%+v is of nothing", s)
		}
		for _, r := range s.Reviews {
			if r.Handle == "" || len(r.Environments) == 0 {
				t.Errorf("%+v says nothing", r)
			}
		}
	})
}
