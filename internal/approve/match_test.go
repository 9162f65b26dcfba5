package approve

import (
	"strings"
	"testing"
	"time"

	"gate/internal/attest"
	"gate/internal/config"
)

const head = "1111111111111111111111111111111111111111"

// review is one of GitHub's.
func review(login, state string, more ...string) string {
	kind, commit := "User", head
	for _, m := range more {
		if m == "Bot" {
			kind = m
		} else {
			commit = m
		}
	}
	return `{"user": {"login": "` + login + `", "type": "` + kind + `"}, "state": "` + state + `", "commit_id": "` + commit + `", "author_association": "MEMBER"}`
}

func configured(t *testing.T, text string) *config.Config {
	t.Helper()
	c, err := config.Parse(".gate.yaml", []byte("apiVersion: gate/v1\n"+text))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

const known = `people:
  alice: {forge: ["github:alice"], git: [alice@example.com]}
  bob: {forge: ["github:bob", "github:bob-two"], git: [bob@example.com]}
  carol: {forge: ["github:carol"], git: [carol@example.com]}
  dan: {forge: ["github:dan"], git: [dan@example.com]}
roles:
  security: {members: [carol], teams: ["@acme/security"]}
  signed: {members: [bob, carol], source: [signature]}
`

// TestReviews: two reviews of exactly this head by two people other than the author, and
// nothing less.
func TestReviews(t *testing.T) {
	t.Parallel()
	two := []attest.Requirement{{ID: "any", Count: 2}}
	of := func(role string, owners ...[]string) []attest.Requirement {
		return []attest.Requirement{{ID: "role", Role: role, Count: 1, Owners: owners}}
	}
	for _, tt := range []struct {
		name, config, author string
		mails                []string
		asks                 []attest.Requirement
		reviews              []string
		teams                string
		open                 int
		why                  string
	}{
		{name: "two people", config: known, reviews: []string{review("bob", "APPROVED"), review("carol", "APPROVED")}},
		{name: "two whom no configuration knows", author: "github:eve", mails: []string{"eve@home.example"}, reviews: []string{review("bob", "APPROVED"), review("carol", "APPROVED")}},
		{name: "of a program's change", author: "github:renovate[bot]", mails: []string{"29139614+renovate[bot]@users.noreply.github.com"}, reviews: []string{review("bob", "APPROVED"), review("carol", "APPROVED")}},
		{name: "of a program's change, by a stranger", config: known, author: "github:renovate[bot]", mails: []string{"29139614+renovate[bot]@users.noreply.github.com"}, reviews: []string{review("bob", "APPROVED"), review("eve", "APPROVED")}, open: 1, why: "github:eve is nobody under people"},
		{name: "of a program's change, with another hand in it", author: "github:renovate[bot]", mails: []string{"x@example.com"}, reviews: []string{review("bob", "APPROVED"), review("carol", "APPROVED")}, open: 2, why: "it is not known who x@example.com is"},
		{name: "another letter case", config: known, reviews: []string{review("Bob", "APPROVED"), review("CAROL", "APPROVED")}},
		{name: "a comment after it", config: known, reviews: []string{review("bob", "APPROVED"), review("bob", "COMMENTED"), review("carol", "APPROVED")}},
		{name: "none", config: known, open: 2},
		{name: "one", config: known, reviews: []string{review("bob", "APPROVED")}, open: 1},
		{name: "one of an older commit", config: known, reviews: []string{review("bob", "APPROVED"), review("carol", "APPROVED", strings.Repeat("2", 40))}, open: 1, why: "github:carol approved commit 222222222222"},
		{name: "one by the author", config: known, reviews: []string{review("bob", "APPROVED"), review("alice", "APPROVED")}, open: 1, why: "github:alice wrote the change"},
		{name: "one by the author, unknown", author: "github:eve", mails: []string{"eve@home.example"}, reviews: []string{review("bob", "APPROVED"), review("Eve", "APPROVED")}, open: 1, why: "wrote the change"},
		{name: "one by a co-author", config: known, mails: []string{"alice@example.com", "carol@example.com"}, reviews: []string{review("bob", "APPROVED"), review("carol", "APPROVED")}, open: 1, why: "github:carol wrote the change"},
		{name: "one by a co-author with a hidden address", author: "github:eve", mails: []string{"1+eve@users.noreply.github.com", "22+Carol@users.noreply.github.com"}, reviews: []string{review("bob", "APPROVED"), review("carol", "APPROVED")}, open: 1, why: "github:carol wrote the change"},
		{name: "one by a program", config: known, reviews: []string{review("bob", "APPROVED"), review("carol", "APPROVED", "Bot")}, open: 1, why: "is a program"},
		{name: "one by an app", author: "github:eve", mails: []string{"eve@home.example"}, reviews: []string{review("bob", "APPROVED"), review("renovate[bot]", "APPROVED")}, open: 1, why: "is a program"},
		{name: "one dismissed", config: known, reviews: []string{review("bob", "APPROVED"), review("carol", "APPROVED"), review("carol", "DISMISSED")}, open: 1},
		{name: "a second account of a person", config: known, reviews: []string{review("bob", "APPROVED"), review("bob-two", "APPROVED")}, open: 1},
		{name: "a second account of the author", config: known, author: "github:bob-two", mails: []string{"bob@example.com"}, reviews: []string{review("bob", "APPROVED"), review("carol", "APPROVED")}, open: 1, why: "github:bob wrote the change"},
		{name: "nobody that people know", config: known, reviews: []string{review("bob", "APPROVED"), review("eve", "APPROVED")}, open: 1, why: "github:eve is nobody under people"},
		{name: "changes are asked for", config: known, reviews: []string{review("bob", "APPROVED"), review("carol", "APPROVED"), review("dan", "CHANGES_REQUESTED")}, open: 1, why: "dan rejects it"},
		{name: "and no more", config: known, reviews: []string{review("bob", "APPROVED"), review("carol", "APPROVED"), review("dan", "CHANGES_REQUESTED"), review("dan", "DISMISSED")}},
		{name: "an unknown hand in the change", config: known, mails: []string{"alice@example.com", "x@example.com"}, reviews: []string{review("bob", "APPROVED"), review("carol", "APPROVED")}, open: 2, why: "it is not known who x@example.com is"},
		{name: "two unknown hands", author: "github:eve", mails: []string{"eve@home.example", "x@example.com"}, reviews: []string{review("bob", "APPROVED"), review("carol", "APPROVED")}, open: 2, why: "it is not known who"},
		{name: "no hand is known", config: known, mails: []string{}, reviews: []string{review("bob", "APPROVED"), review("carol", "APPROVED")}, open: 2, why: "does not say who wrote the commits"},

		{name: "a role by name", config: known, asks: of("security"), reviews: []string{review("carol", "APPROVED")}},
		{name: "a role by team", config: known, asks: of("security"), reviews: []string{review("dan", "APPROVED")}, teams: `{"@Acme/Security": ["Dan"]}`},
		{name: "a role that is not held", config: known, asks: of("security"), reviews: []string{review("dan", "APPROVED")}, teams: `{"@acme/web": ["dan"]}`, open: 1, why: `dan does not hold the role "security"`},
		{name: "a role that nobody has", config: known, asks: of("elevated"), reviews: []string{review("carol", "APPROVED")}, open: 1, why: `nobody holds the role "elevated": roles: {elevated: {members: [NAME]}}`},
		{name: "a role that asks for more than a review", config: known, asks: of("signed"), reviews: []string{review("bob", "APPROVED")}, open: 1, why: `bob gave a review, and the role "signed" asks for signature`},
		{name: "an owner by name", config: known, asks: of("code-owner", []string{"@bob", "@acme/web"}), reviews: []string{review("bob", "APPROVED")}},
		{name: "an owner by team", config: known, asks: of("code-owner", []string{"@acme/web"}), reviews: []string{review("dan", "APPROVED")}, teams: `{"@acme/web": ["dan"]}`},
		{name: "an owner by address", config: known, asks: of("code-owner", []string{"dan@example.com"}), reviews: []string{review("dan", "APPROVED")}},
		{name: "one of two groups", config: known, asks: of("code-owner", []string{"@bob"}, []string{"@carol"}), reviews: []string{review("bob", "APPROVED")}, open: 1, why: "missing: @carol"},
		{name: "both groups", config: known, asks: of("code-owner", []string{"@bob"}, []string{"@carol"}), reviews: []string{review("bob", "APPROVED"), review("carol", "APPROVED")}},
		{name: "no owner", config: known, asks: of("code-owner", []string{"@bob"}), reviews: []string{review("carol", "APPROVED")}, open: 1},
		{name: "a team that nobody has seen", config: known, asks: of("code-owner", []string{"@acme/web"}), reviews: []string{review("dan", "APPROVED")}, open: 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			data := `{"reviews": [` + strings.Join(tt.reviews, ",") + `]`
			if tt.teams != "" {
				data += `, "teams": ` + tt.teams
			}
			s, err := ReadReviews([]byte(data + "}"))
			if err != nil {
				t.Fatal(err)
			}
			var c *config.Config
			if tt.config != "" {
				c = configured(t, tt.config)
			}
			ask := Case{Requirements: two, Author: "github:alice", Mails: []string{"alice@example.com"}, Head: head}
			if tt.author != "" {
				ask.Author = tt.author
			}
			if tt.mails != nil {
				ask.Mails = tt.mails
			}
			if tt.asks != nil {
				ask.Requirements = tt.asks
			}
			if len(ask.Mails) == 0 {
				ask.Unread = "the decision does not say who wrote the commits"
			}
			got := Match(NewPeople(c), ask, Evidence{Reviews: s, Now: time.Unix(0, 0)})
			if len(got) != 1 || got[0].Open != tt.open {
				t.Fatalf("answers %+v, want %d open", got, tt.open)
			}
			if all := strings.Join(got[0].Why, "\n"); !strings.Contains(all, tt.why) {
				t.Errorf("why:\n%s\nwant %s", all, tt.why)
			}
		})
	}
}
