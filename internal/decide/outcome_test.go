package decide

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"gate/internal/facts"
	"gate/internal/source"
)

// TestOutcomes holds that the risk of a change is that of what comes of it: what
// is not applied, or stays in the cluster, is not deleted.
func TestOutcomes(t *testing.T) {
	t.Parallel()
	type told struct{ Action, Risk, Step, Regulated string }
	for name, tc := range map[string]struct {
		action, outcome string
		want            told // what becomes of it, the risk of the change, of its step, and of its step where it is regulated
	}{
		"deleted":                     {"deleted", "", told{"deleted", "high", "high", "high"}},
		"deleted, and applied":        {"deleted", facts.OutcomeApplied, told{"deleted", "high", "high", "high"}},
		"perhaps deleted":             {"deleted", facts.OutcomeUnknown, told{"deleted", "high", "high", "high"}},
		"orphaned":                    {"deleted", facts.OutcomeOrphaned, told{"orphaned", "medium", "medium", "medium"}},
		"not deleted":                 {"deleted", facts.OutcomeNotApplied, told{"unchanged", "low", "low", "low"}},
		"updated":                     {"updated", "", told{"updated", "low", "low", "medium"}},
		"updated, and applied":        {"updated", facts.OutcomeApplied, told{"updated", "low", "low", "medium"}},
		"updated, in another cluster": {"updated", facts.OutcomeMoved, told{"updated", "low", "low", "medium"}},
		"perhaps updated":             {"updated", facts.OutcomeUnknown, told{"updated", "low", "low", "medium"}},
		"not updated":                 {"updated", facts.OutcomeNotApplied, told{"unchanged", "low", "low", "low"}},
		"not created":                 {"created", facts.OutcomeNotApplied, told{"unchanged", "low", "low", "low"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := facts.Object{Subject: facts.Subject{ID: "o", Scope: facts.Scope{Environment: "prod"}}, Change: &facts.ResourceChange{Action: tc.action, Outcome: tc.outcome}}
			subjects := Subjects(&facts.Facts{DeletedObjects: []facts.Object{o}}, source.Index{}, nil, nil)
			got := told{Action: subjects["o"].Action, Risk: (&ruling{Input: Input{Subjects: subjects}}).risk(&entry{environment: "prod"}, nil)}
			action := map[string]string{"created": "create", "updated": "update", "deleted": "delete"}[tc.action]
			for _, regulated := range []bool{false, true} {
				sum := Summarise(TransitionSummary{Steps: []Step{{Subject: SubjectRef{ID: "o"}, Action: action, Outcome: tc.outcome}}}, map[string]bool{"o": regulated}, nil)
				if regulated {
					got.Regulated = sum.Steps[0].Risk
				} else {
					got.Step = sum.Steps[0].Risk
				}
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// An action that is orphaned is told as forget, which takes away what exists
// where it is Terraform's.
func TestForget(t *testing.T) {
	t.Parallel()
	for outcome, want := range map[string]bool{"": true, facts.OutcomeApplied: true, facts.OutcomeOrphaned: false, facts.OutcomeNotApplied: false, facts.OutcomeUnknown: true, facts.OutcomeMoved: true} {
		if got := (Step{Action: "forget", Outcome: outcome}).Destructive(); got != want {
			t.Errorf("%q: %v", outcome, got)
		}
	}
}
