package decide

import (
	"fmt"
	"math/rand"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gate/internal/config"
	"gate/internal/facts"
	"gate/internal/policy"
	"gate/internal/source"
)

// random makes a run of some results, failures and waivers.
func random(t testing.TB, rng *rand.Rand) Input {
	in := base(t)
	ids := []string{"eu", "us", "dev", "change", "file:a/b", "repository", "image:x", "nobody"}
	rules := catalog()
	for range rng.Intn(12) {
		r := result(rules[rng.Intn(len(rules))].ID, ids[rng.Intn(len(ids))])
		r.Path = source.Path{"a", rng.Intn(3)}
		r.Message = fmt.Sprintf("m%d", rng.Intn(2))
		switch rng.Intn(8) {
		case 0:
			r.Verdict, r.Cause = "unknown", "computed"
		case 1:
			r.Level = []string{"deny", "require-approval", "warn", "off"}[rng.Intn(4)]
		}
		in.Results = append(in.Results, r)
	}
	for range rng.Intn(3) {
		state := []facts.State{facts.Evaluated, facts.Skipped, facts.Excluded, facts.NotApplicable}[rng.Intn(4)]
		in.Ledger = append(in.Ledger, facts.Entry{Kind: "unit", ID: ids[rng.Intn(len(ids))], State: state, Input: "plan"})
	}
	if rng.Intn(3) == 0 {
		s := in.Subjects["us"]
		s.Conflict, s.Action = "service cannot be told", "deleted"
		in.Subjects["us"] = s
	}
	in.Waivers = &config.Waivers{File: ".gate/waivers.yaml"}
	for i := range rng.Intn(3) {
		in.Waivers.Waivers = append(in.Waivers.Waivers, anyWaiver(rng, i))
	}
	return in
}

func anyWaiver(rng *rand.Rand, i int) config.Waiver {
	rules := catalog()
	return config.Waiver{
		ID: fmt.Sprintf("w%d", i), Line: i + 2, Rule: rules[rng.Intn(len(rules))].ID, Owner: "bob", Reason: "r", ApprovedBy: []string{"alice"},
		Scope:   config.WaiverScope{Environment: []string{"prod", "dev", "", "*"}[rng.Intn(4)], Path: []string{"prod/eu.yaml", "dev/web.yaml", "a/b"}[rng.Intn(3)]},
		Created: now.AddDate(0, 0, -5), Expires: now.AddDate(0, 0, rng.Intn(20)-6),
	}
}

const rounds = 400

func TestOrderDoesNotMatter(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewSource(1))
	for range rounds {
		in := random(t, rng)
		want := decided(t, in)
		shuffled := in
		shuffled.Results = append([]policy.Result{}, in.Results...)
		shuffled.Ledger = append([]facts.Entry{}, in.Ledger...)
		shuffled.Rules = append([]policy.Rule{}, in.Rules...)
		shuffled.Environments = append([]facts.Environment{}, in.Environments...)
		w := *in.Waivers
		w.Waivers = append([]config.Waiver{}, in.Waivers.Waivers...)
		shuffled.Waivers = &w
		rng.Shuffle(len(shuffled.Results), func(i, j int) {
			shuffled.Results[i], shuffled.Results[j] = shuffled.Results[j], shuffled.Results[i]
		})
		rng.Shuffle(len(shuffled.Ledger), func(i, j int) {
			shuffled.Ledger[i], shuffled.Ledger[j] = shuffled.Ledger[j], shuffled.Ledger[i]
		})
		rng.Shuffle(len(shuffled.Rules), func(i, j int) { shuffled.Rules[i], shuffled.Rules[j] = shuffled.Rules[j], shuffled.Rules[i] })
		rng.Shuffle(len(shuffled.Environments), func(i, j int) {
			shuffled.Environments[i], shuffled.Environments[j] = shuffled.Environments[j], shuffled.Environments[i]
		})
		rng.Shuffle(len(w.Waivers), func(i, j int) { w.Waivers[i], w.Waivers[j] = w.Waivers[j], w.Waivers[i] })
		if diff := cmp.Diff(want, decided(t, shuffled)); diff != "" {
			t.Fatalf("the order of the input changed the result:\n%s", diff)
		}
	}
}

func TestDecisionIsTheStrictest(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewSource(2))
	for range rounds {
		res := decided(t, random(t, rng))
		top, complete := Allow, true
		for i, e := range res.Environments {
			own := Allow
			for _, f := range res.Findings {
				for _, j := range f.Entries {
					if j == i && f.Waived == nil && f.Effect.Rank() > own.Rank() {
						own = f.Effect
					}
				}
			}
			if own != e.Decision {
				t.Fatalf("%s/%s is %s, its findings say %s", e.Environment, e.Target, e.Decision, own)
			}
			if own.Rank() > top.Rank() {
				top = own
			}
			complete = complete && e.Complete
		}
		if res.Decision != top || res.Complete != complete {
			t.Fatalf("run is %s, %v; its environments say %s, %v", res.Decision, res.Complete, top, complete)
		}
		for _, f := range res.Findings {
			if len(f.Entries) == 0 {
				t.Fatalf("%s about %s counts nowhere", f.Rule, f.Subject.ID)
			}
		}
	}
}

func TestWaiversNeverMakeStricter(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewSource(3))
	strictest := func(res *Result, entry int) Effect {
		e := Allow
		for _, f := range res.Findings {
			for _, i := range f.Entries {
				if i == entry && f.Waived == nil && f.Rule != RuleWaiver && f.Effect.Rank() > e.Rank() {
					e = f.Effect
				}
			}
		}
		return e
	}
	for i := range rounds {
		in := random(t, rng)
		before := decided(t, in)
		w := *in.Waivers
		w.Waivers = append(append([]config.Waiver{}, w.Waivers...), anyWaiver(rng, 100+i))
		in.Waivers = &w
		after := decided(t, in)
		for j := range before.Environments {
			if strictest(after, j).Rank() > strictest(before, j).Rank() {
				t.Fatalf("waiver %+v made %s/%s stricter", w.Waivers[len(w.Waivers)-1], before.Environments[j].Environment, before.Environments[j].Target)
			}
		}
	}
}

func TestFailureIsNeverPassed(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewSource(4))
	kinds := []string{"file", "unit", "object", "resource", "rule", "policy", "exclude", "input", "new"}
	for range rounds {
		in := random(t, rng)
		in.Local = rng.Intn(2) == 0
		in.Ledger = append(in.Ledger, facts.Entry{Kind: kinds[rng.Intn(len(kinds))], ID: []string{"eu", "x", "change", "k8s/probes", "image:x"}[rng.Intn(5)], State: facts.Failed})
		res := decided(t, in)
		for _, failOn := range []Effect{"", Deny, Warn} {
			if code := res.ExitCode(failOn, true); code != ExitIncomplete && code != ExitDenied {
				t.Fatalf("exit %d with a failure in the ledger (--fail-on %q)", code, failOn)
			}
		}
	}
}

func BenchmarkDecide(b *testing.B) {
	in := base(b)
	for i := range 10_000 {
		id := fmt.Sprintf("c%05d", i)
		in.Subjects[id] = subject(id, scope("prod", "prod", "eu"), "prod/eu.yaml", i+1)
		if i%5 == 0 {
			in.Results = append(in.Results, result("k8s/probes", id))
		}
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Decide(in); err != nil {
			b.Fatal(err)
		}
	}
}
