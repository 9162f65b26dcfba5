package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"gate/internal/classify"
	"gate/internal/decide"
	"gate/internal/facts"
)

// lead are the sections that stand before the findings: what of the change could
// not be judged, and what the change does.
func (v *view) lead(z sizes) []section {
	changes, named := v.changeSection(z)
	return []section{v.gapSection(z.gaps), changes, v.imageSection(z.images, named)}
}

// tail are the sections that stand behind the findings: what is asked, then what
// was there before, then what explains the answer.
func (v *view) tail(z sizes) []section {
	list := []section{
		v.beforeSection(),
		{title: "waivers used", color: bold, fold: true},
		{title: "not judged, because an input was not handed in", color: bold, fold: true},
		{title: "excluded by the configuration", color: bold, fold: true},
		{title: "coverage", color: bold, fold: true, lines: v.coverageLine()},
		{title: "notes", color: bold, fold: true, lines: v.noteLines(z.list)},
		v.testSection(z.list),
	}
	for _, w := range v.waivers() {
		list[1].lines = append(list[1].lines, line{text: waiverText(w)})
	}
	list[1].lines = bounded(list[1].lines, z.list, "waiver")
	var optional []decide.NotJudged
	for _, n := range v.notJudged() {
		if !n.Required {
			optional = append(optional, n)
		}
	}
	list[2].lines = append(v.skippedLines(), bounded(inputLines(optional), z.list, "reason")...)
	if v.compared() && len(optional) > 0 { // nothing of it is asked
		var reasons []string
		for _, n := range optional {
			reasons = append(reasons, n.Reason)
		}
		list[2].lines = append(v.skippedLines(), line{text: "rules that lack an input: " + tally(reasons, 6)})
	}
	for _, e := range v.excluded {
		list[3].lines = append(list[3].lines, line{text: brief(e.ID) + ": " + brief(cmp.Or(e.Reason, "no reason")) + until(e)})
	}
	list[3].lines = bounded(list[3].lines, z.list, "exclusion")
	return append([]section{{title: "approvals", color: bold, lines: v.approvalLines(z.list)}, {title: "risk", color: bold, fold: true, lines: v.riskLines(z.list)}, v.missingSection(z.list)}, list...)
}

// approvalLines say who is asked for what, and how it is given.
func (v *view) approvalLines(limit int) []line {
	type key struct {
		role, because, how, given string
		count, open               int
	}
	var order []key
	scopes, first := map[key][]string{}, map[key]decide.Requirement{}
	for _, r := range v.requirements() {
		k := key{r.Role, strings.Join(r.Because, "\x00"), r.How, strings.Join(slices.Concat(r.Given, r.Why), "\x00"), r.Count, openOf(r)}
		if _, known := first[k]; !known {
			order, first[k] = append(order, k), r
		}
		scopes[k] = insert(scopes[k], cmp.Or(scopeName(r.Environment, r.Target), "the change"))
	}
	var lines, hints []line
	for _, k := range order {
		l := line{word: "open", color: yellow, text: requirementText(first[k], listed(scopes[k], maxScopes))}
		switch {
		case first[k].Unknown:
			l.word, l.color = "unknown", red
		case k.open == 0:
			l.word, l.color = "given", green
		}
		lines = append(lines, l)
		if k.open > 0 || first[k].Unknown {
			for _, why := range first[k].Why {
				if w := (line{hint: true, text: message(why)}); !slices.Contains(hints, w) {
					hints = append(hints, w)
				}
			}
		}
	}
	lines = append(bounded(lines, limit, "requirement"), bounded(hints, limit, "reason")...)
	if v.asked() > 0 && !v.answered() {
		lines = append(lines, line{hint: true, text: "a run takes note of it by --reviews FILE, the forge's answer about reviews"})
	}
	return lines
}

// riskLines say why the risk of the change is more than low, by the rows that
// decide it.
func (v *view) riskLines(limit int) []line {
	var order []string
	scopes := map[string][]string{}
	for _, e := range v.Result.Environments {
		c := e.Classification
		if severityRank(c.RiskClass) <= severityRank("low") {
			continue
		}
		var because []string
		for _, r := range c.Rows {
			if r.RiskClass == c.RiskClass {
				because = append(because, rowText(r))
			}
		}
		text := c.ChangeType + ", because of " + strings.Join(because, "; ")
		if reach := reachText(c.BlastRadius); reach != "" {
			text += "; the change reaches " + reach
		}
		text = c.RiskClass + "\x00" + text
		if scopes[text] == nil {
			order = append(order, text)
		}
		scopes[text] = append(scopes[text], cmp.Or(scopeName(e.Environment, e.Target), "the change"))
	}
	var lines []line
	for _, text := range order {
		word, rest, _ := strings.Cut(text, "\x00")
		lines = append(lines, line{word: word, color: yellow, text: brief(listed(scopes[text], maxScopes)) + ": " + rest})
	}
	return bounded(lines, limit, "place")
}

// rowText says in clean text what contributes to a risk.
func rowText(r classify.Row) string {
	out := brief(r.ID) + " (" + brief(r.Why) + "): " + brief(strings.Join(r.Subjects, ", "))
	if more := r.Count - len(r.Subjects); more > 0 {
		out += fmt.Sprintf(" and %d more", more)
	}
	return out
}

// reachText counts what more than one is reached of.
func reachText(b classify.BlastRadius) string {
	var parts []string
	for _, x := range b.Parts() {
		if x.Count > 1 {
			parts = append(parts, fmt.Sprintf("%d %s", x.Count, x.Of))
		}
	}
	return strings.Join(parts, ", ")
}

// requirementText says in clean text what approval is asked for, why, and how it
// is given.
func requirementText(r decide.Requirement, scopes string) string {
	who := "by anyone but the author"
	if r.Role != "" {
		who = "of " + brief(r.Role)
	}
	because := slices.Clone(r.Because)
	for i, b := range because {
		if b == "approvals" { // not a rule: of the configuration, or the default
			because[i] = "the minimum for its class and risk"
		}
	}
	text := brief(scopes) + ": " + counted(max(r.Count, 1), "approval") + " " + who + ", because of " + brief(listed(because, 6))
	if len(r.Given) > 0 {
		text += "; given by " + brief(listed(r.Given, 6))
	}
	if len(r.Given)+len(r.Why) > 0 && openOf(r) > 0 {
		text += fmt.Sprintf("; %d open", openOf(r))
	}
	if r.How != "" && openOf(r) > 0 {
		text += " (" + message(r.How) + ")"
	}
	return text
}

// openOf is how many approvals a requirement lacks.
func openOf(r decide.Requirement) int {
	switch {
	case r.Satisfied, r.Unknown:
		return 0
	case r.Open > 0:
		return r.Open
	}
	return max(r.Count, 1)
}

// answered says whether anything was handed in that approves.
func (v *view) answered() bool {
	return slices.ContainsFunc(v.Result.Requirements, func(r decide.Requirement) bool { return len(r.Given)+len(r.Why) > 0 })
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

// coverageLine counts each kind of thing that was discovered in the order of the
// states; kinds of which nothing was found are left out.
func (v *view) coverageLine() []line {
	c := v.Result.Coverage
	var of []string
	for _, k := range []struct {
		kind   string
		states map[facts.State]int
	}{{"files", c.Files}, {"units", c.Units}, {"objects", c.Objects}, {"resources", c.Resources}, {"rules", c.Rules}} {
		var parts []string
		for _, s := range states() {
			if n := k.states[s]; n > 0 {
				parts = append(parts, number(n)+" "+strings.ReplaceAll(string(s), "-", " "))
			}
		}
		if len(parts) > 0 {
			of = append(of, k.kind+": "+strings.Join(parts, ", "))
		}
	}
	if of == nil {
		return nil
	}
	return []line{{text: strings.Join(of, "; ")}}
}

func states() []facts.State {
	return []facts.State{facts.Evaluated, facts.Unchanged, facts.NotApplicable, facts.Excluded, facts.Skipped, facts.Failed}
}

// noteLines are the notes: first those that stand for the whole run, then those
// about a file. Beside a base only those about a file that the change touches.
func (v *view) noteLines(limit int) []line {
	var whole, touched, others []line
	for _, n := range v.Result.Notes {
		l := line{text: message(oneLine(n))}
		switch file, _, _ := strings.Cut(n, ":"); {
		case strings.Contains(file, " "):
			whole = append(whole, l)
		case v.changed[file]:
			touched = append(touched, l)
		default:
			others = append(others, l)
		}
	}
	if n := len(others); n > 0 && v.compared() {
		others = []line{{text: counted(n, "note") + " about what the change does not touch: see --format json"}}
	}
	return append(bounded(append(touched, whole...), limit, "note"), bounded(others, limit, "note")...)
}

// environmentRows are the decisions by environment and target, the strictest
// first, bounded, with their head.
func (v *view) environmentRows(limit int) [][]string {
	list := v.environments()
	if len(list) == 0 {
		return nil
	}
	slices.SortStableFunc(list, func(a, b decide.EnvironmentDecision) int {
		return cmp.Or(cmp.Compare(b.Decision.Rank(), a.Decision.Rank()), compareBool(a.Complete, b.Complete))
	})
	rows := [][]string{{"environment", "class", "decision", "complete", "covers", "deny", "approval", "warn", "waived"}}
	scoped := false
	for i, e := range list {
		if i == limit {
			rows = append(rows, []string{"… " + number(len(list)-i) + " more (" + whole + ")", "", "", "", "", "", "", "", ""})
			break
		}
		scoped = scoped || scopeText(e) != ""
		rows = append(rows, []string{
			brief(cmp.Or(scopeName(e.Environment, e.Target), "(none)")), brief(e.Class), brief(string(e.Decision)), yes(e.Complete), cmp.Or(scopeText(e), "everything"),
			count(e.Counts[string(decide.Deny)]), count(e.Counts[string(decide.RequireApproval)]), count(e.Counts[string(decide.Warn)]), count(e.Counts["waived"]),
		})
	}
	if !scoped { // then it goes without saying
		for i := range rows {
			rows[i] = slices.Delete(rows[i], 4, 5)
		}
	}
	return rows
}

func count(n int) string {
	if n == 0 {
		return "-"
	}
	return number(n)
}

func yes(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

// inDays is the date some days after now (RFC 3339), or a placeholder.
func inDays(now string, days int) string {
	at, err := time.Parse(time.RFC3339, now)
	if err != nil {
		return "YYYY-MM-DD"
	}
	return at.UTC().AddDate(0, 0, days).Format(time.DateOnly)
}
