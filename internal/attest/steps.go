package attest

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"gate/internal/facts"
	"gate/internal/transition"
)

// Step is what becomes of one object or resource, for whoever approves it. It has no
// values: those are in the transition digest.
type Step struct {
	Subject     string   `json:"subject"`
	Action      string   `json:"action"`      // see package transition
	Outcome     string   `json:"outcome"`     // what comes of it, where that is not that it is applied
	Destructive bool     `json:"destructive"` // something is deleted, with or without another in its place
	Replace     []string `json:"replace"`     // sorted paths that force a replacement
}

// A decision holds so many steps at most, each with so many paths, of names of so many bytes.
const (
	maxSteps        = 200
	maxReplacePaths = 20
	maxStepText     = 500
)

// stepsOf are the first steps of a transition, destructive ones first, and how many are left.
func stepsOf(moves transition.Transition) (steps []Step, left int) {
	steps = []Step{}
	for _, a := range moves.Actions {
		s := Step{Subject: clip(a.Subject), Action: clip(a.Action), Outcome: clip(a.Outcome), Destructive: destroys(a), Replace: []string{}}
		for _, p := range a.Replace[:min(len(a.Replace), maxReplacePaths)] {
			s.Replace = append(s.Replace, clip(p))
		}
		steps = append(steps, s)
	}
	slices.SortStableFunc(steps, compareSteps)
	left = max(0, len(steps)-maxSteps)
	return steps[:len(steps)-left], left
}

func compareSteps(a, b Step) int {
	if a.Destructive != b.Destructive {
		if a.Destructive {
			return -1
		}
		return 1
	}
	return cmp.Or(strings.Compare(a.Subject, b.Subject), strings.Compare(a.Action, b.Action))
}

// destroys says whether an action deletes something that is there. What its deployer leaves
// behind stays.
func destroys(a transition.Action) bool {
	if a.Outcome == facts.OutcomeOrphaned || a.Outcome == facts.OutcomeNotApplied {
		return false
	}
	return slices.ContainsFunc(strings.Split(a.Action, ","), func(s string) bool { return s == "delete" || s == "deleted" })
}

// clip bounds a name.
func clip(s string) string {
	if len(s) <= maxStepText {
		return s
	}
	s = s[:maxStepText]
	for !utf8.ValidString(s) {
		s = s[:len(s)-1]
	}
	return s + "…"
}

// checkSteps says what is wrong with the steps of a decision.
func (t *PredictedTransition) checkSteps() error {
	switch {
	case len(t.Steps) > maxSteps, t.StepsLeft < 0, t.StepsLeft > 0 && len(t.Steps) < maxSteps:
		return fmt.Errorf("predictedTransition.steps: %d, and %d left; expected %d before any is left", len(t.Steps), t.StepsLeft, maxSteps)
	case !slices.IsSortedFunc(t.Steps, compareSteps):
		return fmt.Errorf("predictedTransition.steps are not sorted, destructive ones first")
	}
	for _, s := range t.Steps {
		if s.Subject == "" || s.Action == "" || len(s.Replace) > maxReplacePaths {
			return fmt.Errorf("predictedTransition.steps: %q, %q is no step", s.Subject, s.Action)
		}
	}
	return nil
}

// stepLines are the steps for people.
func stepLines(t PredictedTransition) []string {
	var out []string
	for _, s := range t.Steps {
		line := text(s.Action) + "  " + text(s.Subject)
		if s.Destructive {
			line = "DESTROYS  " + line
		}
		if s.Outcome != "" {
			line += "  (" + text(s.Outcome) + ")"
		}
		if len(s.Replace) > 0 {
			line += "  replaced because of " + textList(s.Replace)
		}
		out = append(out, line)
	}
	if t.StepsLeft > 0 {
		out = append(out, fmt.Sprintf("and %d more", t.StepsLeft))
	}
	return out
}
