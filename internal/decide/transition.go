package decide

import (
	"cmp"
	"slices"
)

// TransitionSummary is what the change does to one stack or unit of one
// environment and target, for people: destructive steps first.
type TransitionSummary struct {
	Environment string `json:"environment"`
	Target      string `json:"target"`
	Of          string `json:"of"`   // id of the stack or unit
	Name        string `json:"name"` // its path
	// Actions and Risks count all steps: by what happens, and by how much can
	// go wrong.
	Actions map[string]int `json:"actions"`
	Risks   map[string]int `json:"risks"`
	Steps   []Step         `json:"steps"`
	More    int            `json:"more"` // steps that are counted and not listed
}

// Step is what becomes of one object or resource.
type Step struct {
	Subject SubjectRef `json:"subject"`
	// Action is delete, replace, forget, update, create, move or import; drift
	// for what was changed by others.
	Action string `json:"action"`
	Risk   string `json:"risk"` // low, medium, high, critical
	// Forces are the attributes that force a replacement.
	Forces []string `json:"forces"`
	// Outcome is what comes of it: applied, not-applied, orphaned, moved,
	// unknown; see facts.ResourceChange. An action that is orphaned is forget.
	Outcome string `json:"outcome"`
	// Paths are the attributes or fields that change, as far as they matter to
	// a reader; nil for what is created or deleted.
	Paths []string `json:"paths"`
	// Reason says in words why, where the plan or the deployer tells it.
	Reason string `json:"reason"`
	// File and Line are where a person would change it, empty and 0 if that is
	// not known.
	File string `json:"file"`
	Line int    `json:"line"`
}

// maxSteps bounds the steps that one transition lists.
const maxSteps = 500

// Destructive says whether the step takes away something that exists.
func (s Step) Destructive() bool {
	return s.Action == "delete" || s.Action == "replace" || s.Action == "forget"
}

// Summarise completes a transition from its steps: the risk of each, what
// takes something away first, and the counts. A step is as risky as what it
// does, and as the findings about its subject.
func Summarise(t TransitionSummary, regulated map[string]bool, findings map[string][]Finding) TransitionSummary {
	t.Actions, t.Risks = map[string]int{}, map[string]int{}
	for i := range t.Steps {
		s := &t.Steps[i]
		s.Risk = "low"
		if s.Destructive() {
			s.Risk = "high"
		} else if regulated[s.Subject.ID] {
			s.Risk = "medium"
		}
		for _, f := range findings[s.Subject.ID] {
			s.Risk = raise(s.Risk, riskOf(f))
		}
		t.Actions[s.Action]++
		t.Risks[s.Risk]++
	}
	slices.SortStableFunc(t.Steps, func(a, b Step) int {
		return cmp.Or(compareTrue(a.Destructive(), b.Destructive()), cmp.Compare(slices.Index(riskClasses, b.Risk), slices.Index(riskClasses, a.Risk)),
			cmp.Compare(a.Action, b.Action), cmp.Compare(a.Subject.ID, b.Subject.ID))
	})
	if len(t.Steps) > maxSteps {
		t.More = len(t.Steps) - maxSteps
		t.Steps = t.Steps[:maxSteps:maxSteps]
	}
	return t
}

// compareTrue puts what is true first.
func compareTrue(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return -1
	}
	return 1
}

// riskOf is the risk that a finding tells of.
func riskOf(f Finding) string {
	if f.Effect.Rank() < RequireApproval.Rank() {
		return riskClasses[max(0, slices.Index(riskClasses, f.Severity)-1)]
	}
	return f.Severity
}
