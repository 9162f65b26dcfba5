package approve

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"gate/internal/doc"
	"gate/internal/envelope"
)

// Snapshot is what a forge answered about the reviews of a change.
type Snapshot struct {
	Forge   string // github, gitlab
	Reviews []Review
	Teams   map[string][]string // "@acme/security" in lower case -> handles without forge
}

// Review is the last word of one account.
type Review struct {
	Handle   string // "github:alice"
	Bot      bool
	Approves bool
	Rejects  bool
	Commit   string    // that it is of; empty: the forge takes it back with each push
	At       time.Time // zero: the forge does not say
}

// ReadReviews reads reviews as the forge's API gives them:
//
//   - GitHub: the list of GET /repos/{owner}/{repo}/pulls/{number}/reviews, or pages of it
//     in a list;
//   - {"reviews": that list, "teams": {"@acme/security": ["alice"]}};
//   - GitLab: {"approvals": GET /projects/{id}/merge_requests/{iid}/approvals,
//     "project": GET /projects/{id}/approvals, "sha": head of the merge request,
//     "teams": …}. GitLab does not say which commit was approved: its approvals count
//     where the project's settings take them back with each push.
//
// Fields of a forge that are not needed are passed over; of ours, none is unknown.
func ReadReviews(data []byte) (*Snapshot, error) {
	s, err := readReviews(data)
	if err != nil {
		return nil, fmt.Errorf("read the reviews: %w", err)
	}
	return s, nil
}

func readReviews(data []byte) (*Snapshot, error) {
	var top any
	if err := envelope.DecodeStrict(data, &top); err != nil {
		return nil, err
	}
	switch v := top.(type) {
	case []any:
		return github(v)
	case map[string]any:
		return ours(v)
	}
	return nil, errors.New("want a list of reviews, or an object with reviews or approvals")
}

// ours reads an object that holds what a forge said.
func ours(top map[string]any) (*Snapshot, error) {
	for key := range top {
		if !slices.Contains([]string{"reviews", "teams", "approvals", "project", "sha"}, key) {
			return nil, fmt.Errorf("unknown key %q; want reviews or approvals, and teams", key)
		}
	}
	var s *Snapshot
	var err error
	switch list, isList := top["reviews"].([]any); {
	case isList && top["approvals"] == nil:
		s, err = github(list)
	case top["reviews"] == nil && doc.Map(top, "approvals") != nil:
		s, err = gitlab(top)
	default:
		return nil, errors.New("want either reviews, a list, or approvals, an object")
	}
	if err != nil {
		return nil, err
	}
	s.Teams = map[string][]string{}
	teams, isMap := top["teams"].(map[string]any)
	if top["teams"] != nil && !isMap {
		return nil, errors.New("teams: want an object of lists")
	}
	for team, members := range teams {
		list, isList := members.([]any)
		if !isList || !strings.HasPrefix(team, "@") {
			return nil, fmt.Errorf("teams: %q: want @organisation/team with a list of handles", team)
		}
		for _, m := range list {
			handle := doc.Text(m)
			if handle == "" {
				return nil, fmt.Errorf("teams: %q: want handles", team)
			}
			s.Teams[strings.ToLower(team)] = append(s.Teams[strings.ToLower(team)], strings.ToLower(handle))
		}
	}
	return s, nil
}

// github keeps the last word of each account that says something: a comment takes
// nothing back.
func github(list []any) (*Snapshot, error) {
	if pages := flat(list); pages != nil {
		list = pages
	}
	list = slices.Clone(list)
	slices.SortStableFunc(list, func(a, b any) int { return strings.Compare(doc.Text(a, "submitted_at"), doc.Text(b, "submitted_at")) })
	s := &Snapshot{Forge: "github"}
	at := map[string]int{}
	for i, e := range list {
		state, login, kind, commit := doc.Text(e, "state"), doc.Text(e, "user", "login"), doc.Text(e, "user", "type"), doc.Text(e, "commit_id")
		if login == "" && doc.At(e, "user") == nil && state != "" {
			continue // the account was deleted
		}
		if login == "" || state == "" || kind == "" {
			return nil, fmt.Errorf("review %d: user.login, user.type and state are needed", i)
		}
		r := Review{Handle: "github:" + strings.ToLower(login), Bot: kind != "User" || isBot(login), Commit: commit}
		r.At, _ = time.Parse(time.RFC3339, doc.Text(e, "submitted_at")) // zero where it is none
		switch state {
		case "APPROVED":
			r.Approves = true
			if commit == "" {
				return nil, fmt.Errorf("review %d approves no commit: commit_id is needed", i)
			}
		case "CHANGES_REQUESTED":
			r.Rejects = true
		case "DISMISSED":
		case "COMMENTED", "PENDING":
			continue
		default:
			return nil, fmt.Errorf("review %d: state %q is none of GitHub's", i, state)
		}
		if k, known := at[r.Handle]; known {
			s.Reviews[k] = r
			continue
		}
		at[r.Handle] = len(s.Reviews)
		s.Reviews = append(s.Reviews, r)
	}
	return s, nil
}

// flat are the elements of pages, nil if the list is none of pages.
func flat(list []any) []any {
	out := []any{} // pages without a review are none
	for _, e := range list {
		page, ok := e.([]any)
		if !ok {
			return nil
		}
		out = append(out, page...)
	}
	return out
}

// gitlab reads https://docs.gitlab.com/api/merge_request_approvals/
func gitlab(top map[string]any) (*Snapshot, error) {
	by, isList := doc.At(top, "approvals", "approved_by").([]any)
	if !isList {
		return nil, errors.New("approvals.approved_by is needed, a list")
	}
	if len(by) > 0 && !doc.Bool(top, "project", "reset_approvals_on_push") {
		return nil, errors.New("it is not known which commit was approved: project.reset_approvals_on_push is not true (GET /projects/{id}/approvals)")
	}
	if len(by) > 0 && doc.Text(top, "sha") == "" {
		return nil, errors.New("sha is needed, the head of the merge request that was asked about")
	}
	s := &Snapshot{Forge: "gitlab"}
	for i, e := range by {
		name := doc.Text(e, "user", "username")
		if name == "" {
			return nil, fmt.Errorf("approval %d: user.username is needed", i)
		}
		handle := "gitlab:" + strings.ToLower(name)
		s.Reviews = append(s.Reviews, Review{Handle: handle, Bot: isBot(handle), Approves: true, Commit: doc.Text(top, "sha")})
	}
	return s, nil
}
