package decide

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"gate/internal/config"
	"gate/internal/facts"
	"gate/internal/policy"
	"gate/internal/source"
)

// collect turns results into findings. A result that could not be told for
// want of something outside is no finding but a failure of its rule.
func (r *ruling) collect() {
	r.findings = []Finding{}
	results := slices.Clone(r.Results)
	slices.SortFunc(results, func(a, b policy.Result) int {
		return cmp.Or(cmp.Compare(a.Rule, b.Rule), cmp.Compare(a.Subject, b.Subject), cmp.Compare(a.Path.String(), b.Path.String()),
			cmp.Compare(a.Message, b.Message), cmp.Compare(a.Verdict, b.Verdict), cmp.Compare(a.Level, b.Level), cmp.Compare(a.Cause, b.Cause))
	})
	var before *policy.Result
	unavailable := map[string][]lack{}
	given := map[string]int{} // by rule, what the callers of modules know
	for i := range results {
		res := &results[i]
		if before != nil && same(*before, *res) {
			continue
		}
		before = res
		subject, scope, entries := r.place(res.Subject)
		if len(entries) == 0 {
			continue // outside of --env
		}
		rule, spec := r.rule(res.Rule)
		effect := r.effect(spec, *res, scope)
		if effect == Off {
			continue
		}
		f := Finding{
			Rule: res.Rule, Title: rule.Title, Severity: rule.Severity, Effect: effect, Verdict: cmp.Or(res.Verdict, "fail"), Scope: scope,
			Message: res.Message, Subject: subject.Ref, Path: res.Path, Location: locate(subject.Locator, res.Path), Entries: entries,
			Remediation: rule.Remediation,
		}
		if res.Verdict == "unknown" && res.Cause != "computed" {
			unavailable[res.Rule] = append(unavailable[res.Rule], lack{fmt.Sprintf("%s: %s", res.Subject, res.Message), !r.Before.touched(&f)})
			for _, i := range entries {
				r.entries[i].lacks(!r.Before.touched(&f))
			}
			continue
		}
		if v := subject.Variant; v != nil && v.Hangs != "" {
			f.hangs(v, weaker(effect, Effect(cmp.Or(spec.UnknownEffect[scope.Class], string(Warn)))))
			effect = f.Effect
		} else if v != nil {
			f.Message += "; so it is " + under(v)
		}
		if subject.Library && f.Verdict == "unknown" {
			given[res.Rule]++
			continue
		}
		if subject.TestData {
			f.TestData, f.Effect = true, weaker(f.Effect, Warn)
			effect = f.Effect
		}
		if effect == RequireApproval {
			f.Requires = rule.Requires
			if f.Requires == config.OwnersRole && len(subject.Owners) == 0 {
				r.unowned(&f)
			}
		}
		r.findings = append(r.findings, f)
	}
	r.failRules(unavailable)
	for _, rule := range slices.Sorted(maps.Keys(given)) {
		r.note("%s: %d answers hang on what the callers of modules give, whom this repository does not hold", rule, given[rule])
	}
	fingerprints(r.findings)
}

// unowned hands what nobody owns to the role that stands in for owners. Without one an
// approval would be asked for that nobody can give: the line of CODEOWNERS that the
// finding names has to come first.
func (r *ruling) unowned(f *Finding) {
	role := r.Config.UnownedRole()
	if _, defined := r.role(role); defined {
		f.Requires = role
		return
	}
	f.Effect, f.Requires = Deny, ""
	f.Message += fmt.Sprintf("; or a role that stands in: roles: {%s: {members: [NAME]}} in %s", role, r.configFile())
}

// same compares what a finding is made of; a rule in batches may say the same
// thing twice.
func same(a, b policy.Result) bool {
	return a.Rule == b.Rule && a.Subject == b.Subject && a.Path.String() == b.Path.String() && a.Message == b.Message &&
		a.Level == b.Level && a.Verdict == b.Verdict && a.Cause == b.Cause
}

// rule returns the metadata of a rule. One that is not known denies.
func (r *ruling) rule(id string) (policy.Rule, config.RuleSpec) {
	if rule, known := r.rules[id]; known {
		return rule, r.specs[id]
	}
	return policy.Rule{ID: id, Severity: "high"}, config.RuleSpec{ID: id, Severity: "high", Waivable: "yes"}
}

// effect is what a result leads to: the rule's effect in its environment. The
// level that a result names replaces the rule's default. Where the
// configuration sets an effect itself, that one counts, but a result that is
// milder than its rule stays as mild. A result that is known only after apply
// never exceeds the rule's effect for unknown values.
func (r *ruling) effect(spec config.RuleSpec, res policy.Result, scope facts.Scope) Effect {
	class := config.Class(scope.Class)
	own := Effect(spec.Effects[scope.Class])
	if spec.Effects == nil {
		own = Deny
	}
	level := Effect(res.Level)
	if level != "" && !r.Config.HasEffect(spec.ID, scope.Environment, class) {
		spec.Effects = map[string]string{scope.Class: res.Level}
	}
	effect := Effect(r.Config.EffectOf(spec, scope.Environment, class, r.Now))
	if level != "" && level.Rank() < own.Rank() {
		effect = weaker(effect, level)
	}
	if res.Verdict == "unknown" && res.Cause == "computed" {
		effect = weaker(effect, Effect(cmp.Or(spec.UnknownEffect[scope.Class], string(Warn))))
	}
	return effect
}

func weaker(a, b Effect) Effect {
	if b.Rank() < a.Rank() {
		return b
	}
	return a
}

func locate(l source.Locator, p source.Path) source.Location {
	if l == nil {
		return source.Location{}
	}
	return l.Locate(p)
}

// conflicts reports subjects whose scope could not be told, one finding for
// each cause.
func (r *ruling) conflicts() {
	byCause, settled := map[string][]string{}, map[string]bool{}
	for id, s := range r.Subjects {
		if s.Conflict != "" {
			byCause[s.Conflict] = append(byCause[s.Conflict], id)
		}
		if s.Settled != "" {
			byCause[s.Settled], settled[s.Settled] = append(byCause[s.Settled], id), true
		}
	}
	rule, spec := r.rule(RuleScope)
	var made []Finding
	for _, cause := range slices.Sorted(maps.Keys(byCause)) {
		ids := byCause[cause]
		slices.Sort(ids)
		subject, scope, entries := r.place(ids[0])
		if len(entries) == 0 {
			continue
		}
		msg := cause
		if n := len(ids) - 1; n > 0 {
			msg = fmt.Sprintf("%s (and %d more of the same cause)", cause, n)
		}
		effect := Warn // the environment is known or the strictest, a target or service is not
		if subject.Scope.Environment == "" && !settled[cause] {
			effect = Effect(spec.Effects[scope.Class])
		}
		made = append(made, Finding{
			Rule: RuleScope, Title: rule.Title, Severity: rule.Severity, Effect: effect, Verdict: "fail", Scope: scope, Message: msg,
			Subject: subject.Ref, Location: locate(subject.Locator, nil), Entries: entries, Remediation: rule.Remediation,
		})
	}
	fingerprints(made)
	r.findings = append(r.findings, made...)
}

// FingerprintVersion names how a fingerprint is made. Forges and dashboards keep
// fingerprints from run to run and over versions of gate, so that what v1 means
// never changes: not the algorithm, and not the ids of subjects and the paths that
// go into it (TestFingerprints of decide and of pipeline pin both). Something
// better is v2, written beside v1 where a format has room for both (SARIF's
// partialFingerprints, JSON); a format with one field keeps v1.
const FingerprintVersion = "v1"

// fingerprints gives every finding its identity: the first 128 bits of
// SHA-256 over the JSON array of rule, environment, target, subject id and
// path. It does not depend on lines or messages; findings that are alike in
// all of these are numbered in the order of their messages. Beside a base, what
// the base has as well keeps the fingerprint that it has there (states).
func fingerprints(list []Finding) {
	seen := map[string]int{}
	for i := range list {
		f := &list[i]
		id := []string{f.Rule, f.Environment, f.Target, f.Subject.ID, f.Path.String()}
		key := hash(id)
		seen[key]++
		if n := seen[key]; n > 1 {
			key = hash(append(id, fmt.Sprint(n)))
		}
		f.Fingerprint = key
	}
}

func hash(parts []string) string {
	data, err := json.Marshal(parts)
	if err != nil {
		return "" // strings always marshal
	}
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:16])
}

// severities, most severe first.
var severities = []string{"critical", "high", "medium", "low"}

func severityRank(s string) int {
	if i := slices.Index(severities, s); i >= 0 {
		return i
	}
	return len(severities)
}

func (r *ruling) sortFindings() {
	slices.SortFunc(r.findings, func(a, b Finding) int {
		return cmp.Or(
			cmp.Compare(b.Effect.Rank(), a.Effect.Rank()),
			cmp.Compare(severityRank(a.Severity), severityRank(b.Severity)),
			cmp.Compare(a.Location.File, b.Location.File),
			cmp.Compare(a.Location.Line, b.Location.Line),
			cmp.Compare(a.Location.Column, b.Location.Column),
			cmp.Compare(a.Rule, b.Rule),
			cmp.Compare(a.Subject.ID, b.Subject.ID),
			cmp.Compare(a.Environment, b.Environment),
			cmp.Compare(a.Target, b.Target),
			cmp.Compare(a.Path.String(), b.Path.String()),
			cmp.Compare(a.Message, b.Message),
			cmp.Compare(a.Fingerprint, b.Fingerprint),
		)
	})
}
