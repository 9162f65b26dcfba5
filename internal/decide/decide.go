package decide

import (
	"fmt"
	"slices"
	"time"

	"gate/internal/classify"
	"gate/internal/config"
	"gate/internal/facts"
	"gate/internal/policy"
	"gate/internal/source"
)

// Input is everything a decision depends on. The same input, in whatever
// order, gives the same Result.
type Input struct {
	Config   *config.Config  // from policy-ref; nil: none
	Waivers  *config.Waivers // from policy-ref; nil: none
	Rules    []policy.Rule   // those that were loaded
	RuleIDs  []string        // all that exist; nil: those of Rules
	Results  []policy.Result
	Subjects map[string]SubjectContext // by id
	Ledger   []facts.Entry
	// Environments are those of the configuration, with Reached and Changed.
	Environments []facts.Environment
	Change       facts.Change
	Now          time.Time
	// Provided are the inputs that were handed in, as rules name them under
	// needs.
	Provided map[string]bool
	// Local is true on a person's machine and before a commit: missing inputs
	// are listed and do not make the run incomplete.
	Local bool
	// Partial is true if only a part of the tree or of the rules was judged on
	// purpose: nothing is said about unused waivers then. So it is where units were
	// left out that the change does not reach.
	Partial bool
	// NothingApplied says that the run only looks at what is there: no approval
	// of a change is asked for by the configuration's minimum.
	NothingApplied bool
	// Classified is what the table of risks says of the change; nil: nothing.
	Classified *classify.Outcome
	// Only keeps these environments in the answer; nil: all. What belongs to
	// no environment stays, since it may belong to one of them.
	Only []string
	// Judged is the number of subjects that rules looked at.
	Judged int
	// Before is the base of the change; nil without one, or where all findings
	// count as they stand.
	Before *Before
	// ReadFile returns a file of the judged tree: where inline waivers stand.
	ReadFile func(file string) ([]byte, error)
	// AtPolicyRef returns the same file at policy-ref; ok is false where there is
	// none that is trusted.
	AtPolicyRef func(file string) (text []byte, ok bool)
}

// SubjectContext is what a decision needs to know about something that was judged.
type SubjectContext struct {
	Scope   facts.Scope
	Ref     SubjectRef
	Locator source.Locator // nil: no place is known
	Doubt
	// Action is what the change does to it in the end: created, updated,
	// deleted, replaced, moved, unchanged, orphaned where it leaves the
	// repository and stays in the cluster, or empty if that is not known.
	Action string
	Owners []string // of a changed file, by CODEOWNERS
	// Planned says that a plan tells so.
	Planned bool
	// TestData says that it is input of tests, which nobody applies.
	TestData bool
	// Library says that it belongs to a Terraform module that nobody applies as it
	// stands: what hangs on what its callers give is their answer, and no finding.
	Library bool
	// Variant says that it belongs to a variant of a unit; nil of what is applied.
	Variant *facts.Variant
}

// Doubt says in how far it could not be told where something belongs: why not
// at all (config.Scope.Conflict), or why the strictest of what is said counts
// (config.Scope.Settled).
type Doubt struct{ Conflict, Settled string }

// ruling is a decision in the making.
type ruling struct {
	Input
	rules    map[string]policy.Rule
	specs    map[string]config.RuleSpec
	ledger   []facts.Entry
	placed   map[string]bool // rules whose failure counts where their subjects do
	entries  []*entry
	findings []Finding
	waivers  []*waiverState
	notes    map[string]bool
	class    config.Class // the strictest of the run
	lines    map[line]inline
	files    map[string]*commented
}

// Decide turns results into a decision.
//
// Every result becomes a finding with its effect in its environment; waivers
// take findings out; what remains decides each environment and target, the
// strictest effect wins, and the strictest of them is the run's. Beside the
// decision stands whether everything was judged. An error is a fault of the
// caller, never of what is judged.
func Decide(in Input) (*Result, error) {
	if in.Now.IsZero() {
		return nil, fmt.Errorf("decide: the time is missing")
	}
	r := &ruling{Input: in, rules: map[string]policy.Rule{}, specs: map[string]config.RuleSpec{}, notes: map[string]bool{}, placed: map[string]bool{}}
	for _, rule := range append(slices.Clone(in.Rules), Builtin()...) {
		if _, dup := r.rules[rule.ID]; dup {
			return nil, fmt.Errorf("decide: rule %s is given twice", rule.ID)
		}
		r.rules[rule.ID] = rule
	}
	for _, spec := range Specs(append(slices.Clone(in.Rules), Builtin()...)) {
		r.specs[spec.ID] = spec
	}
	r.ledger = settleLedger(in.Ledger, in.Now)
	r.excuse()
	r.buildEntries()
	r.require()
	r.collect()
	r.conflicts()
	fixed := r.states()
	r.waive()
	r.open()
	r.atTheChange()
	r.sortFindings()

	res := &Result{
		Now: in.Now.UTC().Format(time.RFC3339), Change: in.Change, Judged: in.Judged, Decision: Allow, Complete: true,
		Findings: r.findings, Fixed: fixed, Waivers: r.waiverUses(), NotJudged: r.notJudged(), Coverage: coverage(r.ledger),
		Requirements: []Requirement{}, Environments: []EnvironmentDecision{},
	}
	r.completeness(res.NotJudged)
	for i, e := range r.entries {
		d := r.decideEntry(i, e)
		res.Environments = append(res.Environments, d)
		res.Requirements = append(res.Requirements, d.Requirements...)
		if d.Decision.Rank() > res.Decision.Rank() {
			res.Decision = d.Decision
		}
		res.Complete = res.Complete && d.Complete
	}
	res.Notes = r.sortedNotes()
	return res, nil
}

// Specs are rules as the configuration needs to know them.
func Specs(rules []policy.Rule) []config.RuleSpec {
	out := make([]config.RuleSpec, 0, len(rules))
	for _, r := range rules {
		spec := config.RuleSpec{
			ID: r.ID, Severity: r.Severity, Effects: r.Effects, UnknownEffect: r.UnknownEffect,
			Waivable: r.Waivable, Requires: r.Requires, Params: map[string]config.ParamSpec{},
		}
		for name, p := range r.Params {
			spec.Params[name] = config.ParamSpec{Type: p.Type, Default: p.Default, Configured: p.Configured}
		}
		out = append(out, spec)
	}
	return out
}

func (r *ruling) note(format string, args ...any) { r.notes[fmt.Sprintf(format, args...)] = true }

func (r *ruling) sortedNotes() []string {
	out := make([]string, 0, len(r.notes))
	for n := range r.notes {
		out = append(out, n)
	}
	slices.Sort(out)
	return out
}
