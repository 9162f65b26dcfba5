package standing

import (
	"bufio"
	"bytes"
	"fmt"
	"slices"
	"strings"
	"time"

	"gate/internal/attest"
	"gate/internal/config"
	"gate/internal/decide"
	"gate/internal/policy"
	"gate/internal/policysource"
	"gate/rules"
)

// Of is what the target branch says at a time of what a decision rests on.
func Of(p *policysource.Source, d *attest.Decision, now time.Time) (*attest.Standing, error) {
	catalog, err := built()
	if err != nil {
		return nil, err
	}
	digests, err := DigestsOf(p, catalog.PolicyDigest, catalog.DataDigest)
	if err != nil {
		return nil, err
	}
	made, err := time.Parse(time.RFC3339, d.Predicate.EvaluatedAt)
	if err != nil {
		return nil, fmt.Errorf("evaluatedAt: %w", err)
	}
	s := &attest.Standing{
		Source: p.Label, Policy: digests.Policy, Data: digests.Data, Judging: digests.Judging,
		Turns: p.Config.Turns(made, now), Frozen: []attest.Freeze{},
	}
	for _, f := range p.Config.Frozen(d.Predicate.Target.Environment, now) {
		s.Frozen = append(s.Frozen, attest.Freeze{From: f.From.UTC().Format(time.RFC3339), To: f.To.UTC().Format(time.RFC3339), Reason: f.Reason})
	}
	for _, x := range d.Predicate.Decision.ExceptionsUsed {
		why, err := lapsed(p, x, now)
		if err != nil {
			return nil, err
		}
		if why != "" {
			s.Lapsed = append(s.Lapsed, fmt.Sprintf("waiver %s %s", x.ID, why))
		}
	}
	return s, nil
}

// lapsed says why a waiver that was used does not count any more, or "".
func lapsed(p *policysource.Source, x attest.Exception, now time.Time) (string, error) {
	if x.Inline {
		return lapsedComment(p, x, now), nil
	}
	i := slices.IndexFunc(p.Waivers.Waivers, func(w config.Waiver) bool { return w.ID == x.ID })
	if i < 0 {
		return "is not in the waiver file any more", nil
	}
	w := p.Waivers.Waivers[i]
	switch {
	case len(w.Faults) > 0:
		return "is malformed now: " + strings.Join(w.Faults, "; "), nil
	case w.Rule != x.Rule || w.Scope.String() != x.Scope:
		return fmt.Sprintf("covers %s in %s now, and was used for %s in %s", w.Rule, w.Scope, x.Rule, x.Scope), nil
	case w.Expired(now):
		return "expired on " + w.Expires.Format(time.DateOnly), nil
	}
	catalog, err := policy.Load(rules.FS, func(h policy.Head) bool { return h.ID == w.Rule })
	if err != nil {
		return "", err
	}
	for _, rule := range catalog.Rules() {
		if why := decide.WaiverLacks(p.Config, p.Waivers, w, rule); why != "" {
			return why, nil
		}
	}
	return "", nil
}

// lapsedComment looks for a comment gate:waive that says the same.
func lapsedComment(p *policysource.Source, x attest.Exception, now time.Time) string {
	text, ok := p.Text(x.Scope)
	if !ok {
		return fmt.Sprintf("stood in %s, which is not there any more", x.Scope)
	}
	lines := bufio.NewScanner(bytes.NewReader(text))
	lines.Buffer(nil, len(text)+1)
	for lines.Scan() {
		w, is, err := decide.Inline(lines.Text())
		if !is || err != nil || w.Rule != x.Rule || w.Owner != x.Owner || w.Reason != x.Reason || w.Until.Format(time.DateOnly) != x.Expires {
			continue
		}
		if !now.Before(w.Until.AddDate(0, 0, 1)) {
			return "expired on " + x.Expires
		}
		return ""
	}
	return fmt.Sprintf("does not stand in %s any more", x.Scope)
}
