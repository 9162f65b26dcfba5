package attest

import (
	"testing"

	"gate/internal/facts"
)

// A deletion that its deployer does not carry out destroys nothing.
func TestDestructive(t *testing.T) {
	for outcome, want := range map[string]bool{
		"": true, facts.OutcomeApplied: true, facts.OutcomeUnknown: true, facts.OutcomeOrphaned: false, facts.OutcomeNotApplied: false,
	} {
		f := &facts.Facts{DeletedObjects: []facts.Object{{Kind: "ConfigMap", Change: &facts.ResourceChange{Action: "deleted", Outcome: outcome}}}}
		if got := classify(f, scope{}, "low").Destructive; got != want {
			t.Errorf("%q: %v", outcome, got)
		}
	}
	if !classify(&facts.Facts{DeletedObjects: []facts.Object{{}}}, scope{}, "low").Destructive {
		t.Error("what nothing is known of is deleted")
	}
}
