package attest

import (
	"slices"
	"strings"
)

// Standing is what the target branch says now of what a decision rests on.
type Standing struct {
	Source                string // ref@commit
	Policy, Data, Judging string // as Digests has them
	// Turns are the dates since the decision from which on the configuration says
	// something else.
	Turns []string
	// Lapsed says of each waiver that was used and does not count any more why.
	Lapsed []string
	// Frozen are the freezes that are in force at the environment.
	Frozen []Freeze
	// Again is what the policy says now of the facts that were judged; nil: nobody asked.
	Again *Reevaluation
}

// Reevaluation is the judgement of the facts of a decision by another policy.
type Reevaluation struct {
	// Worse is what it says against the change that the decision's own policy did not;
	// empty: nothing.
	Worse []string
	// Unread is why the facts could not be judged again; empty: they were.
	Unread string
}

// standing refuses what the target branch would not say any more.
func (in VerifyInput) standing(v *Verification) {
	s := in.Standing
	if s == nil {
		for _, check := range []string{CheckPolicy, CheckWaivers, CheckFreezes} {
			v.given(check)
		}
		return
	}
	was := in.Decision.Predicate.Decision
	var changed []string
	for _, x := range []struct{ what, was, now string }{
		{"the rules", was.Digests.Policy, s.Policy},
		{"the tables of the rules", was.Digests.Data, s.Data},
		{"what the configuration asks of them", was.Digests.Judging, s.Judging},
	} {
		if x.was != x.now {
			changed = append(changed, x.what)
		}
	}
	settled := false // whether judging again has answered for all of it
	if s.Again != nil && s.Again.Unread != "" {
		v.refuse(CheckPolicy, ReasonUnknown, "what was judged could not be judged again: %s", s.Again.Unread)
	} else if s.Again != nil {
		settled = true
		for _, worse := range s.Again.Worse {
			v.refuse(CheckPolicy, ReasonPolicy, "the policy as it stands at %s says: %s", s.Source, worse)
		}
	}
	if len(changed) > 0 && !settled {
		v.refuse(CheckPolicy, ReasonStale, "%s changed since: the decision is of %s, and %s says otherwise; judge again, or let --reevaluate judge its facts", strings.Join(changed, ", "), was.PolicySource, s.Source)
	}
	for _, turn := range s.Turns {
		if !settled {
			v.refuse(CheckPolicy, ReasonStale, "%s has passed since the decision was made; judge again, or let --reevaluate judge its facts", turn)
		}
	}
	for _, why := range s.Lapsed { // what it covered counts again, whatever the rules say now
		v.refuse(CheckWaivers, ReasonWaiver, "%s", why)
	}
	for _, f := range s.Frozen {
		if !settled && !slices.Contains(was.Freezes, f) {
			v.refuse(CheckFreezes, ReasonFreeze, "%q must not change from %s to %s: %s", in.Decision.Predicate.Target.Environment, f.From, f.To, f.Reason)
		}
	}
	if settled && len(s.Again.Worse) == 0 && len(changed)+len(s.Turns) > 0 {
		v.Notes = append(v.Notes, "the policy has changed since, and what was judged is no worse by what stands at "+s.Source)
	}
}
