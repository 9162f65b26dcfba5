package decide

import (
	"testing"

	"gate/internal/facts"
	"gate/internal/policy"

	"github.com/google/go-cmp/cmp"
)

// TestGapsBeforeTheChange checks what could not be judged: what was so at the base
// and is not reached narrows what a decision covers, everything else makes it
// incomplete.
func TestGapsBeforeTheChange(t *testing.T) {
	t.Parallel()
	const whole, narrow, incomplete = "tree true", "change true", "tree false"
	failed := func(kind, id string) []facts.Entry {
		return []facts.Entry{{Kind: kind, ID: id, State: facts.Failed, Reason: "cannot be read"}}
	}
	for _, c := range []struct {
		name      string
		ledger    []facts.Entry
		results   []policy.Result
		lacks     string                          // input
		unreached func(facts.Entry) bool          // nil: there is no base
		touched   func(*Finding) bool             // nil: everything
		change    func(map[string]SubjectContext) // nil: none
		want      map[string]string               // by environment/target
	}{
		{name: "nothing", want: map[string]string{"prod/eu": whole, "prod/us": whole, "dev/": whole}},
		{name: "a unit, without a base", ledger: failed("unit", "eu"), want: map[string]string{"prod/eu": incomplete, "prod/us": whole, "dev/": whole}},
		{name: "a unit that is reached", ledger: failed("unit", "eu"), unreached: func(facts.Entry) bool { return false },
			want: map[string]string{"prod/eu": incomplete, "prod/us": whole, "dev/": whole}},
		{name: "a unit that is not reached", ledger: failed("unit", "eu"), unreached: func(facts.Entry) bool { return true },
			want: map[string]string{"prod/eu": narrow, "prod/us": whole, "dev/": whole}},
		{name: "one of each", ledger: append(failed("unit", "eu"), failed("unit", "us")...), unreached: func(e facts.Entry) bool { return e.ID == "eu" },
			want: map[string]string{"prod/eu": narrow, "prod/us": incomplete, "dev/": whole}},
		{name: "something that belongs nowhere", ledger: failed("file", "x.yaml"), unreached: func(facts.Entry) bool { return true },
			want: map[string]string{"prod/eu": narrow, "prod/us": narrow, "dev/": narrow}},
		{name: "a unit that was not rendered", ledger: []facts.Entry{{Kind: "unit", ID: "eu", State: facts.Unchanged}}, unreached: func(facts.Entry) bool { return true },
			want: map[string]string{"prod/eu": narrow, "prod/us": whole, "dev/": whole}},
		{name: "a rule", ledger: failed("rule", "k8s/late"), unreached: func(e facts.Entry) bool { return e.Kind != "rule" },
			want: map[string]string{"prod/eu": incomplete, "prod/us": incomplete, "dev/": incomplete}},
		{name: "a rule could not judge what is touched", results: []policy.Result{unavailable("eu")}, unreached: func(facts.Entry) bool { return true },
			want: map[string]string{"prod/eu": incomplete, "prod/us": whole, "dev/": whole}},
		{name: "a rule could not judge what is not touched", results: []policy.Result{unavailable("eu")}, unreached: func(facts.Entry) bool { return true }, touched: func(*Finding) bool { return false },
			want: map[string]string{"prod/eu": narrow, "prod/us": whole, "dev/": whole}},
		{name: "attestations of an image that the change brings", lacks: "attestations", unreached: func(facts.Entry) bool { return true },
			want: map[string]string{"prod/eu": incomplete, "prod/us": incomplete, "dev/": whole}},
		{name: "attestations of an image that was there", lacks: "attestations", unreached: func(facts.Entry) bool { return true },
			change: func(s map[string]SubjectContext) { x := s["image:x"]; x.Action = "unchanged"; s["image:x"] = x },
			want:   map[string]string{"prod/eu": narrow, "prod/us": narrow, "dev/": whole}},
		{name: "the pull request", lacks: "pull-request", unreached: func(facts.Entry) bool { return true },
			want: map[string]string{"prod/eu": incomplete, "prod/us": incomplete, "dev/": whole}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			in := base(t)
			in.Ledger, in.Results = append(in.Ledger, c.ledger...), c.results
			if c.lacks != "" {
				in.Provided[c.lacks] = false
				for i, e := range in.Ledger {
					for _, r := range in.Rules {
						if r.ID == e.ID && len(r.Needs) == 1 && r.Needs[0] == c.lacks {
							in.Ledger[i].State = facts.Skipped
						}
					}
				}
			}
			if c.unreached != nil {
				in.Before = &Before{Unreached: c.unreached, Touched: c.touched}
			}
			if c.change != nil {
				c.change(in.Subjects)
			}
			got := map[string]string{}
			for _, e := range decided(t, in).Environments {
				got[e.Environment+"/"+e.Target] = e.Scope + map[bool]string{true: " true", false: " false"}[e.Complete]
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func unavailable(subject string) policy.Result {
	return policy.Result{Rule: "k8s/privileged", Subject: subject, Message: "registry answered 429", Verdict: "unknown", Cause: "unavailable"}
}
