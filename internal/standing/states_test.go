package standing_test

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"gate/internal/approve"
	"gate/internal/attest"
	"gate/internal/classify"
	"gate/internal/config"
	"gate/internal/decide"
	"gate/internal/envelope"
	"gate/internal/facts"
	"gate/internal/policy"
	"gate/internal/policysource"
	"gate/internal/source"
	"gate/internal/standing"
	"gate/rules"
)

// events are what may happen between judging a change and applying it.
var events = []string{
	"re-plan same", "re-plan other", "base moves", "policy tightened", "role lost",
	"waiver expires", "freeze begins", "approval withdrawn", "second approval", "squash merge",
}

// deepest is how many events follow each other.
const deepest = 4

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// world is the state that events lead to: what people did, and what the target branch says.
// Everything in it is a value; an event makes another world.
type world struct {
	base                         int // commits of the target branch
	tight, lost, expired, frozen bool
	runs                         []run
	given                        []given
	squashed                     bool
	happened                     string
}

// run is a plan that was made and judged.
type run struct {
	effect   string // what the plan does, as its maker knows
	tight    bool   // the policy that judged it
	decision *attest.Decision
	file     string // the plan
}

// given is an approval.
type given struct {
	by        string
	run       run // whose decision was shown and approved
	approval  *approve.Approval
	withdrawn bool
}

// lab builds and verifies with the real code. What is built twice is kept.
type lab struct {
	dir     string
	catalog *policy.Catalog
	keys    map[string]envelope.Signer
	ci      envelope.PublicKey
	mu      sync.Mutex
	plans   map[string]string
	sources map[string]*policysource.Source
	parsed  map[string]*attest.Decision
	signed  map[string]*approve.Approval
	stands  map[string]*attest.Standing
	answers sync.Map
}

func newLab(t *testing.T) *lab {
	t.Helper()
	l := &lab{dir: t.TempDir(), keys: map[string]envelope.Signer{}, plans: map[string]string{}, sources: map[string]*policysource.Source{}, parsed: map[string]*attest.Decision{}, signed: map[string]*approve.Approval{}, stands: map[string]*attest.Standing{}}
	var err error
	if l.catalog, err = policy.Load(rules.FS, func(policy.Head) bool { return false }); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"ci", "bob", "carol"} {
		seed := sha256.Sum256([]byte(name))
		if l.keys[name], err = envelope.NewSigner(ed25519.NewKeyFromSeed(seed[:])); err != nil {
			t.Fatal(err)
		}
	}
	if l.ci, err = envelope.NewPublicKey(l.keys["ci"].Public()); err != nil {
		t.Fatal(err)
	}
	return l
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err) // the runner of tests prints it
	}
	return v
}

func kept[T any](l *lab, in map[string]T, key string, build func() T) T {
	l.mu.Lock()
	defer l.mu.Unlock()
	if _, ok := in[key]; !ok {
		in[key] = build()
	}
	return in[key]
}

// source is what the target branch says in a world.
func (l *lab) source(w *world) *policysource.Source {
	members, count, effect, expires, freezes := "bob, carol, dave", 1, "warn", "2026-12-05", ""
	if w.lost {
		members = "carol, dave"
	}
	if w.tight {
		count, effect = 2, "deny"
	}
	if w.expired {
		expires = "2026-11-20"
	}
	if w.frozen {
		freezes = "freezes:\n  - {environment: live, from: 2026-11-23T12:30:00Z, to: 2026-11-30T00:00:00Z, reason: migration}\n"
	}
	text := fmt.Sprintf(`apiVersion: gate/v1
environments:
  - {name: live, class: prod}
approvals: {prod: {low: {count: %[2]d, roles: [operations]}}}
people:
  alice: {forge: ["github:alice"], git: [alice@example.com]}
  bob: {forge: ["github:bob"], git: [bob@example.com], keys: ["%[3]s"]}
  carol: {forge: ["github:carol"], git: [carol@example.com], keys: ["%[4]s"]}
  dave: {forge: ["github:dave"], git: [dave@example.com]}
roles:
  operations: {members: [%[1]s], count: %[2]d}
rules:
  kubernetes/probes: {effect: %[5]s}
%[6]s`, members, count, l.keys["bob"].KeyID(), l.keys["carol"].KeyID(), effect, freezes)
	waivers := "apiVersion: gate/v1\nwaivers:\n  - {id: W-1, rule: iac/storage-encrypted, scope: {environment: live, path: stack/**}, reason: migration, owner: \"@acme/db\", ticket: OPS-1, approvedBy: [\"@acme/security\"], created: 2026-11-10, expires: " + expires + "}\n"
	s := kept(l, l.sources, text+waivers, func() *policysource.Source {
		f := config.Files{Config: must(config.Parse(config.File, []byte(text))), Waivers: must(config.ParseWaivers(".gate/waivers.yaml", []byte(waivers))), Trust: &config.Trust{}, ConfigDigest: hexSum(text)}
		return &policysource.Source{Trusted: true, Tree: source.NoFiles{}, Files: f}
	})
	at := *s
	at.Label = fmt.Sprintf("refs/remotes/origin/main@%040d", w.base)
	return &at
}

func hexSum(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:])
}

// judge makes a plan of an effect and the signed decision about it. A freeze, and what the
// waiver covered, deny.
func (l *lab) judge(w *world, effect string) run {
	n := len(w.runs)
	bytes := fmt.Sprintf("plan %d of %s", n, effect)
	name := kept(l, l.plans, bytes, func() string { // others may be reading it
		name := filepath.Join(l.dir, hexSum(bytes))
		if err := os.WriteFile(name, []byte(bytes), 0o644); err != nil {
			panic(err)
		}
		return name
	})
	p := l.source(w)
	key := fmt.Sprint(bytes, p.Label, w.tight, w.lost, w.expired, w.frozen, w.squashed)
	d := kept(l, l.parsed, key, func() *attest.Decision {
		is := must(standing.DigestsOf(p, l.catalog.PolicyDigest, l.catalog.DataDigest))
		scope := facts.Scope{Environment: "live", Class: "prod"}
		entry := decide.EnvironmentDecision{Environment: "live", Class: "prod", Decision: decide.Warn, Complete: true, Scope: decide.ScopeTree, Risk: "low", Classification: (*classify.Outcome)(nil).Of("live", "")}
		need := p.Config.ApprovalFor(config.Prod, "low")
		entry.Requirements = []decide.Requirement{
			{ID: "live/-/-", Count: need.Count, Because: []string{"approvals"}},
			{ID: "live/-/operations", Role: "operations", Count: p.Config.RoleCount("operations"), Because: []string{"approvals"}},
		}
		r := &decide.Result{
			Tool: decide.Tool{Name: "gate", Version: "test"}, Now: noon.Format(time.RFC3339), PolicySource: p.Label, Complete: true,
			Change:  facts.Change{Repository: "github.com/acme/platform", Commit: fmt.Sprintf("%040d", n), Head: fmt.Sprintf("%040d", n), Base: fmt.Sprintf("%040d", w.base)},
			Digests: decide.Digests{Policy: is.Policy, Data: is.Data, Judging: is.Judging, Config: p.ConfigDigest},
		}
		if w.squashed {
			r.Change.Commit = strings.Repeat("5", 40)
		}
		if w.expired || w.frozen {
			entry.Decision = decide.Deny
		} else {
			waiver := p.Waivers.Waivers[0]
			r.Findings = []decide.Finding{{Rule: waiver.Rule, Scope: scope, Entries: []int{0}, Waived: &decide.WaiverUse{
				ID: "W-1", Expires: "2026-12-05", Owner: waiver.Owner, Reason: waiver.Reason, Ticket: "OPS-1", Rule: waiver.Rule, Scope: waiver.Scope.String(),
			}}}
		}
		r.Environments = []decide.EnvironmentDecision{entry}
		f := &facts.Facts{
			Environments: []facts.Environment{{Name: "live"}},
			Resources: []facts.Resource{{
				Subject: facts.Subject{ID: "terraform:stack:x.y", Scope: scope}, Stack: "stack", Mode: "managed", Type: "x", Origin: "plan", Address: "x.y",
				Actions: []string{"update"}, Before: map[string]any{"v": "before"}, After: map[string]any{"v": effect}, Change: &facts.ResourceChange{Action: "updated", Paths: []string{"v"}},
			}},
			Terraform: facts.Terraform{Stacks: []facts.Stack{{Subject: facts.Subject{ID: "stack:stack", Scope: scope}, Path: "stack", Plan: true, Complete: true}}},
		}
		payload := must(attest.Build(attest.Input{
			Result: r, Facts: f, ValidFor: 24 * time.Hour, Handle: "github:alice", Authors: []string{"alice@example.com"},
			Subjects: []attest.Artifact{{Name: attest.SubjectRendered, SHA256: hexSum(bytes)}},
		}))
		return must(attest.Parse(must(attest.Sign(payload, l.keys["ci"]))))
	})
	return run{effect: effect, tight: w.tight, decision: d, file: name}
}

func (l *lab) approve(by string, r run) given {
	a := kept(l, l.signed, by+r.decision.Digest, func() *approve.Approval {
		s := l.keys[by]
		payload := must(approve.Build(r.decision, approve.Given{Verdict: approve.Approves, At: noon, ValidFor: 24 * time.Hour, Key: s.Public()}))
		return must(approve.Parse(must(envelope.SignBundle(payload, envelope.PayloadType, s))))
	})
	return given{by: by, run: r, approval: a}
}

// after is the world in which an event has happened as well.
func (l *lab) after(w world, event string) world {
	w.runs, w.given = slices.Clone(w.runs), slices.Clone(w.given)
	w.happened += "; " + event
	last := w.runs[len(w.runs)-1]
	switch event {
	case "re-plan same":
		w.runs = append(w.runs, l.judge(&w, last.effect))
	case "re-plan other":
		w.runs = append(w.runs, l.judge(&w, map[string]string{"A": "B", "B": "A"}[last.effect]))
	case "base moves":
		w.base++
	case "policy tightened":
		w.base, w.tight = w.base+1, true
	case "role lost":
		w.base, w.lost = w.base+1, true
	case "waiver expires":
		w.base, w.expired = w.base+1, true
	case "freeze begins":
		w.base, w.frozen = w.base+1, true
	case "approval withdrawn":
		if i := slices.IndexFunc(w.given, func(g given) bool { return !g.withdrawn }); i >= 0 {
			w.given[i].withdrawn = true
		}
	case "second approval":
		w.given = append(w.given, l.approve("carol", last))
	case "squash merge": // the change is one commit of the target branch, of which the plan is made again
		w.base, w.squashed = w.base+1, true
		w.runs = append(w.runs, l.judge(&w, last.effect))
	}
	return w
}

// authorised asks the real code whether a plan may be applied by a decision, with all
// approvals that there are. Different sequences ask the same.
func (l *lab) authorised(w *world, d *attest.Decision, plan string) bool {
	asked := fmt.Sprint(w.base, w.tight, w.lost, w.expired, w.frozen, d.Digest, plan)
	for _, g := range w.given {
		asked += fmt.Sprint(g.approval.Digest, g.withdrawn)
	}
	if answer, ok := l.answers.Load(asked); ok {
		return answer.(bool)
	}
	answer := l.verify(w, d, plan)
	l.answers.Store(asked, answer)
	return answer
}

func (l *lab) verify(w *world, d *attest.Decision, plan string) bool {
	p, now := l.source(w), noon.Add(time.Hour)
	in := attest.VerifyInput{
		Decision: d, Keys: []envelope.PublicKey{l.ci}, Subjects: map[string]string{attest.SubjectRendered: plan}, Environment: "live",
		Repository: "github.com/acme/platform", Now: now, MaxValidity: p.Config.MaxValidity(config.Prod), Requirements: approve.Asked(d, p.Config),
	}
	// What it says hangs on the files, and on the waivers that a decision has used.
	in.Standing = kept(l, l.stands, fmt.Sprint(w.tight, w.lost, w.expired, w.frozen, d.Predicate.Decision.ExceptionsUsed), func() *attest.Standing {
		return must(standing.Of(p, d, now))
	})
	e := approve.Evidence{Now: now}
	for _, g := range w.given {
		e.Approvals = append(e.Approvals, g.approval)
		if g.withdrawn {
			e.Revoked = append(e.Revoked, config.Revocation{Approval: g.approval.Digest, Reason: "withdrawn"})
		}
	}
	ask := approve.CaseOf(d)
	ask.Requirements = in.Requirements
	for _, a := range approve.Match(approve.NewPeople(p.Config), ask, e) {
		in.Met = append(in.Met, attest.Met{ID: a.ID, Open: a.Open})
	}
	return attest.Verify(in).Authorised()
}

// allowed is the requirement: as many people as the policy in force asks for, who hold the
// role now, have approved this effect under that policy and have not taken it back; nothing
// is frozen, and no waiver that it rests on has ended.
func allowed(w *world, effect string) bool {
	people := map[string]bool{}
	for _, g := range w.given {
		if g.run.effect == effect && g.run.tight == w.tight && !g.withdrawn && (g.by != "bob" || !w.lost) {
			people[g.by] = true
		}
	}
	needed := 1
	if w.tight {
		needed = 2
	}
	return len(people) >= needed && !w.frozen && !w.expired
}

// TestStates walks every sequence of up to four events. In no state that is reached any plan
// is authorised, by any decision, whose effect was not approved under the policy in force.
func TestStates(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	start := world{}
	start.runs = []run{l.judge(&start, "A")}
	start.given = []given{l.approve("bob", start.runs[0])}
	var sequences, asked, authorised atomic.Int64
	var open sync.Map // states in which the newest plan is authorised
	check := func(w *world) {
		sequences.Add(1)
		for i, r := range w.runs {
			for k, plan := range w.runs {
				if i != k && k != len(w.runs)-1 {
					continue // of other plans the newest
				}
				asked.Add(1)
				if !l.authorised(w, r.decision, plan.file) {
					continue
				}
				authorised.Add(1)
				if k == len(w.runs)-1 {
					open.Store(w.happened, true)
				}
				if !allowed(w, plan.effect) {
					t.Errorf("%s: plan %d, which does %s, is authorised by decision %d", w.happened, k, plan.effect, i)
				}
			}
		}
	}
	var walk func(w world, depth int)
	walk = func(w world, depth int) {
		check(&w)
		if depth == deepest {
			return
		}
		for _, event := range events {
			walk(l.after(w, event), depth+1)
		}
	}
	check(&start)
	var all sync.WaitGroup
	for _, event := range events {
		all.Go(func() { walk(l.after(start, event), 1) })
	}
	all.Wait()

	// It is not safe because nothing works: an approval survives what does not matter.
	for _, live := range []string{
		"", "; re-plan same", "; base moves", "; squash merge", "; second approval", "; re-plan same; base moves; squash merge; re-plan same",
		"; re-plan other; second approval", "; re-plan other; re-plan other", "; role lost; second approval", "; second approval; approval withdrawn; squash merge",
		"; approval withdrawn; second approval",
	} {
		if _, ok := open.Load(live); !ok {
			t.Errorf("not authorised after %q", live)
		}
	}
	t.Logf("%d sequences, %d questions, %d authorised", sequences.Load(), asked.Load(), authorised.Load())
	want := int64(0)
	for i, n := 0, int64(1); i <= deepest; i, n = i+1, n*int64(len(events)) {
		want += n
	}
	if sequences.Load() != want {
		t.Errorf("%d sequences, want %d", sequences.Load(), want)
	}
}
