package decide

import (
	"testing"

	"gate/internal/facts"
	"gate/internal/source"
)

// TestOutcomes holds what becomes of a subject in the end: what is not applied, or
// stays in the cluster, is not deleted.
func TestOutcomes(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct{ action, outcome, want string }{
		"deleted":                     {"deleted", "", "deleted"},
		"deleted, and applied":        {"deleted", facts.OutcomeApplied, "deleted"},
		"perhaps deleted":             {"deleted", facts.OutcomeUnknown, "deleted"},
		"orphaned":                    {"deleted", facts.OutcomeOrphaned, "orphaned"},
		"not deleted":                 {"deleted", facts.OutcomeNotApplied, "unchanged"},
		"updated":                     {"updated", "", "updated"},
		"updated, in another cluster": {"updated", facts.OutcomeMoved, "updated"},
		"not created":                 {"created", facts.OutcomeNotApplied, "unchanged"},
	} {
		o := facts.Object{Subject: facts.Subject{ID: "o"}, Change: &facts.ResourceChange{Action: tc.action, Outcome: tc.outcome}}
		if got := Subjects(&facts.Facts{DeletedObjects: []facts.Object{o}}, source.Index{}, nil, nil)["o"].Action; got != tc.want {
			t.Errorf("%s: %q, want %q", name, got, tc.want)
		}
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
