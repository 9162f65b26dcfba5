package pipeline

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"gate/internal/approve"
	"gate/internal/attest"
	"gate/internal/config"
	"gate/internal/doc"
	"gate/internal/envelope"
	"gate/internal/policy"
	"gate/internal/transition/transitiontest"
)

// planJudge is the way from a plan to its authorisation, on one repository.
type planJudge struct {
	dir      string // of files beside the repository
	repo     string
	people   *approve.People
	compiled *policy.Compiled
	now      time.Time
}

const planConfig = `apiVersion: gate/v1
environments:
  - {name: live, class: non-prod, paths: ["stack/**"]}
optional: [pull-request, protection, attestations, contract]
approvals: {non-prod: {low: 1, medium: 1, high: 1, critical: 1}}
people:
  alice: {git: [alice@example.com]}
  bob: {git: [bob@example.com], keys: ["%s"]}
`

func keyOf(t *testing.T, name string) envelope.Signer {
	t.Helper()
	seed := sha256.Sum256([]byte(name))
	s, err := envelope.NewSigner(ed25519.NewKeyFromSeed(seed[:]))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func newPlanJudge(t *testing.T) *planJudge {
	t.Helper()
	j := &planJudge{dir: t.TempDir(), repo: t.TempDir(), compiled: &policy.Compiled{}, now: time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)}
	text := fmt.Sprintf(planConfig, keyOf(t, "bob").KeyID())
	c, err := config.Parse(config.File, []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	j.people = approve.NewPeople(c)
	write := func(name, text string) {
		name = filepath.Join(j.repo, name)
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	git := func(args ...string) {
		cmd := exec.Command("git", append([]string{"-C", j.repo, "-c", "user.name=Alice", "-c", "user.email=alice@example.com", "-c", "commit.gpgsign=false"}, args...)...)
		cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL="+os.DevNull, "GIT_CONFIG_NOSYSTEM=1")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("git %v: %v\n%s", args, err, out)
		}
	}
	write(config.File, text)
	write("stack/main.tf", "terraform {\n  required_version = \"~> 1.9\"\n}\n")
	git("init", "-q", "-b", "main")
	git("remote", "add", "origin", "https://github.com/acme/platform.git")
	git("add", "-A")
	git("commit", "-q", "-m", "first")
	git("checkout", "-q", "-b", "change")
	write("stack/variables.tf", "variable \"unused\" {\n  type    = string\n  default = \"\"\n}\n")
	git("add", "-A")
	git("commit", "-q", "-m", "second")
	return j
}

// bound is a decision about a plan and the file with it.
type bound struct {
	decision *attest.Decision
	plan     string
	whole    bool // what it does is known
}

// decide judges a plan and signs the decision about it.
func (j *planJudge) decide(t *testing.T, plan []byte, key string) bound {
	t.Helper()
	sum := sha256.Sum256(plan)
	b := bound{plan: filepath.Join(j.dir, fmt.Sprintf("%x.json", sum[:8]))}
	if err := os.WriteFile(b.plan, plan, 0o644); err != nil {
		t.Fatal(err)
	}
	o := Options{
		Dir: j.repo, PolicyRef: "main", Base: "main", Plans: []Input{{Stack: "stack", File: b.plan}}, Rules: []string{"iac/plan-complete"},
		NeedTrusted: true, Now: j.now, Compiled: j.compiled, Workers: 1,
	}
	if key != "" {
		o.FingerprintKey = filepath.Join(j.dir, key)
		if err := os.WriteFile(o.FingerprintKey, []byte(strings.Repeat(key, 32)+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	out, err := Check(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	list, err := out.Decisions(time.Hour, nil)
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(list, func(d Decision) bool { return d.Environment == "live" })
	if i < 0 {
		t.Fatal("there is no decision about live")
	}
	signed, err := attest.Sign(list[i].Payload, keyOf(t, "ci"))
	if err != nil {
		t.Fatal(err)
	}
	if b.decision, err = attest.Parse(signed); err != nil {
		t.Fatal(err)
	}
	b.whole = b.decision.Predicate.Decision.Complete && b.decision.Predicate.PredictedTransition.TransitionDigest != ""
	return b
}

// approve is bob's approval of a decision, as it is read from its file.
func (j *planJudge) approve(t *testing.T, d *attest.Decision) *approve.Approval {
	t.Helper()
	bob := keyOf(t, "bob")
	payload, err := approve.Build(d, approve.Given{Verdict: approve.Approves, At: j.now, ValidFor: time.Hour, Key: bob.Public()})
	if err != nil {
		t.Fatal(err)
	}
	data, err := envelope.SignBundle(payload, envelope.PayloadType, bob)
	if err != nil {
		t.Fatal(err)
	}
	a, err := approve.Parse(data)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// authorised says whether an approval authorises applying a plan by its decision.
func (j *planJudge) authorised(t *testing.T, b bound, a *approve.Approval) bool {
	t.Helper()
	ci, err := envelope.NewPublicKey(keyOf(t, "ci").Public())
	if err != nil {
		t.Fatal(err)
	}
	in := attest.VerifyInput{
		Decision: b.decision, Keys: []envelope.PublicKey{ci}, Subjects: map[string]string{"plan-json:stack": b.plan}, Environment: "live",
		Repository: "github.com/acme/platform", Now: j.now.Add(time.Minute),
	}
	var list []*approve.Approval
	if a != nil {
		list = append(list, a)
	}
	for _, x := range approve.Match(j.people, approve.CaseOf(b.decision), approve.Evidence{Approvals: list, Now: in.Now}) {
		in.Met = append(in.Met, attest.Met{ID: x.ID, Open: x.Open, Why: x.Why})
	}
	v := attest.Verify(in)
	for _, r := range v.Refusals {
		if r.Reason != attest.ReasonApprovals && b.whole && b.decision.Predicate.Decision.PolicyDecision != "deny" {
			t.Errorf("%s: %s", r.Reason, r.Message)
		}
	}
	return v.Authorised()
}

// TestPlansAreBound: an approval of a plan holds for a fresh plan of the same effect, and
// for no other plan. CORPUS=DIR takes the plans of DIR/plans instead of those of the
// repository, and tries more changes of each.
func TestPlansAreBound(t *testing.T) {
	t.Parallel()
	patterns, most := []string{"../terraform/testdata/plans/*.json", "../terraform/testdata/planfile/*.json", "../terraform/testdata/programs/*.json"}, 1
	if dir := os.Getenv("CORPUS"); dir != "" {
		patterns, most = []string{filepath.Join(dir, "plans", "*.json"), filepath.Join(dir, "plans", "*.json.gz")}, 12
	}
	all, err := transitiontest.Read(patterns...)
	if err != nil || len(all) == 0 {
		t.Fatalf("no plans: %v", err)
	}
	j := newPlanJudge(t)
	type approved struct {
		bound
		approval *approve.Approval
		root     map[string]any
	}
	given := map[string]approved{}
	same, other, retained, carried, keyed := 0, 0, 0, 0, 0
	for _, name := range slices.Sorted(maps.Keys(all)) {
		most := max(1, min(most, 4<<20/len(all[name]))) // a large one takes seconds
		root, err := transitiontest.Decode(all[name])
		if err != nil {
			t.Fatal(err)
		}
		was := j.decide(t, all[name], "k")
		if !was.whole {
			t.Logf("%s: skipped, it is not whole", name)
			continue
		}
		if j.authorised(t, was, nil) {
			t.Errorf("%s: authorised without an approval", name)
		}
		a := j.approve(t, was.decision)
		if !j.authorised(t, was, a) {
			t.Errorf("%s: not authorised although approved", name)
		}
		given[name] = approved{was, a, root}

		again := func(changes ...transitiontest.Mutant) []byte {
			copied := doc.Map(doc.Clone(root))
			for _, m := range changes {
				m.Apply(copied)
			}
			return indented(t, copied)
		}
		noise := map[string][]byte{"a fresh plan": again(transitiontest.Noise()...)}
		if most > 1 {
			for _, m := range transitiontest.Noise() {
				noise[m.Name] = again(m)
			}
		}
		for what, plan := range noise {
			same++
			if now := j.decide(t, plan, "k"); j.authorised(t, now, a) {
				retained++
			} else {
				t.Errorf("%s: %s: the approval does not hold", name, what)
			}
		}
		for _, m := range append(transitiontest.PerKind(transitiontest.Substance(root), most), transitiontest.Sample(transitiontest.Secrets(root), most)...) {
			other++
			if now := j.decide(t, indented(t, m.Of(root)), "k"); j.authorised(t, now, a) {
				carried++
				t.Errorf("%s: %s: the approval holds", name, m.Name)
			}
		}

		// Without a key, or with another, a plan that changes a secret is approved anew.
		plain, fresh := j.decide(t, all[name], ""), noise["a fresh plan"]
		secret := plain.decision.Predicate.PredictedTransition.TransitionBinding == "exact"
		if secret {
			keyed++
		}
		for _, m := range transitiontest.Sample(transitiontest.Secrets(root), most) {
			other++
			if j.authorised(t, j.decide(t, indented(t, m.Of(root)), ""), j.approve(t, plain.decision)) {
				carried++
				t.Errorf("%s: %s: the approval holds without a key", name, m.Name)
			}
		}
		for what, holds := range map[string]bool{
			"with another key":       j.authorised(t, j.decide(t, fresh, "l"), a),
			"without a key":          j.authorised(t, j.decide(t, fresh, ""), a),
			"approved without a key": j.authorised(t, j.decide(t, fresh, ""), j.approve(t, plain.decision)),
		} {
			if holds == secret {
				t.Errorf("%s, which changes secrets %v: %s the approval holds %v", name, secret, what, holds)
			}
		}
	}
	crossed := 0
	for name, a := range given {
		for another, b := range given {
			if name == another || !transitiontest.Acts(a.root) && !transitiontest.Acts(b.root) {
				continue // nothing is nothing
			}
			crossed++
			if j.authorised(t, b.bound, a.approval) {
				t.Errorf("the approval of %s holds for %s", name, another)
			}
		}
	}
	t.Logf("%d plans, of which %d change secrets: %d of %d fresh plans retained, %d of %d others authorised, %d pairs", len(given), keyed, retained, same, carried, other, crossed)
	if len(given) < 5 || same == 0 || other < 20 || keyed == 0 {
		t.Error("too little was tried")
	}
}

// TestOtherPlans: of many plans that do one thing each the approval of one holds for no
// other. CORPUS=DIR takes the plans of DIR/plans, and hundreds of them.
func TestOtherPlans(t *testing.T) {
	t.Parallel()
	pattern, most := "../terraform/testdata/plans/*.json", 20
	if dir := os.Getenv("CORPUS"); dir != "" {
		pattern, most = filepath.Join(dir, "plans", "20-*.json.gz"), 400
	}
	all, err := transitiontest.Read(pattern)
	if err != nil {
		t.Fatal(err)
	}
	j := newPlanJudge(t)
	var decided []bound
	var changes []string
	var approvals []*approve.Approval
	for _, name := range slices.Sorted(maps.Keys(all)) {
		root, err := transitiontest.Decode(all[name])
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range transitiontest.Sample(transitiontest.Singles(root), most-len(decided)) {
			b := j.decide(t, indented(t, m.Of(root)), "k")
			a := j.approve(t, b.decision)
			if !b.whole || !j.authorised(t, b, a) {
				t.Errorf("%s: %s: not authorised although approved", name, m.Name)
			}
			decided, approvals = append(decided, b), append(approvals, a)
			changes = append(changes, fmt.Sprint(m.Of(root)["resource_changes"]))
		}
	}
	pairs, carried := 0, 0
	for i, a := range approvals {
		for k, b := range decided {
			if i == k || changes[i] == changes[k] { // two plans may do the same
				continue
			}
			if what, _ := a.Carry(b.decision); what == approve.Exact || what == approve.Retained {
				carried++
			}
			pairs++
		}
		// One of them the whole way.
		if k := (i + 1) % len(decided); changes[i] != changes[k] && j.authorised(t, decided[k], a) {
			t.Errorf("plan %d has the approval of plan %d", k, i)
		}
	}
	t.Logf("%d plans, %d pairs, %d carried", len(decided), pairs, carried)
	if carried > 0 || len(decided) < min(20, most) {
		t.Errorf("%d approvals were carried to other plans", carried)
	}
}

func indented(t *testing.T, root map[string]any) []byte {
	t.Helper()
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetIndent("", " ")
	if err := enc.Encode(root); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}
