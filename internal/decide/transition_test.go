package decide

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// byTable are risks of subjects by the table.
func byTable(risks map[string]string) func(string) string {
	return func(id string) string { return risks[id] }
}

func TestSummarise(t *testing.T) {
	t.Parallel()
	step := func(id, action string) Step {
		return Step{Subject: SubjectRef{ID: id}, Action: action}
	}
	got := Summarise(TransitionSummary{Of: "stack:s", Steps: []Step{
		step("a", "update"), step("b", "create"), step("c", "delete"), step("d", "forget"), step("e", "replace"), step("f", "update"), step("g", "update"), step("h", "create"),
	}}, byTable(map[string]string{"b": "medium", "c": "high", "d": "medium", "e": "high", "g": "low"}), map[string][]Finding{
		"f": {{Severity: "low", Effect: Deny}, {Severity: "critical", Effect: RequireApproval}},
		"g": {{Severity: "critical", Effect: Warn}},
		"h": {{Severity: "low", Effect: Warn}},
		"e": {{Severity: "medium", Effect: Deny}},
	})
	var steps []string
	for _, s := range got.Steps {
		steps = append(steps, s.Subject.ID+" "+s.Action+" "+s.Risk)
	}
	want := []string{ // what takes away first, then by risk, action and subject
		"c delete high", "e replace high", "d forget medium", "f update critical", "g update high", "b create medium", "h create low", "a update low",
	}
	if diff := cmp.Diff(want, steps); diff != "" {
		t.Errorf("steps (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(map[string]int{"create": 2, "delete": 1, "forget": 1, "replace": 1, "update": 3}, got.Actions); diff != "" {
		t.Errorf("actions (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(map[string]int{"low": 2, "medium": 2, "high": 3, "critical": 1}, got.Risks); diff != "" {
		t.Errorf("risks (-want +got):\n%s", diff)
	}
}

// Steps beyond the bound are counted, and none of them takes anything away.
func TestSummariseIsBounded(t *testing.T) {
	t.Parallel()
	var in TransitionSummary
	for i := range maxSteps + 3 {
		in.Steps = append(in.Steps, Step{Subject: SubjectRef{ID: fmt.Sprint(i)}, Action: "create"})
	}
	in.Steps = append(in.Steps, Step{Subject: SubjectRef{ID: "last"}, Action: "delete"})
	got := Summarise(in, byTable(nil), nil)
	if len(got.Steps) != maxSteps || got.More != 4 || got.Steps[0].Subject.ID != "last" || got.Actions["create"] != maxSteps+3 {
		t.Errorf("%d steps and %d more, %s first, %v", len(got.Steps), got.More, got.Steps[0].Subject.ID, got.Actions)
	}
}

// What comes of a step decides what it is counted as and how risky it is.
func TestSummariseOutcomes(t *testing.T) {
	t.Parallel()
	deny := []Finding{{Severity: "critical", Effect: Deny}}
	for _, c := range []struct {
		name     string
		step     Step
		table    string
		findings []Finding
		comes    string
		risk     string
		destroys bool
	}{
		{"deleted", Step{Action: "delete", Outcome: "applied"}, "high", nil, "delete", "high", true},
		{"deleted in another cluster", Step{Action: "delete", Outcome: "moved"}, "high", nil, "delete", "high", true},
		{"perhaps deleted", Step{Action: "delete", Outcome: "unknown"}, "critical", nil, "delete", "critical", true},
		{"not deleted", Step{Action: "delete", Outcome: "not-applied"}, "high", deny, "not-applied", "low", false},
		{"left behind", Step{Action: "forget", Outcome: "orphaned"}, "medium", nil, "orphaned", "medium", false},
		{"left behind, with a finding", Step{Action: "forget", Outcome: "orphaned"}, "medium", deny, "orphaned", "critical", false},
		{"forgotten by Terraform", Step{Action: "forget", Outcome: "applied"}, "", nil, "forget", "low", true},
		{"not updated", Step{Action: "update", Outcome: "not-applied", Risk: "high"}, "medium", nil, "not-applied", "low", false},
		{"risky by itself", Step{Action: "update", Outcome: "applied", Risk: "high"}, "medium", nil, "update", "high", false},
		{"harmless by itself", Step{Action: "update", Outcome: "applied", Risk: "low"}, "", nil, "update", "low", false},
		{"harmless but for a finding", Step{Action: "update", Outcome: "applied", Risk: "low"}, "", deny, "update", "critical", false},
		{"nothing known", Step{Action: "update", Outcome: "applied"}, "medium", nil, "update", "medium", false},
	} {
		c.step.Subject.ID = "x"
		got := Summarise(TransitionSummary{Steps: []Step{c.step}}, byTable(map[string]string{"x": c.table}), map[string][]Finding{"x": c.findings})
		want := TransitionSummary{Actions: map[string]int{c.comes: 1}, Risks: map[string]int{c.risk: 1}, Folded: Folded{Of: []string{}}}
		if diff := cmp.Diff(want.Actions, got.Actions); diff != "" {
			t.Errorf("%s: actions %s", c.name, diff)
		}
		if diff := cmp.Diff(want.Risks, got.Risks); diff != "" {
			t.Errorf("%s: risks %s", c.name, diff)
		}
		if got.Steps[0].Destructive() != c.destroys || got.Steps[0].Risk != c.risk {
			t.Errorf("%s: destructive %v, risk %s", c.name, got.Steps[0].Destructive(), got.Steps[0].Risk)
		}
	}
}

// Consequences are counted once for all, and are no steps.
func TestSummariseFolds(t *testing.T) {
	t.Parallel()
	fold := func(id string, restarts bool, outcome string, of ...string) Step {
		return Step{Subject: SubjectRef{ID: id}, Action: "update", Risk: "low", Outcome: outcome, ConsequenceOf: of, Restarts: restarts}
	}
	got := Summarise(TransitionSummary{Steps: []Step{
		fold("a", true, "applied", OfChecksum, OfVersion), fold("b", false, "applied", OfVersion), fold("c", true, "not-applied", OfVersion),
		{Subject: SubjectRef{ID: "d"}, Action: "update"},
	}}, byTable(map[string]string{"b": "medium"}), map[string][]Finding{"a": {{Severity: "high", Effect: Warn}}})
	if diff := cmp.Diff(Folded{Count: 3, Of: []string{OfChecksum, OfVersion}, Restarts: 1, NotApplied: 1, Risk: "medium"}, got.Folded); diff != "" {
		t.Error(diff)
	}
	if len(got.Steps) != 1 || got.Actions["update"] != 1 || got.Risks["low"] != 1 {
		t.Errorf("%d steps, %v, %v", len(got.Steps), got.Actions, got.Risks)
	}
}
