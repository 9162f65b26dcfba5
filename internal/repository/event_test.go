package repository

import (
	"strings"
	"testing"

	"gate/internal/facts"

	"github.com/google/go-cmp/cmp"
)

const sha = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"

func TestParseEvent(t *testing.T) {
	t.Parallel()
	pull := `{"number": 7, "title": "Fix", "body": "Incident: INC-1\r\n<!-- x -->", "draft": true, "labels": [{"name": "emergency"}, {"name": "bug"}, {"name": "bug"}],
		"user": {"login": "ada"}, "head": {"ref": "fix", "sha": "` + sha + `", "repo": {"full_name": "fork/platform"}},
		"base": {"ref": "main", "sha": "` + sha + `", "repo": {"full_name": "acme/platform", "html_url": "https://github.com/acme/platform"}}}`
	pr := &facts.PullRequest{Number: 7, Title: "Fix", Body: "Incident: INC-1", Labels: []string{"bug", "emergency"}, Author: "ada", Head: "fix", Base: "main", Draft: true, Fork: true}
	for _, c := range []struct {
		name, in string
		want     *Event
	}{
		{"webhook", `{"action": "opened", "pull_request": ` + pull + `}`, &Event{Forge: "github", PullRequest: pr, Head: sha, Base: sha, Repository: "github.com/acme/platform"}},
		{"API", pull, &Event{Forge: "github", PullRequest: pr, Head: sha, Base: sha, Repository: "github.com/acme/platform"}},
		{"merge queue", `{"merge_group": {"head_sha": "` + sha + `", "base_sha": "x"}}`, &Event{Head: sha}},
		{"push", `{"ref": "refs/heads/main", "before": "0000000000000000000000000000000000000000", "after": "` + sha + `", "repository": {"html_url": "https://git.example.com:3000/acme/p"}}`,
			&Event{Head: sha, Repository: "git.example.com:3000/acme/p"}},
		{"byte order mark", "\ufeff" + `{"pull_request": ` + pull + `}`, &Event{Forge: "github", PullRequest: pr, Head: sha, Base: sha, Repository: "github.com/acme/platform"}},
		{"labels of any form", `{"pull_request": {"number": 1, "labels": ["a", 1, null, {"name": "b"}, {"name": 1}, "", "a"], "head": {"repo": {"full_name": "x"}}, "base": {"repo": {"full_name": "x"}}}}`,
			&Event{Forge: "github", PullRequest: &facts.PullRequest{Number: 1, Labels: []string{"a", "b"}}}},
		{"a number outside of the pull request", `{"number": 4, "pull_request": {"head": {"repo": {}}}}`, &Event{Forge: "github", PullRequest: &facts.PullRequest{Number: 4, Labels: []string{}}}},
		{"schedule", `{"schedule": "* * * * *", "repository": {}}`, &Event{}},
		{"GitLab hook", `{"object_kind": "merge_request", "user": {"username": "whoever"}, "labels": [{"title": "hotfix"}], "object_attributes": {"iid": 3, "title": "T", "description": "D",
			"source_branch": "s", "target_branch": "main", "source_project_id": 1, "target_project_id": 1, "last_commit": {"id": "` + sha + `"}, "target": {"web_url": "https://gitlab.com/g/p"}}}`,
			&Event{Forge: "gitlab", PullRequest: &facts.PullRequest{Number: 3, Title: "T", Body: "D", Labels: []string{"hotfix"}, Head: "s", Base: "main"}, Head: sha, Repository: "gitlab.com/g/p"}},
		{"GitLab API", `{"iid": 3, "title": "T", "description": null, "labels": ["a"], "author": {"username": "ada"}, "source_branch": "s", "target_branch": "main", "sha": "` + sha + `",
			"web_url": "https://gitlab.com/g/sub/p/-/merge_requests/3"}`,
			&Event{Forge: "gitlab", PullRequest: &facts.PullRequest{Number: 3, Title: "T", Labels: []string{"a"}, Author: "ada", Head: "s", Base: "main"}, Head: sha, Repository: "gitlab.com/g/sub/p"}},
		{"deleted fork", `{"pull_request": {"number": 1, "head": {"ref": "x", "sha": "short", "repo": null}, "base": {}}}`,
			&Event{Forge: "github", PullRequest: &facts.PullRequest{Number: 1, Labels: []string{}, Head: "x", Fork: true}}},
	} {
		got, err := ParseEvent([]byte(c.in))
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s:\n%s", c.name, diff)
		}
	}
}

func TestParseEventRefuses(t *testing.T) {
	t.Parallel()
	for name, in := range map[string]string{
		"nothing":               ``,
		"not JSON":              `pull_request: {}`,
		"truncated":             `{"pull_request": {"number": 1`,
		"something behind":      `{"pull_request": {"number": 1}} {}`,
		"a list":                `[]`,
		"unknown":               `{"hello": 1}`,
		"no number":             `{"pull_request": {"labels": []}}`,
		"duplicate key":         `{"pull_request": {"number": 1, "labels": [{"name": "emergency"}], "labels": []}}`,
		"another case":          `{"Pull_Request": {"number": 1}}`,
		"a number of nonsense":  `{"pull_request": {"number": -1}}`,
		"a key twice by escape": `{"pull_request": {"number": 1, "draft": true, "dr\u0061ft": false}}`,
		"half of a character":   `{"pull_request": {"number": 1, "title": "\ud83d"}}`,
		"not UTF-8":             "{\"pull_request\": {\"number\": 1, \"title\": \"\xff\"}}",
		"too large a number":    `{"pull_request": {"number": 9007199254740993}}`,
		"deep":                  strings.Repeat(`{"a":`, 200) + "1" + strings.Repeat("}", 200),
	} {
		if e, err := ParseEvent([]byte(in)); err == nil {
			t.Errorf("%s: %+v", name, e)
		}
	}
}

func FuzzParseEvent(f *testing.F) {
	f.Add([]byte(`{"pull_request": {"number": 1, "body": "` + "```" + `", "labels": [1, "a", {"name": 1}]}}`))
	f.Fuzz(func(t *testing.T, data []byte) { _, _ = ParseEvent(data) })
}

func TestCleanBody(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, in, want string }{
		{"text", "a\r\nb", "a\nb"},
		{"comment", "a <!-- b --> c <!-- d\ne --> f", "a  c\n f"},
		{"open comment", "a\n<!-- b\nc", "a"},
		{"fence", "a\n```yaml\nIncident: INC-1\n```\nb", "a\nb"},
		{"tilde fence", "~~~\nx\n```\ny\n~~~~\nb", "b"},
		{"open fence", "a\n```\nb", "a"},
		{"a shorter fence does not close", "````\na\n```\nb\n````\nc", "c"},
		{"backticks in the info string are no fence", "``` a ```\nb", "``` a ```\nb"},
		{"fence in a comment", "<!--\n```\n-->\na", "a"},
		{"comment in a fence", "```\n<!--\n```\na", "a"},
		{"indented four is no fence", "    ```\na", "```\na"},
	} {
		if got := CleanBody(c.in); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
	if got := CleanBody(strings.Repeat("é", maxBody)); len(got) > maxBody+3 {
		t.Errorf("%d bytes", len(got))
	}
}
