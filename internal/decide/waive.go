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
	"gate/internal/source"
)

// waiverState is one entry of the waiver file and what became of it.
type waiverState struct {
	config.Waiver
	problem string // why it waives nothing
	used    int
}

// waive takes findings out of the decision: first by the waiver file, then by
// comments in the files. What does not count is a finding itself.
func (r *ruling) waive() {
	r.readWaivers()
	for i := range r.findings {
		r.waiveByFile(&r.findings[i])
	}
	inline := r.waiveInline()
	for _, w := range r.waivers {
		if f, made := r.waiverFinding(w); made {
			inline = append(inline, f)
		}
	}
	slices.SortFunc(inline, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(a.Subject.ID, b.Subject.ID), cmp.Compare(a.Environment, b.Environment), cmp.Compare(a.Target, b.Target), cmp.Compare(a.Message, b.Message))
	})
	fingerprints(inline)
	r.findings = append(r.findings, inline...)
}

// readWaivers judges the entries of the file on their own, sorted by id so that
// the order in the file decides nothing.
func (r *ruling) readWaivers() {
	if r.Waivers == nil {
		return
	}
	for _, w := range r.Waivers.Waivers {
		r.waivers = append(r.waivers, &waiverState{Waiver: w, problem: r.problem(w)})
	}
	slices.SortStableFunc(r.waivers, func(a, b *waiverState) int {
		return cmp.Or(cmp.Compare(a.ID, b.ID), cmp.Compare(a.Line, b.Line))
	})
}

// problem says why a waiver takes nothing out of the decision, or "".
func (r *ruling) problem(w config.Waiver) string {
	rule, loaded := r.rules[w.Rule]
	switch {
	case len(w.Faults) > 0:
		return "is malformed: " + strings.Join(w.Faults, "; ")
	case strings.HasPrefix(w.Rule, "gate/"):
		return fmt.Sprintf("is for %s, which cannot be waived", w.Rule)
	case !loaded && !r.exists(w.Rule):
		return "is malformed: " + r.unknownRule(w.Rule)
	case !r.knownPlace(w.Scope.Environment):
		return fmt.Sprintf("is malformed: environment %q is not configured", w.Scope.Environment)
	case loaded && rule.Waivable == "never":
		return fmt.Sprintf("is for %s, which cannot be waived", w.Rule)
	case w.Expired(r.Now):
		return fmt.Sprintf("expired on %s", w.Expires.Format(time.DateOnly))
	case w.Created.After(r.Now):
		return fmt.Sprintf("is malformed: it was created on %s, which is yet to come", w.Created.Format(time.DateOnly))
	case loaded:
		return WaiverLacks(r.Config, r.Waivers, w, rule)
	}
	return ""
}

// WaiverLacks says why a waiver does not count for its rule, whose life or whose
// approvals are not enough, or "". It does not ask for the time.
func WaiverLacks(c *config.Config, file *config.Waivers, w config.Waiver, rule policy.Rule) string {
	if most := file.Days(rule.Severity); w.Expires.After(w.Created.AddDate(0, 0, most)) {
		return fmt.Sprintf("lives %d days; at most %d for a rule of severity %s", days(w.Created, w.Expires), most, rule.Severity)
	}
	if rule.Waivable == "approval" {
		return unapproved(c, w, rule)
	}
	return ""
}

func days(from, to time.Time) int { return int(to.Sub(from).Hours() / 24) }

func (r *ruling) knownPlace(environment string) bool {
	if environment == "" || environment == "*" {
		return true
	}
	_, configured := r.Config.Environment(environment)
	return configured || slices.ContainsFunc(r.Environments, func(e facts.Environment) bool { return e.Name == environment })
}

// exists says whether a rule exists that this run did not load.
func (r *ruling) exists(id string) bool {
	if slices.Contains(r.RuleIDs, id) {
		return true
	}
	entry, _, nested := strings.Cut(id, "/")
	return nested && r.Config != nil && slices.ContainsFunc(r.Config.Policies, func(p config.Policy) bool { return p.Entry() == entry })
}

func (r *ruling) unknownRule(id string) string {
	known := slices.Clone(r.RuleIDs)
	for k := range r.rules {
		known = append(known, k)
	}
	if near := config.Nearest(id, known); near != "" {
		return fmt.Sprintf("rule %q does not exist; did you mean %q?", id, near)
	}
	return fmt.Sprintf("rule %q does not exist", id)
}

// defaultRole approves waivers of rules that ask for an approval and name no
// role.
const defaultRole = "security"

// unapproved says what a waiver lacks whose rule needs the approval of a role:
// so many of its members, or one of its teams, under approvedBy, none of them
// the owner. The file is read from policy-ref, so that the entry went through
// the review that protects it.
func unapproved(c *config.Config, w config.Waiver, rule policy.Rule) string {
	name := cmp.Or(rule.Requires, defaultRole)
	var role config.Role
	defined, file := false, config.DefaultFile
	if c != nil {
		role, defined = c.Roles[name]
		file = cmp.Or(c.File, file)
	}
	if !defined {
		return fmt.Sprintf("needs the approval of role %q, which nobody holds; name them under roles of %s, and those who approve under approvedBy of the waiver", name, file)
	}
	approved := map[string]bool{}
	for _, who := range w.ApprovedBy {
		if slices.Contains(role.Teams, who) {
			return ""
		}
		if slices.Contains(role.Members, who) && strings.TrimPrefix(w.Owner, "@") != who {
			approved[who] = true
		}
	}
	if need := c.RoleCount(name); len(approved) < need {
		return fmt.Sprintf("needs the approval of %d of role %q under approvedBy and has %d", need, name, len(approved))
	}
	return ""
}

func (r *ruling) waiveByFile(f *Finding) {
	if strings.HasPrefix(f.Rule, "gate/") {
		return
	}
	for _, w := range r.waivers {
		if w.problem != "" || w.Rule != f.Rule || !w.Scope.Covers(f.Environment, f.Location.File, f.Subject.ID, f.Subject.Address) {
			continue
		}
		w.used++
		if f.Waived == nil {
			f.Waived = &WaiverUse{ID: w.ID, Expires: w.Expires.Format(time.DateOnly), Owner: w.Owner, Reason: w.Reason, Ticket: w.Ticket, Rule: w.Rule, Scope: w.Scope.String()}
		}
	}
}

// waiverFinding reports a waiver that does not count or covers nothing.
func (r *ruling) waiverFinding(w *waiverState) (Finding, bool) {
	_, spec := r.rule(RuleWaiver)
	level := ""
	msg := w.problem
	if msg == "" {
		if w.used > 0 || !r.wasJudged(w.Rule) {
			return Finding{}, false
		}
		level, msg = string(Warn), fmt.Sprintf("covers nothing: no finding of %s is in its scope", w.Rule)
	}
	id := cmp.Or(w.ID, fmt.Sprintf("%s:%d", r.Waivers.File, w.Line))
	scope := facts.Scope{Environment: w.Scope.Environment}
	entries := r.spread(scope, false)
	switch {
	case w.Scope.Environment != "" && len(entries) > 0:
		scope.Class = string(r.entries[entries[0]].class)
	case w.Scope.Environment == "" || w.Scope.Environment == "*" || !r.knownPlace(w.Scope.Environment):
		// It is for the repository, for all, or for nobody knows what.
		scope = facts.Scope{Class: string(r.class)}
		entries = r.spread(scope, true)
	default:
		// Its environment is not reached: worth saying, no reason to stop.
		scope = facts.Scope{Class: string(r.class)}
		entries, level = r.spread(scope, true), string(Warn)
	}
	place := source.Position{File: r.Waivers.File, Line: w.Line}
	return r.builtin(spec, scope, entries, level, fmt.Sprintf("waiver %q %s", id, msg), SubjectRef{ID: "waiver:" + id, Kind: "Waiver", Name: id}, place), true
}

func (r *ruling) builtin(spec config.RuleSpec, scope facts.Scope, entries []int, level, msg string, subject SubjectRef, place source.Position) Finding {
	rule := r.rules[spec.ID]
	return Finding{
		Rule: spec.ID, Title: rule.Title, Severity: rule.Severity, Effect: Effect(cmp.Or(level, spec.Effects[scope.Class])), Verdict: "fail",
		Scope: scope, Message: msg, Subject: subject, Location: source.Location{Position: place}, Entries: entries, Remediation: rule.Remediation,
	}
}

// wasJudged says whether the run looked everywhere a rule looks, so that a
// waiver without a finding is unused.
func (r *ruling) wasJudged(rule string) bool {
	if r.Partial || len(r.Only) > 0 {
		return false
	}
	return slices.ContainsFunc(r.ledger, func(e facts.Entry) bool {
		return isRule(e) && e.ID == rule && (e.State == facts.Evaluated || e.State == facts.NotApplicable)
	})
}

// waiverUses lists the waivers that took findings out, with how many.
func (r *ruling) waiverUses() []WaiverUse {
	byID := map[string]*WaiverUse{}
	for _, f := range r.findings {
		if f.Waived == nil {
			continue
		}
		if byID[f.Waived.ID] == nil {
			use := *f.Waived
			byID[f.Waived.ID] = &use
		}
		byID[f.Waived.ID].Count++
	}
	out := []WaiverUse{}
	for _, id := range slices.Sorted(maps.Keys(byID)) {
		out = append(out, *byID[id])
	}
	return out
}
