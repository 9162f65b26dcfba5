package attest

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"gate/internal/facts"
	"gate/internal/transition"

	"github.com/google/go-cmp/cmp"
)

// TestSteps: what destroys comes first, and there is an end.
func TestSteps(t *testing.T) {
	t.Parallel()
	var moves transition.Transition
	for i := range 250 {
		moves.Actions = append(moves.Actions, transition.Action{Kind: "object", Subject: fmt.Sprintf("o%03d", i), Action: "updated", Changes: []transition.Change{{Path: "data.password", Value: "sha256:value"}}})
	}
	moves.Actions = append(moves.Actions,
		transition.Action{Kind: "object", Subject: "left", Action: "deleted", Outcome: facts.OutcomeOrphaned},
		transition.Action{Kind: "resource", Subject: "z", Action: "delete,create", Replace: []string{"engine", "name"}},
		transition.Action{Kind: "object", Subject: "gone", Action: "deleted"},
		transition.Action{Kind: "resource", Subject: "forgotten", Action: "forget"},
	)
	steps, left := stepsOf(moves)
	if len(steps) != maxSteps || left != 54 {
		t.Fatalf("%d steps, %d left", len(steps), left)
	}
	if diff := cmp.Diff([]Step{
		{Subject: "gone", Action: "deleted", Destructive: true, Replace: []string{}},
		{Subject: "z", Action: "delete,create", Destructive: true, Replace: []string{"engine", "name"}},
		{Subject: "forgotten", Action: "forget", Replace: []string{}},
		{Subject: "left", Action: "deleted", Outcome: facts.OutcomeOrphaned, Replace: []string{}},
	}, steps[:4]); diff != "" {
		t.Error(diff)
	}
	if err := (&PredictedTransition{Steps: steps, StepsLeft: left}).checkSteps(); err != nil {
		t.Error(err)
	}
	if out := fmt.Sprint(steps); strings.Contains(out, "value") || strings.Contains(out, "password") {
		t.Error("a step has a value")
	}
	for name, x := range map[string]PredictedTransition{
		"too many":        {Steps: append(append([]Step{}, steps...), Step{Subject: "zz", Action: "create"})},
		"less than there": {Steps: steps[:3], StepsLeft: 1},
		"fewer than none": {Steps: steps[:3], StepsLeft: -1},
		"not sorted":      {Steps: []Step{steps[3], steps[0]}},
		"of nothing":      {Steps: []Step{{Action: "create"}}},
	} {
		if x.checkSteps() == nil {
			t.Errorf("%s is taken", name)
		}
	}
}

// TestStepText: no name is longer than it may be, breaks a character, or looks like another
// line.
func TestStepText(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("ü", 1000)
	steps, _ := stepsOf(transition.Transition{Actions: []transition.Action{
		{Subject: long, Action: "update", Replace: strings.Split(strings.Repeat("a,", 30), ",")},
		{Subject: "a\nDESTROYS \u202e b\x1b[2J", Action: "create"},
	}})
	if s := steps[1]; len(s.Subject) > maxStepText+4 || !utf8.ValidString(s.Subject) || len(s.Replace) != maxReplacePaths {
		t.Errorf("%d bytes, %d paths", len(s.Subject), len(s.Replace))
	}
	lines := stepLines(PredictedTransition{Steps: steps, StepsLeft: 3})
	if len(lines) != 3 || lines[2] != "and 3 more" || strings.ContainsAny(lines[0], "\n\x1b\u202e") {
		t.Errorf("lines %q", lines)
	}
}

// TestShowSteps: a decision is shown with what it destroys on top.
func TestShowSteps(t *testing.T) {
	t.Parallel()
	payload, err := Build(sample())
	if err != nil {
		t.Fatal(err)
	}
	d, err := Parse(payload)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := Show(&out, d); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(out.String(), "what happens\n  DESTROYS  delete,create  r1\n") {
		t.Error(out.String())
	}
	destructive := false
	for _, s := range d.Predicate.PredictedTransition.Steps {
		destructive = destructive || s.Destructive
	}
	if destructive != d.Predicate.Classification.Destructive {
		t.Errorf("steps say %v", destructive)
	}
}
