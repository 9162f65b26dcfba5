package approve

import (
	"crypto/x509"
	"encoding/pem"
	"errors"
	"strings"
	"testing"
	"time"

	"gate/internal/attest"
	"gate/internal/config"
)

// collecting is a trust file with a collector.
func collecting(t testing.TB, key, sources, more string) []Collector {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(signer(t, key).Public())
	if err != nil {
		t.Fatal(err)
	}
	text := strings.ReplaceAll(strings.TrimSpace(string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))), "\n", "\n          ")
	trust, err := config.ParseTrust("trust.yaml", []byte("apiVersion: gate/v1\ncollectors:\n  - name: forge\n    sources: ["+sources+"]\n"+more+"    keys:\n      - pem: |\n          "+text+"\n"))
	if err != nil {
		t.Fatal(err)
	}
	list, faults := Collectors(trust, "github.com/acme/platform", "prod", nil)
	if len(faults) > 0 {
		t.Fatal(faults)
	}
	return list
}

// TestRelay: what a forge said is passed on by whom the target branch names, of exactly the
// head and run that it was said of.
func TestRelay(t *testing.T) {
	t.Parallel()
	d := madeBy(t, "github.com/acme/platform", 1, nil)
	reviews, err := ReadReviews([]byte(`[` + review("bob", "APPROVED") + `,` + review("carol", "APPROVED", strings.Repeat("2", 40)) + `,` + review("app", "APPROVED", "Bot") + `]`))
	if err != nil {
		t.Fatal(err)
	}
	deployments, err := ReadDeployments([]byte(githubRun(deployed("carol", "approved", "prod") + "," + deployed("bob", "rejected", "dev"))))
	if err != nil {
		t.Fatal(err)
	}
	given, left := Relay(d, reviews, deployments)
	if len(given) != 2 || len(left) != 2 {
		t.Fatalf("passed on %+v, left %q", given, left)
	}
	names := map[string]bool{}
	for _, g := range given {
		names[g.FileName(d)] = true
	}
	if len(names) != 2 {
		t.Errorf("names %v", names)
	}
	people := NewPeople(configured(t, strings.Replace(deployers, "roles:", "roles:\n  any: {members: [bob, carol], source: [review]}", 1)))
	both := func(p *attest.Predicate) {
		p.Decision.Requirements = []attest.Requirement{{ID: "any", Role: "any", Count: 2}}
	}
	for _, tt := range []struct {
		name       string
		collectors []Collector
		signedBy   string
		decision   func(p *attest.Predicate)
		given      func(g *Given)
		open       int
		why        string
	}{
		{name: "by a collector", collectors: collecting(t, "ci", "review, deployment", ""), signedBy: "ci"},
		{name: "by nobody", signedBy: "ci", open: 2, why: "is that of no collector that may"},
		{name: "by another", collectors: collecting(t, "ci", "review, deployment", ""), signedBy: "eve", open: 2, why: "is that of no collector that may"},
		{name: "by a collector of reviews", collectors: collecting(t, "ci", "review", ""), signedBy: "ci", open: 1, why: "passes on a deployment by github:carol"},
		{name: "by one of another environment", collectors: collecting(t, "ci", "review, deployment", "    environments: [dev]\n"), signedBy: "ci", open: 2, why: "is that of no collector that may"},
		{name: "by one of another repository", collectors: collecting(t, "ci", "review, deployment", "    repositories: [github.com/acme/web]\n"), signedBy: "ci", open: 2, why: "is that of no collector that may"},
		{name: "of another head", collectors: collecting(t, "ci", "review, deployment", ""), signedBy: "ci", given: func(g *Given) { g.Head = strings.Repeat("3", 40) }, open: 2, why: "is of commit 333333333333"},
		{name: "of another run", collectors: collecting(t, "ci", "review, deployment", ""), signedBy: "ci", given: func(g *Given) {
			if g.Run != "" {
				g.Run = "43"
			}
		}, open: 1, why: `is of run 43, and the decision was made by run "42"`},
		{name: "the author's", collectors: collecting(t, "ci", "review, deployment", ""), signedBy: "ci", given: func(g *Given) { g.Identity = "github:Alice" }, open: 2, why: "who wrote the change"},
		{name: "a program's", collectors: collecting(t, "ci", "review, deployment", ""), signedBy: "ci", given: func(g *Given) { g.Identity = "github:app[bot]" }, open: 2, why: "who is a program"},
		{name: "a stranger's", collectors: collecting(t, "ci", "review, deployment", ""), signedBy: "ci", given: func(g *Given) { g.Identity = "github:eve" }, open: 2, why: "who is nobody under people"},
		{name: "one person's twice", collectors: collecting(t, "ci", "review, deployment", ""), signedBy: "ci", given: func(g *Given) { g.Identity = "github:bob" }, open: 1},
		{name: "a rejection", collectors: collecting(t, "ci", "review, deployment", ""), signedBy: "ci", given: func(g *Given) {
			if g.Run != "" {
				g.Verdict = Rejects
			}
		}, open: 1, why: "carol rejects it"},
		{name: "of a role that asks for more", collectors: collecting(t, "ci", "review, deployment", ""), signedBy: "ci", decision: func(p *attest.Predicate) {
			p.Decision.Requirements = []attest.Requirement{{ID: "signed", Role: "signed", Count: 1}}
		}, open: 1, why: `asks for signature`},
	} {
		now := madeBy(t, "github.com/acme/platform", 1, func(p *attest.Predicate) {
			both(p)
			if tt.decision != nil {
				tt.decision(p)
			}
		})
		var list []*Approval
		for _, g := range given {
			if tt.given != nil {
				tt.given(&g)
			}
			list = append(list, approval(t, now, tt.signedBy, g))
		}
		got := Match(people, CaseOf(now), Evidence{Approvals: list, Collectors: tt.collectors, Now: noon})
		if len(got) != 1 || got[0].Open != tt.open || !strings.Contains(strings.Join(got[0].Why, "\n"), tt.why) {
			t.Errorf("%s: %+v, want %d open, %s", tt.name, got, tt.open, tt.why)
		}
	}

	// A collector's key is nobody's, even if people names it.
	c := configured(t, deployers)
	c.People["dan"] = config.Person{Keys: []string{signer(t, "ci").KeyID()}}
	for _, more := range []string{"", "    environments: [dev]\n"} {
		got := Match(NewPeople(c), CaseOf(d), Evidence{Approvals: []*Approval{approval(t, d, "ci", Given{})}, Collectors: collecting(t, "ci", "review", more), Now: noon})
		if got[0].Open != 1 || !strings.Contains(strings.Join(got[0].Why, "\n"), `is signed by the collector "forge"`) {
			t.Errorf("a collector that approves: %+v", got)
		}
	}
}

// TestSourceOfApproval: a signature is of nobody else, and what is passed on is of somebody.
func TestSourceOfApproval(t *testing.T) {
	t.Parallel()
	d := madeBy(t, "github.com/acme/platform", 1, nil)
	for name, tt := range map[string]struct {
		given Given
		ok    bool
	}{
		"a signature":            {Given{}, true},
		"a signature of another": {Given{Identity: "github:bob"}, false},
		"a signature of a run":   {Given{Run: "42"}, false},
		"a review":               {Given{Source: SourceReview, Identity: "github:bob", Head: head}, true},
		"a review of nobody":     {Given{Source: SourceReview, Head: head}, false},
		"a review of nothing":    {Given{Source: SourceReview, Identity: "github:bob"}, false},
		"a review of a run":      {Given{Source: SourceReview, Identity: "github:bob", Head: head, Run: "42"}, false},
		"a review in a role":     {Given{Source: SourceReview, Identity: "github:bob", Head: head, Role: "security"}, false},
		"a deployment":           {Given{Source: SourceDeployment, Identity: "gitlab:bob", Head: head, Run: "42"}, true},
		"a deployment of no run": {Given{Source: SourceDeployment, Identity: "gitlab:bob", Head: head}, false},
		"another source":         {Given{Source: "word", Identity: "github:bob", Head: head}, false},
		"another forge":          {Given{Source: SourceReview, Identity: "mail:bob", Head: head}, false},
		"a name of two lines":    {Given{Source: SourceReview, Identity: "github:bob\neve", Head: head}, false},
	} {
		tt.given.Verdict, tt.given.At, tt.given.ValidFor, tt.given.Key = Approves, noon, time.Hour, signer(t, "ci").Public()
		if _, err := Build(d, tt.given); (err == nil) != tt.ok {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestTakenBack: a rejection blocks until the same person approves later, by no weaker
// source, or it ends, or is revoked.
func TestTakenBack(t *testing.T) {
	t.Parallel()
	key := func(name string) string { return signer(t, name).KeyID() }
	c := configured(t, strings.NewReplacer("BOB", key("bob"), "CAROL", key("carol")).Replace(`people:
  alice: {forge: ["github:alice"], git: [alice@example.com]}
  bob: {forge: ["github:bob"], git: [bob@example.com], keys: ["BOB"]}
  carol: {forge: ["github:carol"], git: [carol@example.com], keys: ["CAROL"]}
roles:
  signed: {members: [bob, carol], source: [signature]}
`))
	d := madeBy(t, "github.com/acme/platform", 1, func(p *attest.Predicate) {
		p.Decision.Requirements = []attest.Requirement{{ID: "signed", Role: "signed", Count: 1}}
	})
	at := func(minutes int) time.Time { return noon.Add(time.Duration(minutes) * time.Minute) }
	no := approval(t, d, "bob", Given{Verdict: Rejects, At: at(-30)})
	carol := approval(t, d, "carol", Given{At: at(-30)})
	said := func(login, state string, minutes int) *Snapshot {
		s, err := ReadReviews([]byte(`[` + strings.Replace(review(login, state), "{", `{"submitted_at": "`+at(minutes).Format(time.RFC3339)+`", `, 1) + `]`))
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	for _, tt := range []struct {
		name    string
		given   []*Approval
		reviews *Snapshot
		revoked []config.Revocation
		now     time.Time
		open    int
	}{
		{name: "nothing was rejected", given: []*Approval{carol}},
		{name: "rejected", given: []*Approval{carol, no}, open: 1},
		{name: "approved before", given: []*Approval{carol, no, approval(t, d, "bob", Given{At: at(-40)})}, open: 1},
		{name: "approved at the same time", given: []*Approval{carol, no, approval(t, d, "bob", Given{At: at(-30)})}, open: 1},
		{name: "approved later", given: []*Approval{carol, no, approval(t, d, "bob", Given{At: at(-20)})}},
		{name: "approved later, alone", given: []*Approval{no, approval(t, d, "bob", Given{At: at(-20)})}},
		{name: "approved later, in another role", given: []*Approval{carol, no, approval(t, d, "bob", Given{At: at(-20), Role: "platform"})}, open: 1},
		{name: "approved later by another", given: []*Approval{no, approval(t, d, "carol", Given{At: at(-20)})}, open: 1},
		{name: "reviewed later", given: []*Approval{carol, no}, reviews: said("bob", "APPROVED", -10), open: 1},
		{name: "rejected again", given: []*Approval{carol, no, approval(t, d, "bob", Given{At: at(-20)}), approval(t, d, "bob", Given{Verdict: Rejects, At: at(-10)})}, open: 1},
		{name: "revoked", given: []*Approval{carol, no}, revoked: []config.Revocation{{Approval: no.Digest, Reason: "a mistake"}}},
		{name: "ended", given: []*Approval{approval(t, d, "carol", Given{At: at(0), ValidFor: 3 * time.Hour}), no}, now: at(60)},
		{name: "a review that rejects", given: []*Approval{carol}, reviews: said("bob", "CHANGES_REQUESTED", -10), open: 1},
		{name: "a review that rejected", given: []*Approval{carol, approval(t, d, "bob", Given{At: at(-5)})}, reviews: said("bob", "CHANGES_REQUESTED", -10)},
	} {
		now := noon
		if !tt.now.IsZero() {
			now = tt.now
		}
		got := Match(NewPeople(c), CaseOf(d), Evidence{Approvals: tt.given, Reviews: tt.reviews, Revoked: tt.revoked, Now: now})
		if len(got) != 1 || got[0].Open != tt.open {
			t.Errorf("%s: %+v, want %d open", tt.name, got, tt.open)
		}
	}
}

// TestMissing: what the target branch requires is named where it was not handed in.
func TestMissing(t *testing.T) {
	t.Parallel()
	c := configured(t, "decision: {require: [reviews, deployments, approvals]}\n")
	all := Evidence{Reviews: &Snapshot{}, Deployments: &Deployments{}, Whole: true}
	if err := Missing(c, all); err != nil {
		t.Error(err)
	}
	for flag, e := range map[string]Evidence{
		"--reviews FILE":     {Deployments: all.Deployments, Whole: true},
		"--deployments FILE": {Reviews: all.Reviews, Whole: true},
		"--approval DIR/":    {Reviews: all.Reviews, Deployments: all.Deployments, Approvals: []*Approval{{}}},
	} {
		if err := Missing(c, e); err == nil || !strings.Contains(err.Error(), flag) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v", flag, err)
		}
	}
	if err := Missing(nil, Evidence{}); err != nil {
		t.Error(err)
	}
}

// TestCollectors: a key that cannot be read is told, as it could be anybody's.
func TestCollectors(t *testing.T) {
	t.Parallel()
	trust, err := config.ParseTrust("trust.yaml", []byte("apiVersion: gate/v1\ncollectors:\n  - {name: forge, sources: [review], keys: [{file: a.pub}]}\n"))
	if err != nil {
		t.Fatal(err)
	}
	_, faults := Collectors(trust, "", "", func(string) ([]byte, error) { return nil, errors.New("gone") })
	if len(faults) != 1 || !strings.Contains(faults[0].Error(), `key of the collector "forge"`) {
		t.Error(faults)
	}
	for name, text := range map[string]string{
		"no sources":     "{name: forge, sources: [], keys: [{file: a.pub}]}",
		"signatures":     "{name: forge, sources: [signature], keys: [{file: a.pub}]}",
		"no keys":        "{name: forge, sources: [review], keys: []}",
		"no name":        "{sources: [review], keys: [{file: a.pub}]}",
		"an unknown key": "{name: forge, source: [review], keys: [{file: a.pub}]}",
		"a source twice": "{name: forge, sources: [review, review], keys: [{file: a.pub}]}",
	} {
		if _, err := config.ParseTrust("trust.yaml", []byte("apiVersion: gate/v1\ncollectors:\n  - "+text+"\n")); err == nil {
			t.Errorf("%s is taken", name)
		}
	}
}
