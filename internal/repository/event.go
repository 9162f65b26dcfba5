package repository

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"gate/internal/facts"
)

// Event is what a forge says about the change.
type Event struct {
	PullRequest *facts.PullRequest // nil for an event without one, such as a push
	Head        string             // commit id of the pull request's head, or empty
	Base        string             // commit id of the target branch at that time, or empty
	Repository  string             // host/owner/name, or empty
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
	m, ok := v.(map[string]any)
	if !ok {
		return nil, fmt.Errorf("read the event: want a JSON object")
	}
	o := object(m)
	var e *Event
	switch {
	case o["pull_request"] != nil:
		e = githubPull(o.object("pull_request"))
		if e.PullRequest.Number == 0 {
			e.PullRequest.Number = o.number("number")
		}
	case o["number"] != nil && o["head"] != nil && o["base"] != nil:
		e = githubPull(o)
	case o.text("object_kind") == "merge_request":
		e = gitlabHook(o)
	case o["iid"] != nil && o["source_branch"] != nil:
		e = gitlabRequest(o)
	case o["merge_group"] != nil:
		g := o.object("merge_group")
		e = &Event{Head: commitID(g.text("head_sha")), Base: commitID(g.text("base_sha"))}
	case o["ref"] != nil && o["after"] != nil:
		e = &Event{Head: commitID(o.text("after")), Base: commitID(o.text("before"))}
	case o["repository"] != nil && (o["schedule"] != nil || o["inputs"] != nil || o["workflow"] != nil || o["deployment"] != nil || o["release"] != nil):
		e = &Event{}
	default:
		return nil, fmt.Errorf("read the event: neither a GitHub nor a GitLab event: want pull_request, merge_group, object_kind or a merge request")
	}
	if e.PullRequest != nil && e.PullRequest.Number == 0 {
		return nil, fmt.Errorf("read the event: the pull request has no number")
	}
	if e.Repository == "" {
		e.Repository = webRepository(o.object("repository").text("html_url"))
	}
	if e.Repository == "" {
		e.Repository = webRepository(o.object("project").text("web_url"))
	}
	return e, nil
}

func githubPull(o object) *Event {
	head, base := o.object("head"), o.object("base")
	pr := &facts.PullRequest{
		Number: o.number("number"), Title: o.text("title"), Body: CleanBody(o.text("body")), Labels: labels(o.list("labels"), "name"),
		Author: o.object("user").text("login"), Head: head.text("ref"), Base: base.text("ref"), Draft: o.flag("draft"),
	}
	from, to := head.object("repo"), base.object("repo")
	// The repository of a head whose fork was deleted is null.
	pr.Fork = from == nil || from.text("full_name") != to.text("full_name")
	return &Event{PullRequest: pr, Head: commitID(head.text("sha")), Base: commitID(base.text("sha")), Repository: webRepository(to.text("html_url"))}
}

// gitlabHook reads
// https://docs.gitlab.com/user/project/integrations/webhook_events/#merge-request-events
// It does not name the author, only whoever caused the event.
func gitlabHook(o object) *Event {
	a := o.object("object_attributes")
	pr := &facts.PullRequest{
		Number: a.number("iid"), Title: a.text("title"), Body: CleanBody(a.text("description")), Labels: labels(o.list("labels"), "title"),
		Head: a.text("source_branch"), Base: a.text("target_branch"), Draft: a.flag("draft") || a.flag("work_in_progress"),
		Fork: a.number("source_project_id") != a.number("target_project_id"),
	}
	return &Event{PullRequest: pr, Head: commitID(a.object("last_commit").text("id")), Repository: webRepository(a.object("target").text("web_url"))}
}

// gitlabRequest reads https://docs.gitlab.com/api/merge_requests/#get-single-mr
func gitlabRequest(o object) *Event {
	pr := &facts.PullRequest{
		Number: o.number("iid"), Title: o.text("title"), Body: CleanBody(o.text("description")), Labels: labels(o.list("labels"), "name"),
		Author: o.object("author").text("username"), Head: o.text("source_branch"), Base: o.text("target_branch"), Draft: o.flag("draft"),
		Fork: o.number("source_project_id") != o.number("target_project_id"),
	}
	repo, _, _ := strings.Cut(o.text("web_url"), "/-/")
	return &Event{PullRequest: pr, Head: commitID(o.text("sha")), Base: commitID(o.object("diff_refs").text("base_sha")), Repository: webRepository(repo)}
}

// labels takes names from a list of strings or of objects.
func labels(list []any, key string) []string {
	out := []string{}
	for _, l := range list {
		s, ok := l.(string)
		if !ok {
			m, _ := l.(map[string]any)
			s = object(m).text(key)
		}
		if s != "" {
			out = append(out, s)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

var hexID = regexp.MustCompile(`^([0-9a-f]{40}|[0-9a-f]{64})$`)

// commitID returns s if it is a commit id that is not all zeros, as an event
// writes "none".
func commitID(s string) string {
	if !hexID.MatchString(s) || strings.Trim(s, "0") == "" {
		return ""
	}
	return s
}

func webRepository(s string) string {
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

var fenceLine = regexp.MustCompile("^ {0,3}(`{3,}|~{3,})(.*)$")

func opens(line string) string {
	m := fenceLine.FindStringSubmatch(line)
	if m == nil || m[1][0] == '`' && strings.Contains(m[2], "`") {
		return ""
	}
	return m[1]
}

func closes(line, fence string) bool {
	m := fenceLine.FindStringSubmatch(line)
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
