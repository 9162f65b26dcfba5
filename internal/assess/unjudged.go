package assess

import (
	"cmp"
	"fmt"
	"strings"

	"gate/internal/facts"
	"gate/internal/source"
)

// Options are what the judges are told beside the objects.
type Options struct {
	// Stops says whether what an admission policy rejects stops the change there;
	// nil: everywhere. Where it does not, what a policy could not say is told, and
	// nothing is missing.
	Stops func(facts.Scope) bool
	// KubeVersions are the versions of clusters that somebody has fixed, by the id
	// of a unit.
	KubeVersions map[string]string
}

// gap is why a policy was not evaluated on objects of one place. What the change
// does not reach is a gap of its own: it may have been there before.
type gap struct {
	policy, control, environment, target, why string
	failed, untouched                         bool
}

// lacking is what a gap holds: the objects, the first of which names it.
type lacking struct {
	policy, first *Object
	hint          string
	of            map[string]bool // ids of objects
}

// unjudged writes down that a policy could not be evaluated on an object. It has
// failed where a rejection would have stopped the change.
func (a *admission) unjudged(j judge, r *request, o objection) {
	p := j.policy()
	key := gap{
		policy: p.ID, control: j.control(), environment: r.s.Environment, target: r.s.Target, why: o.unknown,
		failed:    o.enforce == enforceDeny && !o.settled && (a.options.Stops == nil || a.options.Stops(r.s.Scope)),
		untouched: untouched(r.s) && untouched(p),
	}
	if a.gaps[key] == nil {
		a.gaps[key] = &lacking{policy: p, first: r.s, hint: o.hint, of: map[string]bool{}}
		a.order = append(a.order, key)
	}
	a.gaps[key].of[r.s.ID] = true
}

// tell turns the gaps into entries of the ledger: failed ones under the object,
// others as a remark in the entry of the policy.
func (a *admission) tell() []facts.Entry {
	var out []facts.Entry
	for _, key := range a.order {
		g := a.gaps[key]
		kind, name, _ := strings.Cut(key.control, "/")
		if key.failed {
			out = append(out, facts.Entry{
				Kind: "admission", ID: g.first.ID, State: facts.Failed, Count: len(g.of), Existing: key.untouched,
				Reason: fmt.Sprintf("%s %q is not evaluated: %s", kind, name, key.why),
				Hint:   cmp.Or(g.hint, "mend the policy, or exclude its file"),
			})
			continue
		}
		what := g.first.titled()
		if n := len(g.of) - 1; n > 0 {
			what = fmt.Sprintf("%s and %d more", what, n)
		}
		e := a.entry(g.policy, facts.Evaluated, "")
		text := fmt.Sprintf("not evaluated on %s: %s", what, key.why)
		if e.Reason != "" {
			text = e.Reason + "; " + text
		}
		e.Reason = text
	}
	return out
}

// unreadable writes down a policy, or what belongs to one, that cannot be read.
func (a *admission) unreadable(s *Object, err error) {
	why := fmt.Sprintf("cannot be read: %v", err)
	a.unknown(s, s.Kind+"/"+s.Name, nil, why)
	*a.entry(s, facts.Failed, why) = facts.Entry{
		Kind: "admission", ID: s.ID, State: facts.Failed, Reason: why, Hint: "mend it, or exclude its file", Existing: untouched(s),
	}
}

// broken writes down a fault of a policy.
func (a *admission) broken(p *Object, control string, path source.Path, why string) {
	x := p.assessment(JudgeAdmission, control, Fail, path, p.titled()+": "+why)
	x.Values = []string{enforceDeny}
	a.found = append(a.found, x)
}

// untouched says whether the change leaves an object as it is. Without a base
// nothing is.
func untouched(s *Object) bool { return s.Change != nil && s.Change.Action == "unchanged" }
