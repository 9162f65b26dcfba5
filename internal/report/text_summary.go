package report

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"gate/internal/decide"
	"gate/internal/facts"
)

// summary counts the findings by rule; the columns add up to all findings.
func (t *text) summary() {
	rows := t.countByRule()
	if len(rows) == 0 {
		return
	}
	t.heading("findings by rule", bold)
	table := [][]string{{"rule", "severity", "deny", "approval", "warn", "waived"}}
	for _, r := range rows {
		table = append(table, []string{brief(r.rule), brief(r.severity), count(r.deny), count(r.approval), count(r.warn), count(r.waived)})
	}
	t.table(table, 2)
}

// ruleCount is how often a rule was found, by effect.
type ruleCount struct {
	rule, severity               string
	deny, approval, warn, waived int
}

func (v *view) countByRule() []*ruleCount {
	byRule := map[string]*ruleCount{}
	at := func(f decide.Finding) *ruleCount {
		r := byRule[f.Rule]
		if r == nil {
			r = &ruleCount{rule: f.Rule, severity: f.Severity}
			byRule[f.Rule] = r
		}
		return r
	}
	for _, f := range v.fresh {
		switch r := at(f); f.Effect {
		case decide.Deny:
			r.deny++
		case decide.RequireApproval:
			r.approval++
		default:
			r.warn++
		}
	}
	for _, f := range v.waived {
		at(f).waived++
	}
	return slices.SortedFunc(maps.Values(byRule), func(a, b *ruleCount) int {
		return cmp.Or(cmp.Compare(b.deny, a.deny), cmp.Compare(b.approval, a.approval), cmp.Compare(b.warn, a.warn),
			cmp.Compare(b.waived, a.waived), cmp.Compare(a.rule, b.rule))
	})
}

func count(n int) string {
	if n == 0 {
		return "-"
	}
	return number(n)
}

func (t *text) requirementList() {
	list := t.requirements()
	if len(list) == 0 {
		return
	}
	t.heading("approvals", bold)
	for i, r := range list {
		if i == maxListed {
			t.more(len(list)-i, "requirement")
			break
		}
		state := t.paint("open", yellow)
		if r.Satisfied {
			state = t.paint("given", green)
		}
		t.line("  ", state, " ", requirementText(r))
	}
}

// requirementText says in clean text what approval is asked for, and why.
func requirementText(r decide.Requirement) string {
	who := "by anyone but the author"
	if r.Role != "" {
		who = "of " + brief(r.Role)
	}
	scope := brief(scopeName(r.Environment, r.Target))
	if scope == "" {
		scope = "the change"
	}
	because := slices.Clone(r.Because)
	for i, b := range because {
		if b == "approvals" { // not a rule: of the configuration, or the default
			because[i] = "the minimum for its class and risk"
		}
	}
	text := fmt.Sprintf("%s: %s %s, because of %s", scope, counted(max(r.Count, 1), "approval"), who, brief(listed(because, 6)))
	if r.How != "" && !r.Satisfied {
		text += " (" + message(r.How) + ")"
	}
	return text
}

func (t *text) waiverList() {
	list := t.waivers()
	if len(list) == 0 {
		return
	}
	t.heading("waivers used", bold)
	for i, w := range list {
		if i == maxListed {
			t.more(len(list)-i, "waiver")
			break
		}
		t.line("  ", waiverText(w))
	}
}

// waiverText says in clean text who waived what, why and until when.
func waiverText(w decide.WaiverUse) string {
	s := brief(w.ID)
	if w.Inline {
		s += " (inline)"
	}
	s += " until " + brief(cmp.Or(w.Expires, "no date")) + ", owner " + brief(cmp.Or(w.Owner, "nobody"))
	if w.Ticket != "" {
		s += ", " + brief(w.Ticket)
	}
	if w.Reason != "" {
		s += ": " + message(w.Reason)
	}
	if w.Count > 0 {
		s += " (" + counted(w.Count, "finding") + ")"
	}
	return s
}

// notJudgedList prints what the start of the report did not.
func (t *text) notJudgedList() {
	var optional []decide.NotJudged
	for _, n := range t.notJudged() {
		if !n.Required {
			optional = append(optional, n)
		}
	}
	if len(optional) > 0 {
		t.heading("not judged, because an input was not handed in", bold)
		for i, n := range optional {
			if i == maxListed {
				t.more(len(optional)-i, "rule")
				break
			}
			t.line("  ", brief(n.Rule), inScope(n.Environment), ": ", brief(n.Reason), " (its effect would be ", string(n.Effect), ")")
		}
	}
	if len(t.excluded) > 0 {
		t.heading("excluded by the configuration", bold)
		for i, e := range t.excluded {
			if i == maxListed {
				t.more(len(t.excluded)-i, "exclusion")
				break
			}
			t.line("  ", brief(e.ID), ": ", brief(cmp.Or(e.Reason, "no reason")), until(e))
		}
	}
}

func until(e facts.Entry) string {
	var parts []string
	if e.Owner != "" {
		parts = append(parts, "owner "+brief(e.Owner))
	}
	if e.Until != "" {
		parts = append(parts, "until "+brief(e.Until))
	}
	if len(parts) == 0 {
		return ""
	}
	return " (" + strings.Join(parts, ", ") + ")"
}

// coverage prints one line for each kind of thing that was discovered.
func (t *text) coverage() {
	rows := t.coverageRows()
	if len(rows) == 0 {
		return
	}
	t.heading("coverage", bold)
	for _, r := range rows {
		t.line("  ", r.kind, strings.Repeat(" ", 10-len(r.kind)), strings.Join(r.parts, ", "))
	}
}

type coverageRow struct {
	kind  string
	parts []string
}

// coverageRows counts each kind in the order of the states; kinds of which
// nothing was found are left out.
func (v *view) coverageRows() []coverageRow {
	c := v.Result.Coverage
	var rows []coverageRow
	for _, k := range []struct {
		kind   string
		states map[facts.State]int
	}{{"files", c.Files}, {"units", c.Units}, {"objects", c.Objects}, {"resources", c.Resources}, {"rules", c.Rules}} {
		row := coverageRow{kind: k.kind}
		for _, s := range states() {
			if n := k.states[s]; n > 0 {
				row.parts = append(row.parts, number(n)+" "+strings.ReplaceAll(string(s), "-", " "))
			}
		}
		if len(row.parts) > 0 {
			rows = append(rows, row)
		}
	}
	return rows
}

func states() []facts.State {
	return []facts.State{facts.Evaluated, facts.NotApplicable, facts.Excluded, facts.Skipped, facts.Failed}
}

// decisions prints the decision of each environment and target.
func (t *text) decisions() {
	list := t.environments()
	if len(list) == 0 {
		return
	}
	t.heading("decision by environment", bold)
	table := [][]string{{"environment", "class", "decision", "complete", "deny", "approval", "warn", "waived"}}
	for _, e := range list {
		table = append(table, []string{
			brief(cmp.Or(scopeName(e.Environment, e.Target), "(none)")), brief(e.Class), string(e.Decision), yes(e.Complete),
			count(e.Counts[string(decide.Deny)]), count(e.Counts[string(decide.RequireApproval)]),
			count(e.Counts[string(decide.Warn)]), count(e.Counts["waived"]),
		})
	}
	t.table(table, 4)
}

func (t *text) notes() {
	if len(t.Result.Notes) == 0 {
		return
	}
	t.heading("notes", bold)
	for _, n := range t.Result.Notes {
		t.wrapped("  - ", message(oneLine(n)))
	}
}

// verdict is the last line.
func (t *text) verdict() {
	t.heading(verdictText(t.Result), effectColor(t.Result.Decision))
}

// verdictText is the answer in one clean line.
func verdictText(r *decide.Result) string {
	s := "decision: " + string(r.Decision)
	if r.Complete {
		s += ", complete"
	} else {
		s += ", incomplete"
	}
	if r.Judged == 0 && !r.Cut { // whether there was something, a cut run does not know
		s += "; nothing to check was found"
	}
	if r.PolicySource != "" {
		s += " (policy: " + brief(r.PolicySource) + ")"
	}
	return s
}

func yes(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

// table prints rows of clean cells; from column numeric on they stand right.
func (t *text) table(rows [][]string, numeric int) {
	widths := make([]int, len(rows[0]))
	for _, r := range rows {
		for i, c := range r {
			widths[i] = max(widths[i], columns(c))
		}
	}
	for n, r := range rows {
		var b strings.Builder
		for i, c := range r {
			pad := strings.Repeat(" ", widths[i]-columns(c))
			if i >= numeric {
				c, pad = pad+c, ""
			}
			b.WriteString("  " + c + pad)
		}
		if n == 0 {
			t.line(t.paint(strings.TrimRight(b.String(), " "), dim))
			continue
		}
		t.line(b.String())
	}
}

// inDays is the date some days after now (RFC 3339), or a placeholder.
func inDays(now string, days int) string {
	at, err := time.Parse(time.RFC3339, now)
	if err != nil {
		return "YYYY-MM-DD"
	}
	return at.UTC().AddDate(0, 0, days).Format(time.DateOnly)
}
