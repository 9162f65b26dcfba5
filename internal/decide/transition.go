package decide

import (
	"cmp"
	"slices"

	"gate/internal/classify"
	"gate/internal/facts"
)

// TransitionSummary is what the change does to one stack or unit of one
// environment and target, for people: destructive steps first.
type TransitionSummary struct {
	Environment string `json:"environment"`
	Target      string `json:"target"`
	Of          string `json:"of"`   // id of the stack or unit
	Name        string `json:"name"` // its path; of several of one path what tells them apart, too
	// Actions and Risks count all steps: by Step.Comes, and by how much can go
	// wrong.
	Actions map[string]int `json:"actions"`
	Risks   map[string]int `json:"risks"`
	Steps   []Step         `json:"steps"`
	More    int            `json:"more"` // steps that are counted and not listed
	Folded  Folded         `json:"folded"`
}

// Folded counts the updates that are only a consequence of something else. They
// are no steps.
type Folded struct {
	Count int `json:"count"`
	// Of says of what they are the consequence, sorted: see Step.ConsequenceOf.
	Of       []string `json:"of"`
	Restarts int      `json:"restarts"` // of them restart their pods
	// NotApplied counts those of which nothing comes.
	NotApplied int    `json:"notApplied"`
	Risk       string `json:"risk"` // the highest of them; empty if there is none
}

// Of what an update can be the consequence.
const (
	OfVersion   = "version"   // labels or annotations of the version of a chart, application or tool
	OfChecksum  = "checksum"  // annotations that hold the checksum of a configuration
	OfInherited = "inherited" // tags and labels that the provider writes once more
)

// Step is what becomes of one object or resource.
type Step struct {
	Subject SubjectRef `json:"subject"`
	// Action is delete, replace, forget, update, create, move or import; drift
	// for what was changed by others.
	Action string `json:"action"`
	// Risk is low, medium, high or critical; before Summarise, what the step
	// alone is worth, and empty where nothing is known of it.
	Risk string `json:"risk"`
	// Forces are the attributes that force a replacement.
	Forces []string `json:"forces"`
	// Outcome is what comes of it: applied, not-applied, orphaned, moved,
	// unknown; see facts.ResourceChange. An action that is orphaned is forget.
	Outcome string `json:"outcome"`
	// Paths are the attributes or fields that change, as far as they matter to
	// a reader; nil for what is created or deleted.
	Paths []string `json:"paths"`
	// Attributes are those of them that tell of a size, a protection or an
	// exposure, sorted by path.
	Attributes []Attribute `json:"attributes"`
	// Values are those at some of the paths, where they are single ones, in the
	// order of the paths.
	Values []Value `json:"values"`
	// Reason says in words why, where the plan or the deployer tells it.
	Reason string `json:"reason"`
	// File and Line are where a person would change it, empty and 0 if that is
	// not known.
	File string `json:"file"`
	Line int    `json:"line"`
	// ConsequenceOf says of what an update that is nothing else is the
	// consequence, Restarts that its pods are started anew because of it.
	// Summarise folds such steps.
	ConsequenceOf []string `json:"-"`
	Restarts      bool     `json:"-"`
}

// Attribute is an attribute of a resource whose change says more than that
// there is one.
type Attribute struct {
	Path  string `json:"path"`
	Class string `json:"class"` // size, protection, exposure
	// Before and After are the values as text; of a list of which only some
	// elements change, those. Empty for none. What is secret or known only after
	// apply says so.
	Before string `json:"before"`
	After  string `json:"after"`
	Risk   string `json:"risk"` // of this change alone: low, medium, high
}

// Value is what a field or attribute was and is: text of one line, empty where
// there is none, secret where it may not be shown.
type Value struct {
	Path   string `json:"path"`
	Before string `json:"before"`
	After  string `json:"after"`
}

// ImageChange is an image that containers run in place of another one.
type ImageChange struct {
	// Old and New are the references as written; empty where a container, or the
	// workload with it, is added or taken away.
	Old string `json:"old"`
	New string `json:"new"`
	// Objects counts the objects in which the change is applied, Environments
	// are where they are, sorted; those without one are only counted.
	Objects      int      `json:"objects"`
	Environments []string `json:"environments"`
}

// maxSteps bounds the steps that one transition lists.
const maxSteps = 500

// Destructive says whether the step takes away something that exists.
func (s Step) Destructive() bool {
	return !s.comesToNothing() && (s.Action == "delete" || s.Action == "replace" || s.Action == "forget")
}

// Comes is what comes of the step: its action, or the outcome that it has in
// place of it.
func (s Step) Comes() string {
	if s.comesToNothing() {
		return s.Outcome
	}
	return s.Action
}

// comesToNothing says whether the step changes nothing in the cluster.
func (s Step) comesToNothing() bool {
	return s.Outcome == facts.OutcomeNotApplied || s.Outcome == facts.OutcomeOrphaned
}

// Summarise completes a transition from its steps: the risk of each, what
// takes something away first, what is only a consequence folded, and the
// counts. A step is as risky as what it does, by itself and by the table of risks
// (risk, by subject), and as the findings about its subject; one that is not
// applied does nothing.
func Summarise(t TransitionSummary, risk func(id string) string, findings map[string][]Finding) TransitionSummary {
	t.Actions, t.Risks, t.Folded = map[string]int{}, map[string]int{}, Folded{Of: []string{}}
	steps := make([]Step, 0, len(t.Steps))
	for _, s := range t.Steps {
		s.Risk = s.risk(risk(s.Subject.ID), findings[s.Subject.ID])
		if len(s.ConsequenceOf) > 0 {
			t.Folded.fold(s)
			continue
		}
		t.Actions[s.Comes()]++
		t.Risks[s.Risk]++
		steps = append(steps, s)
	}
	t.Steps = steps
	slices.SortStableFunc(t.Steps, func(a, b Step) int {
		return cmp.Or(compareTrue(a.Destructive(), b.Destructive()), cmp.Compare(slices.Index(classify.RiskClasses, b.Risk), slices.Index(classify.RiskClasses, a.Risk)),
			cmp.Compare(a.Comes(), b.Comes()), cmp.Compare(a.Action, b.Action), cmp.Compare(a.Subject.ID, b.Subject.ID))
	})
	if len(t.Steps) > maxSteps {
		t.More = len(t.Steps) - maxSteps
		t.Steps = t.Steps[:maxSteps:maxSteps]
	}
	return t
}

func (s Step) risk(byTable string, findings []Finding) string {
	if s.Outcome == facts.OutcomeNotApplied {
		return "low"
	}
	risk := classify.Raise(s.Risk, byTable)
	for _, f := range findings {
		risk = classify.Raise(risk, riskOf(f))
	}
	return cmp.Or(risk, "low")
}

func (f *Folded) fold(s Step) {
	f.Count++
	switch {
	case s.comesToNothing():
		f.NotApplied++
	case s.Restarts:
		f.Restarts++
	}
	f.Risk = classify.Raise(f.Risk, s.Risk)
	for _, of := range s.ConsequenceOf {
		if i, found := slices.BinarySearch(f.Of, of); !found {
			f.Of = slices.Insert(f.Of, i, of)
		}
	}
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
		return classify.RiskClasses[max(0, slices.Index(classify.RiskClasses, f.Severity)-1)]
	}
	return f.Severity
}
