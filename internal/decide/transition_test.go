package decide

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestSummarise(t *testing.T) {
	t.Parallel()
	step := func(id, action string) Step {
		return Step{Subject: SubjectRef{ID: id}, Action: action}
	}
	got := Summarise(TransitionSummary{Of: "stack:s", Steps: []Step{
		step("a", "update"), step("b", "create"), step("c", "delete"), step("d", "forget"), step("e", "replace"), step("f", "update"), step("g", "update"), step("h", "create"),
	}}, map[string]bool{"b": true, "c": true}, map[string][]Finding{
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
		"c delete high", "d forget high", "e replace high", "f update critical", "g update high", "b create medium", "h create low", "a update low",
	}
	if diff := cmp.Diff(want, steps); diff != "" {
		t.Errorf("steps (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(map[string]int{"create": 2, "delete": 1, "forget": 1, "replace": 1, "update": 3}, got.Actions); diff != "" {
		t.Errorf("actions (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(map[string]int{"low": 2, "medium": 1, "high": 4, "critical": 1}, got.Risks); diff != "" {
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
	got := Summarise(in, nil, nil)
	if len(got.Steps) != maxSteps || got.More != 4 || got.Steps[0].Subject.ID != "last" || got.Actions["create"] != maxSteps+3 {
		t.Errorf("%d steps and %d more, %s first, %v", len(got.Steps), got.More, got.Steps[0].Subject.ID, got.Actions)
	}
}
