package repository

import (
	"cmp"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"

	"gate/internal/doc"
	"gate/internal/facts"
)

// Event is what a forge says about the change.
type Event struct {
	PullRequest *facts.PullRequest // nil for an event without one, such as a push
	Head        string             // commit id of the pull request's head, or empty
	Base        string             // commit id of the target branch at that time, or empty
	Repository  string             // host/owner/name, or empty
	Forge       string             // whose accounts it names: github or gitlab
}

// ParseEvent reads an event file. Forms that are known: GitHub's webhook
// payloads (pull_request, pull_request_target, push, merge_group; also of Gitea
// and Forgejo), GitHub's pull request as its API gives it, GitLab's merge
// request webhook and GitLab's merge request as its API gives it. Anything else
// is an error: an event that is not understood must not read as one that
// declares nothing.
func ParseEvent(data []byte) (*Event, error) {
	v, err := decodeJSON(data)
	if err != nil {
		return nil, fmt.Errorf("read the event: %w", err)
	}
	event, ok := v.(map[string]any)
	if !ok {
		return nil, fmt.Errorf("read the event: want a JSON object")
	}
	has := func(key string) bool { return event[key] != nil }
	var e *Event
	switch {
	case has("pull_request"):
		e = githubPull(doc.Map(event, "pull_request"))
		if e.PullRequest.Number == 0 {
			e.PullRequest.Number = number(event, "number")
		}
	case has("number") && has("head") && has("base"):
		e = githubPull(event)
	case doc.Text(event, "object_kind") == "merge_request":
		e = gitlabHook(event)
	case has("iid") && has("source_branch"):
		e = gitlabRequest(event)
	case has("merge_group"):
		e = &Event{Head: commitID(doc.Text(event, "merge_group", "head_sha")), Base: commitID(doc.Text(event, "merge_group", "base_sha"))}
	case has("ref") && has("after"):
		e = &Event{Head: commitID(doc.Text(event, "after")), Base: commitID(doc.Text(event, "before"))}
	case has("repository") && (has("schedule") || has("inputs") || has("workflow") || has("deployment") || has("release")):
		e = &Event{}
	default:
		return nil, fmt.Errorf("read the event: neither a GitHub nor a GitLab event: want pull_request, merge_group, object_kind or a merge request")
	}
	if e.PullRequest != nil && e.PullRequest.Number == 0 {
		return nil, fmt.Errorf("read the event: the pull request has no number")
	}
	e.Repository = cmp.Or(e.Repository, WebRepository(doc.Text(event, "repository", "html_url")), WebRepository(doc.Text(event, "project", "web_url")))
	return e, nil
}

func githubPull(pull map[string]any) *Event {
	pr := &facts.PullRequest{
		Number: number(pull, "number"), Title: doc.Text(pull, "title"), Body: CleanBody(doc.Text(pull, "body")), Labels: labels(pull, "name"),
		Author: doc.Text(pull, "user", "login"), Head: doc.Text(pull, "head", "ref"), Base: doc.Text(pull, "base", "ref"), Draft: doc.Bool(pull, "draft"),
		// The repository of a head whose fork was deleted is null.
		Fork: doc.Map(pull, "head", "repo") == nil || doc.Text(pull, "head", "repo", "full_name") != doc.Text(pull, "base", "repo", "full_name"),
	}
	return &Event{
		Forge: "github", PullRequest: pr, Head: commitID(doc.Text(pull, "head", "sha")), Base: commitID(doc.Text(pull, "base", "sha")),
		Repository: WebRepository(doc.Text(pull, "base", "repo", "html_url")),
	}
}

// gitlabHook reads
// https://docs.gitlab.com/user/project/integrations/webhook_events/#merge-request-events
// It does not name the author, only whoever caused the event.
func gitlabHook(event map[string]any) *Event {
	a := doc.Map(event, "object_attributes")
	pr := &facts.PullRequest{
		Number: number(a, "iid"), Title: doc.Text(a, "title"), Body: CleanBody(doc.Text(a, "description")), Labels: labels(event, "title"),
		Head: doc.Text(a, "source_branch"), Base: doc.Text(a, "target_branch"), Draft: doc.Bool(a, "draft") || doc.Bool(a, "work_in_progress"),
		Fork: number(a, "source_project_id") != number(a, "target_project_id"),
	}
	return &Event{Forge: "gitlab", PullRequest: pr, Head: commitID(doc.Text(a, "last_commit", "id")), Repository: WebRepository(doc.Text(a, "target", "web_url"))}
}

// gitlabRequest reads https://docs.gitlab.com/api/merge_requests/#get-single-mr
func gitlabRequest(request map[string]any) *Event {
	pr := &facts.PullRequest{
		Number: number(request, "iid"), Title: doc.Text(request, "title"), Body: CleanBody(doc.Text(request, "description")), Labels: labels(request, "name"),
		Author: doc.Text(request, "author", "username"), Head: doc.Text(request, "source_branch"), Base: doc.Text(request, "target_branch"), Draft: doc.Bool(request, "draft"),
		Fork: number(request, "source_project_id") != number(request, "target_project_id"),
	}
	repo, _, _ := strings.Cut(doc.Text(request, "web_url"), "/-/")
	return &Event{
		Forge: "gitlab", PullRequest: pr, Head: commitID(doc.Text(request, "sha")), Base: commitID(doc.Text(request, "diff_refs", "base_sha")), Repository: WebRepository(repo),
	}
}

// labels returns the labels of a request, which are texts or objects with the
// name under a key.
func labels(request map[string]any, key string) []string {
	out := []string{}
	for _, l := range doc.List(request, "labels") {
		if s := cmp.Or(doc.Text(l), doc.Text(l, key)); s != "" {
			out = append(out, s)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

var hexID = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^([0-9a-f]{40}|[0-9a-f]{64})$`) })

// commitID returns s if it is a commit id that is not all zeros, as an event
// writes "none".
func commitID(s string) string {
	if !hexID().MatchString(s) || strings.Trim(s, "0") == "" {
		return ""
	}
	return s
}

// WebRepository is host/owner/name of the address of a repository on the web, empty if
// it is none.
func WebRepository(s string) string {
	u, err := url.Parse(s)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return ""
	}
	p := strings.TrimSuffix(strings.Trim(u.Path, "/"), ".git")
	if p == "" {
		return ""
	}
	return strings.ToLower(u.Host) + "/" + p
}

// maxBody is above what forges accept for a description, in bytes.
const maxBody = 1 << 20

// CleanBody returns what a reader of a description sees as text: without HTML
// comments and fenced code blocks, in which templates keep their examples.
// What is opened and never closed goes to the end: https://spec.commonmark.org/
func CleanBody(body string) string {
	if len(body) > maxBody {
		body = body[:maxBody]
	}
	body = strings.ToValidUTF8(strings.ReplaceAll(body, "\r\n", "\n"), "\uFFFD")
	var out []string
	fence, comment := "", false
	for line := range strings.SplitSeq(body, "\n") {
		if fence != "" {
			if closes(line, fence) {
				fence = ""
			}
			continue
		}
		if !comment {
			if fence = opens(line); fence != "" {
				continue
			}
		}
		line, comment = outside(line, comment)
		out = append(out, strings.TrimRight(line, " \t"))
	}
	return strings.TrimSpace(strings.Join(out, "\n"))
}

var fenceLine = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile("^ {0,3}(`{3,}|~{3,})(.*)$") })

func opens(line string) string {
	m := fenceLine().FindStringSubmatch(line)
	if m == nil || m[1][0] == '`' && strings.Contains(m[2], "`") {
		return ""
	}
	return m[1]
}

func closes(line, fence string) bool {
	m := fenceLine().FindStringSubmatch(line)
	return m != nil && m[1][0] == fence[0] && len(m[1]) >= len(fence) && strings.TrimSpace(m[2]) == ""
}

// outside returns what of a line stands outside of HTML comments, and whether
// one is open at its end.
func outside(line string, comment bool) (string, bool) {
	var b strings.Builder
	for {
		if comment {
			_, rest, ok := strings.Cut(line, "-->")
			if !ok {
				return b.String(), true
			}
			line, comment = rest, false
		}
		text, rest, ok := strings.Cut(line, "<!--")
		b.WriteString(text)
		if !ok {
			return b.String(), false
		}
		line, comment = rest, true
	}
}
