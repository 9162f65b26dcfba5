package report

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"gate/internal/decide"
	"gate/internal/facts"
)

// writeMetrics writes OpenMetrics text (version 1.0). All families are gauges:
// they tell one run, and a run has no counters that go on.
func writeMetrics(w io.Writer, v *view, _ string) error {
	var b strings.Builder
	family := func(name, help string) {
		fmt.Fprintf(&b, "# TYPE %s gauge\n# HELP %s %s\n", name, name, help)
	}
	sample := func(name string, value int, labels ...string) {
		b.WriteString(name)
		for i := 0; i+1 < len(labels); i += 2 {
			separator := ","
			if i == 0 {
				separator = "{"
			}
			b.WriteString(separator + labels[i] + `="` + labelValue(labels[i+1]) + `"`)
		}
		if len(labels) > 0 {
			b.WriteString("}")
		}
		fmt.Fprintf(&b, " %d\n", value)
	}
	environments := v.environments()
	family("policy_decision_count", "Decisions of this run by environment, target and outcome.")
	for _, e := range environments {
		sample("policy_decision_count", 1, "environment", e.Environment, "target", e.Target, "class", e.Class, "decision", string(e.Decision))
	}
	for _, c := range []struct{ name, key, help string }{
		{"policy_deny_count", string(decide.Deny), "Findings that deny the change."},
		{"policy_require_approval_count", string(decide.RequireApproval), "Findings that ask for an approval."},
		{"policy_warn_count", string(decide.Warn), "Findings that warn."},
		{"policy_exception_count", "waived", "Findings that a waiver took out of the decision."},
	} {
		family(c.name, c.help)
		for _, e := range environments {
			sample(c.name, e.Counts[c.key], "environment", e.Environment, "target", e.Target)
		}
	}
	family("policy_run_complete", "1 if everything that was discovered was judged.")
	sample("policy_run_complete", oneIf(v.Result.Complete))
	family("policy_subjects_judged", "Subjects that rules looked at.")
	sample("policy_subjects_judged", v.Result.Judged)
	family("policy_not_judged_count", "Rules that an input was missing for.")
	sample("policy_not_judged_count", len(v.missing), "required", "true")
	sample("policy_not_judged_count", len(v.Result.NotJudged)-len(v.missing), "required", "false")
	family("policy_approval_count", "Approvals that are asked for, by whether they were given.")
	given := 0
	for _, r := range v.Result.Requirements {
		given += oneIf(r.Satisfied)
	}
	sample("policy_approval_count", given, "satisfied", "true")
	sample("policy_approval_count", len(v.Result.Requirements)-given, "satisfied", "false")
	family("policy_coverage", "Discovered things by kind and what became of them.")
	c := v.Result.Coverage
	for _, k := range []struct {
		kind   string
		counts map[facts.State]int
	}{{"files", c.Files}, {"units", c.Units}, {"objects", c.Objects}, {"resources", c.Resources}, {"rules", c.Rules}} {
		for _, s := range states() {
			sample("policy_coverage", k.counts[s], "kind", k.kind, "state", string(s))
		}
	}
	v.findingMetrics(family, sample)
	b.WriteString("# EOF\n")
	_, err := io.WriteString(w, b.String())
	return err
}

// findingMetrics count by state and rule.
func (v *view) findingMetrics(family func(name, help string), sample func(name string, value int, labels ...string)) {
	if v.compared() {
		family("policy_state_count", "Findings beside the base of the change: new, existing, or mended by it.")
		counts := map[string]int{decide.Fixed: len(v.Result.Fixed)}
		for _, g := range v.collapse(v.open) {
			state := g.State
			if slices.ContainsFunc(g.members, func(f decide.Finding) bool { return f.State == decide.New }) {
				state = decide.New
			}
			counts[state]++
		}
		for _, s := range []string{decide.New, decide.Existing, decide.Fixed} {
			sample("policy_state_count", counts[s], "state", s)
		}
	}
	family("policy_gap_count", "Things that could not be judged, by whether that is of the change.")
	sample("policy_gap_count", len(v.failed), "state", decide.New)
	sample("policy_gap_count", len(v.gaps), "state", decide.Existing)
	family("policy_rule_findings", "Findings by rule and effect, one that several environments or objects have once; waived ones have the effect waived.")
	rows := map[string]*ruleCount{}
	var once []decide.Finding
	for _, g := range v.collapse(slices.Concat(v.open, v.waived)) {
		once = append(once, g.Finding)
	}
	for _, r := range v.countByRule(once) {
		rows[r.rule] = r
	}
	for _, id := range slices.Sorted(maps.Keys(rows)) {
		r := rows[id]
		for _, n := range []struct {
			effect string
			count  int
		}{{"deny", r.deny}, {"require-approval", r.approval}, {"warn", r.warn}, {"waived", r.waived}} {
			if n.count > 0 {
				sample("policy_rule_findings", n.count, "rule", id, "severity", r.severity, "effect", n.effect)
			}
		}
	}
}

// ruleCount is how often a rule was found, by effect.
type ruleCount struct {
	rule, severity               string
	deny, approval, warn, waived int
}

func (v *view) countByRule(findings []decide.Finding) []*ruleCount {
	byRule := map[string]*ruleCount{}
	for _, f := range findings {
		r := byRule[f.Rule]
		if r == nil {
			r = &ruleCount{rule: f.Rule, severity: f.Severity}
			byRule[f.Rule] = r
		}
		switch {
		case f.Waived != nil:
			r.waived++
		case f.Effect == decide.Deny:
			r.deny++
		case f.Effect == decide.RequireApproval:
			r.approval++
		default:
			r.warn++
		}
	}
	return slices.SortedFunc(maps.Values(byRule), func(a, b *ruleCount) int {
		return cmp.Or(cmp.Compare(b.deny, a.deny), cmp.Compare(b.approval, a.approval), cmp.Compare(b.warn, a.warn),
			cmp.Compare(b.waived, a.waived), cmp.Compare(a.rule, b.rule))
	})
}

func oneIf(b bool) int {
	if b {
		return 1
	}
	return 0
}

// labelValue escapes backslash, quote and line feed; other control characters
// were made visible before.
func labelValue(s string) string {
	return strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`).Replace(clean(s))
}
