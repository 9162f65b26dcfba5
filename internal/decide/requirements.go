package decide

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"gate/internal/classify"
	"gate/internal/config"
)

// decideEntry answers for one environment and target: the strictest effect of
// the findings that count there and are not waived.
func (r *ruling) decideEntry(index int, e *entry) EnvironmentDecision {
	d := EnvironmentDecision{
		Environment: e.environment, Class: string(e.class), Target: e.target, Decision: Allow, Complete: !e.incomplete, Scope: cmp.Or(e.scope, ScopeTree),
		Counts: map[string]int{string(Deny): 0, string(RequireApproval): 0, string(Warn): 0, "waived": 0},
	}
	var counting []Finding
	for _, f := range r.findings {
		if !slices.Contains(f.Entries, index) {
			continue
		}
		counting = append(counting, f)
		if f.Waived != nil {
			d.Counts["waived"]++
			continue
		}
		d.Counts[string(f.Effect)]++
		if f.Effect.Rank() > d.Decision.Rank() {
			d.Decision = f.Effect
		}
	}
	d.Classification = r.classification(e, counting)
	d.Risk = d.Classification.RiskClass
	d.Requirements = r.requirements(e, d.Risk, counting)
	return d
}

// classification is what the table says of the change that reaches an environment
// and target, raised by the findings that count there:
//
//   - to the severity of those that deny or require an approval, waived ones
//     included, since a waiver takes away the refusal and not the risk;
//   - to one step less than the severity of the others.
func (r *ruling) classification(e *entry, counting []Finding) classify.Classification {
	c := r.Classified.Of(e.environment, e.target)
	type told struct {
		risk  string
		names map[string]bool
		count int
	}
	byRule := map[string]*told{}
	for _, f := range counting {
		risk := riskOf(f)
		if f.Excused || risk == classify.RiskClasses[0] { // the risk is that of the change
			continue
		}
		t := byRule[f.Rule]
		if t == nil {
			t = &told{names: map[string]bool{}}
			byRule[f.Rule] = t
		}
		t.risk = classify.Raise(t.risk, risk)
		t.names[f.Subject.title()] = true
		t.count++
	}
	for _, rule := range slices.Sorted(maps.Keys(byRule)) {
		t := byRule[rule]
		c.Add(classify.Row{ID: rule, RiskClass: t.risk, Why: cmp.Or(r.rules[rule].Title, "a finding"), Count: t.count, Subjects: slices.Sorted(maps.Keys(t.names))})
	}
	return c
}

// title is what a subject is called in one line.
func (s SubjectRef) title() string {
	name := cmp.Or(s.Address, s.Name)
	switch {
	case s.Address != "":
		return name
	case s.Namespace != "":
		return s.Kind + " " + s.Namespace + "/" + name
	}
	return strings.TrimSpace(s.Kind + " " + name)
}

// byApprovals is the cause of requirements that do not come from findings: the
// configuration sets them, or the default for production does.
const byApprovals = "approvals"

// requirements groups the approvals that findings ask for by role, and adds
// the minimum of the configuration for the class and risk. The minimum stands
// beside the decision: it is met before apply, and does not turn an allow into
// require-approval.
func (r *ruling) requirements(e *entry, risk string, counting []Finding) []Requirement {
	byRole := map[string]*Requirement{}
	add := func(role string, count int, because string) {
		q := byRole[role]
		if q == nil {
			q = &Requirement{ID: requirementID(e.environment, e.target, role), Environment: e.environment, Target: e.target, Role: role, Because: []string{}}
			byRole[role] = q
		}
		q.Count = max(q.Count, count)
		if !slices.Contains(q.Because, because) {
			q.Because = append(q.Because, because)
		}
	}
	for _, f := range counting {
		if f.Effect == RequireApproval && f.Waived == nil {
			add(f.Requires, r.Config.RoleCount(f.Requires), f.Rule)
			if f.Requires == config.OwnersRole {
				q := byRole[f.Requires]
				q.Owners = append(q.Owners, r.Subjects[f.Subject.ID].Owners)
			}
		}
	}
	need := r.Config.ApprovalFor(e.class, risk)
	if r.NothingApplied {
		need = config.Approval{}
	}
	if need.Count == 0 && !r.NothingApplied && e.class == config.Prod && r.Config.Configured() {
		r.note("production needs no approval at risk %s, because approvals.prod.%s of %s says so", risk, risk, cmp.Or(r.Config.File, config.DefaultFile))
	}
	if need.Count > 0 {
		add("", need.Count, byApprovals)
		for _, role := range need.Roles {
			add(role, r.Config.RoleCount(role), byApprovals)
		}
	}
	out := []Requirement{}
	for _, role := range slices.Sorted(maps.Keys(byRole)) {
		q := byRole[role]
		slices.Sort(q.Because)
		slices.SortFunc(q.Owners, slices.Compare)
		q.Owners = slices.CompactFunc(q.Owners, slices.Equal)
		q.Open = q.Count
		q.How = r.how(role, e.class, risk)
		out = append(out, *q)
		if _, defined := r.role(role); !defined && role != "" && role != config.OwnersRole {
			r.note("role %q is required by %s: %s", role, strings.Join(q.Because, ", "), q.How)
		}
	}
	return out
}

func (r *ruling) role(name string) (config.Role, bool) {
	if r.Config == nil {
		return config.Role{}, false
	}
	role, defined := r.Config.Roles[name]
	return role, defined
}

// configFile is where the configuration stands, or would.
func (r *ruling) configFile() string {
	if r.Config == nil {
		return config.DefaultFile
	}
	return cmp.Or(r.Config.File, config.DefaultFile)
}

// how says how an approval is given.
func (r *ruling) how(name string, class config.Class, risk string) string {
	const byReview = "approves the latest commit in the pull request"
	file := r.configFile()
	switch role, defined := r.role(name); {
	case name == "":
		how := "anyone but the author " + byReview
		if _, set := r.Config.Approvals[class][risk]; !set {
			how += fmt.Sprintf("; this is the default, and approvals.%s.%s of %s sets another number", class, risk, file)
		}
		return how
	case name == config.OwnersRole:
		return "a code owner that the finding names " + byReview
	case !defined:
		return fmt.Sprintf("nobody holds it; name them in %s of the target branch: roles: {%s: {teams: [ORGANISATION/TEAM]}}", file, name)
	default:
		by := byReview
		if len(role.Source) > 0 && !slices.Contains(role.Source, "review") {
			by = "signs an approval of the decision"
		}
		return holders(role) + " " + by
	}
}

// holders are those who hold a role, the first four of them.
func holders(role config.Role) string {
	names := slices.Clone(role.Members)
	for _, t := range role.Teams {
		names = append(names, "a member of "+t)
	}
	if n := len(names) - 4; n > 0 {
		names = append(names[:4], fmt.Sprintf("one of %d more", n))
	}
	last := len(names) - 1
	if last < 1 {
		return strings.Join(names, "")
	}
	return strings.Join(names[:last], ", ") + " or " + names[last]
}

// requirementID is stable and readable: environment/target/role, with "-" for
// what is empty.
func requirementID(environment, target, role string) string {
	return cmp.Or(environment, "-") + "/" + cmp.Or(target, "-") + "/" + cmp.Or(role, "-")
}

// Exit codes of a check, in the order of their precedence where more than one
// applies: 1, 3, 5, 4, 0.
const (
	ExitAllowed          = 0
	ExitDenied           = 1
	ExitIncomplete       = 3
	ExitNothingToCheck   = 4
	ExitApprovalRequired = 5
)

// ExitCode is the exit code of a check. failOn is the weakest effect that makes
// it other than 0: deny, require-approval (also for ""), or warn. With
// allowEmpty a run that had nothing to check succeeds: it was asked for, or a
// change reaches nothing. What could not be judged is incomplete all the same.
func (r *Result) ExitCode(failOn Effect, allowEmpty bool) int {
	if failOn == "" {
		failOn = RequireApproval
	}
	switch {
	case r.Decision == Deny, r.Decision == Warn && failOn == Warn:
		return ExitDenied
	case !r.Complete, failOn != Deny && r.unknown():
		return ExitIncomplete
	case r.Decision == RequireApproval && failOn != Deny && !r.satisfied():
		return ExitApprovalRequired
	case r.Judged == 0 && !allowEmpty:
		return ExitNothingToCheck
	}
	return ExitAllowed
}

// unknown says whether it cannot be told that a requirement is met.
func (r *Result) unknown() bool {
	return slices.ContainsFunc(r.Environments, func(e EnvironmentDecision) bool {
		return e.Decision == RequireApproval && slices.ContainsFunc(e.Requirements, func(q Requirement) bool { return q.Unknown })
	})
}

// satisfied says whether the approvals that were handed in meet every
// requirement of the environments and targets that ask for one.
func (r *Result) satisfied() bool {
	for _, e := range r.Environments {
		if e.Decision != RequireApproval {
			continue
		}
		if len(e.Requirements) == 0 || slices.ContainsFunc(e.Requirements, func(q Requirement) bool { return !q.Satisfied }) {
			return false
		}
	}
	return true
}
