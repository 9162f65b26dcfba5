package decide

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"gate/internal/config"
	"gate/internal/facts"
	"gate/internal/policy"
)

// states in the order of a report: what needs attention first.
var states = []facts.State{facts.Failed, facts.Skipped, facts.Excluded, facts.NotApplicable, facts.Unchanged, facts.Evaluated}

// settleLedger copies the ledger and fails what must not pass: an exclusion
// whose end has come, and a state that is not known.
func settleLedger(ledger []facts.Entry, now time.Time) []facts.Entry {
	out := slices.Clone(ledger)
	for i := range out {
		e := &out[i]
		if !slices.Contains(states, e.State) {
			e.Reason = fmt.Sprintf("state %q is not known", e.State)
			e.State = facts.Failed
		}
		if e.State != facts.Excluded || e.Until == "" {
			continue
		}
		until, err := time.Parse(time.DateOnly, e.Until)
		if err != nil || (config.Exclude{Expires: until}).Expired(now) {
			e.State = facts.Failed
			e.Reason = fmt.Sprintf("exclusion expired on %s: %s", e.Until, e.Reason)
		}
	}
	return out
}

// lack is why a rule could not judge a subject.
type lack struct {
	text     string
	existing bool // it was so at the base, and the change does not touch it
}

// failRules marks rules that could not judge a subject for want of something
// outside as failed. What the change touches is named first.
func (r *ruling) failRules(unavailable map[string][]lack) {
	for _, id := range slices.Sorted(maps.Keys(unavailable)) {
		causes := unavailable[id]
		first := max(slices.IndexFunc(causes, func(l lack) bool { return !l.existing }), 0)
		reason, existing := fmt.Sprintf("could not judge %s", causes[first].text), causes[first].existing
		if n := len(causes) - 1; n > 0 {
			reason = fmt.Sprintf("%s (and %d more)", reason, n)
		}
		found := false
		for i := range r.ledger {
			if e := &r.ledger[i]; isRule(*e) && e.ID == id {
				found = true
				if e.State != facts.Failed {
					e.State, e.Reason, e.Existing = facts.Failed, reason, existing
					r.placed[id] = true
				}
			}
		}
		if !found {
			r.ledger = append(r.ledger, facts.Entry{Kind: "rule", ID: id, State: facts.Failed, Reason: reason, Existing: existing})
			r.placed[id] = true
		}
	}
}

func isRule(e facts.Entry) bool { return e.Kind == "rule" || e.Kind == "policy" }

// told are the kinds of entries that are told though they are settled.
var told = [...]string{"unit", "render", "schema", "variable", "admission", "table", "program"}

// coverage counts the ledger.
func coverage(ledger []facts.Entry) Coverage {
	c := Coverage{
		Files: map[facts.State]int{}, Units: map[facts.State]int{}, Objects: map[facts.State]int{},
		Resources: map[facts.State]int{}, Rules: map[facts.State]int{}, Entries: []facts.Entry{},
	}
	counts := map[string]map[facts.State]int{
		"file": c.Files, "unit": c.Units, "object": c.Objects, "resource": c.Resources, "rule": c.Rules, "policy": c.Rules,
	}
	for _, e := range ledger {
		if m := counts[e.Kind]; m != nil {
			m[e.State]++
		}
		settled := e.State == facts.Evaluated || e.State == facts.NotApplicable
		// What no judge of Kubernetes could judge is counted by kind ("schema",
		// "admission") and told as well, and what rendered to less than was
		// meant ("render"): it is settled, but not silent. A file says who reads it.
		// So it is with types that no table knows ("table") and with programs that
		// Terraform runs ("program").
		if slices.Contains(told[:], e.Kind) || e.Reader != "" || isRule(e) || !settled {
			c.Entries = append(c.Entries, e)
		}
	}
	slices.SortFunc(c.Entries, func(a, b facts.Entry) int {
		return cmp.Or(
			cmp.Compare(slices.Index(states, a.State), slices.Index(states, b.State)),
			cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.ID, b.ID),
			cmp.Compare(a.Place.File, b.Place.File), cmp.Compare(a.Place.Line, b.Place.Line), cmp.Compare(a.Place.Column, b.Place.Column),
			cmp.Compare(a.Reason, b.Reason), cmp.Compare(a.Hint, b.Hint), cmp.Compare(a.Input, b.Input),
			cmp.Compare(a.Owner, b.Owner), cmp.Compare(a.Until, b.Until), cmp.Compare(a.Count, b.Count),
		)
	})
	return c
}

// optionalInput is need of a rule -> the word under "optional" that production
// may lack it by. A base is not optional: without it nothing is known about
// the change.
var optionalInput = map[string]string{
	"pull-request": "pull-request", "plan": "plan", "protection": "protection",
	"attestations": "attestations", "registry": "attestations", "contract": "contract", "repositories": "repositories",
}

func (r *ruling) optional(input string) bool {
	word := optionalInput[input]
	return word != "" && r.Config != nil && slices.Contains(r.Config.Optional, word)
}

// notJudged lists, by environment, the rules that lacked an input. It makes the
// run incomplete where a configuration exists, the environment is production,
// the rule could have stopped the change and the input is not optional.
func (r *ruling) notJudged() []NotJudged {
	out := []NotJudged{}
	state := map[string]facts.Entry{}
	for _, e := range r.ledger {
		if isRule(e) {
			state[e.ID] = e
		}
	}
	for _, id := range slices.Sorted(maps.Keys(r.rules)) {
		rule := r.rules[id]
		var missing []string
		for _, need := range rule.Needs {
			if !r.Provided[need] {
				missing = append(missing, need)
			}
		}
		e, listed := state[id]
		if listed && e.State != facts.Skipped || !listed && len(missing) == 0 {
			continue
		}
		reason := e.Reason
		if len(missing) > 0 {
			reason = "no " + strings.Join(missing, ", no ")
		}
		required := len(missing) == 0 || slices.ContainsFunc(missing, func(n string) bool { return !r.optional(n) })
		for i, env := range r.entries {
			some, reached := r.judges(rule, env.environment)
			if i > 0 && r.entries[i-1].environment == env.environment || !some {
				continue
			}
			effect := Effect(r.Config.EffectOf(r.specs[id], env.environment, env.class, r.Now))
			if effect == Off {
				continue
			}
			out = append(out, NotJudged{
				Rule: id, Environment: env.environment, Effect: effect, Reason: reason,
				Required: required && r.mustHave(env.class) && effect.Rank() >= RequireApproval.Rank(), Existing: !reached,
			})
		}
	}
	slices.SortFunc(out, func(a, b NotJudged) int {
		return cmp.Or(cmp.Compare(a.Rule, b.Rule), cmp.Compare(a.Environment, b.Environment))
	})
	return out
}

// mustHave says whether inputs are required at all for a class.
func (r *ruling) mustHave(class config.Class) bool {
	return class == config.Prod && r.Config.Configured() && !r.Local
}

// idPrefix tells subjects of a key of the facts document by their ids, where
// rules with needs judge something that an environment may simply not have.
var idPrefix = map[string]string{"images": "image:", "resources": "terraform:"}

// judges says whether an environment has a subject that a rule judges, and
// whether the change reaches one.
func (r *ruling) judges(rule policy.Rule, environment string) (some, reached bool) {
	prefix, countable := idPrefix[rule.Over.Subject]
	if !countable {
		return true, true
	}
	for id, s := range r.Subjects {
		if strings.HasPrefix(id, prefix) && s.Scope.Environment == environment {
			if some = true; r.Before == nil || s.Action != "unchanged" {
				return true, true
			}
		}
	}
	return some, false
}

// completeness marks the entries in which something was not judged. A failure
// that belongs to one subject counts where the subject does, every other one
// everywhere.
func (r *ruling) completeness(missing []NotJudged) {
	for _, e := range r.ledger {
		if e.State != facts.Failed && e.State != facts.Unchanged && (e.State != facts.Skipped || isRule(e)) {
			continue
		}
		if isRule(e) && r.placed[e.ID] {
			continue // collect has marked where its subjects count
		}
		for _, i := range r.countsIn(e.ID) {
			if e.State != facts.Skipped || r.mustHave(r.entries[i].class) && !r.optional(e.Input) {
				r.entries[i].lacks(e.Existing || e.State == facts.Unchanged)
			}
		}
	}
	for _, n := range missing {
		for _, e := range r.entries {
			if n.Required && e.environment == n.Environment {
				e.lacks(n.Existing)
			}
		}
	}
}

// countsIn are the entries in which it counts that a subject was not judged.
func (r *ruling) countsIn(id string) []int {
	_, scope, entries := r.place(id)
	if _, known := r.Subjects[id]; !known || len(entries) == 0 && r.kept(scope.Environment) {
		return r.everywhere()
	}
	return entries
}

// require fails what was skipped for want of an input where that is required:
// like everything that was not judged, it is told first. What a change has deployed from
// another repository is required everywhere: else a changed address would pass whatever
// stands there.
func (r *ruling) require() {
	for i := range r.ledger {
		e := &r.ledger[i]
		if e.State != facts.Skipped || e.Input == "" || isRule(*e) || r.optional(e.Input) {
			continue
		}
		if e.Input == "repositories" && r.Before != nil && !e.Existing {
			e.State = facts.Failed
			continue
		}
		if slices.ContainsFunc(r.countsIn(e.ID), func(n int) bool { return r.mustHave(r.entries[n].class) }) {
			e.State = facts.Failed
		}
	}
}

// lacks enters that something was not judged there: what is no fault of the
// change narrows what the decision covers.
func (e *entry) lacks(existing bool) {
	if existing {
		e.scope = ScopeChange
	} else {
		e.incomplete = true
	}
}
