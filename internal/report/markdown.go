package report

import (
	"cmp"
	"fmt"
	"io"
	"strings"

	"gate/internal/decide"
)

// maxSummary is what GitHub takes as a step summary.
const maxSummary = 1 << 20

// tailRoom is kept free for the sentence that says what did not fit.
const tailRoom = 600

// writeMarkdown writes a summary for a step or a comment: the decision first,
// then what was not judged, then the findings, worst first, as many as the
// budget holds. Hostile text stands only in code spans and as entities, so
// that it can neither format, link, mention nor close anything.
func writeMarkdown(w io.Writer, v *view, _ string) error {
	m := &markdown{view: v, room: cmp.Or(v.Budget, maxSummary) - tailRoom}
	m.head()
	if !m.compared() {
		m.incomplete()
	}
	m.environmentTable()
	m.findings()
	m.existing()
	m.transitionList()
	m.imageList()
	if m.compared() { // behind what is new and what the change does
		m.incomplete()
	}
	m.lists()
	if m.left > 0 {
		m.b.WriteString(fmt.Sprintf("\n**%s left out here for size**: see the log of the run or `--format json`.\n", counted(m.left, "line")))
	}
	_, err := io.WriteString(w, m.b.String())
	return err
}

type markdown struct {
	*view
	b    strings.Builder
	room int
	left int // lines that did not fit
}

// put writes s if it fits as a whole; what does not fit is counted.
func (m *markdown) put(s string) bool {
	if m.room < len(s) {
		m.room = 0 // nothing smaller slips in behind: the order is by weight
		m.left++
		return false
	}
	m.room -= len(s)
	m.b.WriteString(s)
	return true
}

func (m *markdown) head() {
	r := m.Result
	icon := map[decide.Effect]string{decide.Deny: "❌", decide.RequireApproval: "✋", decide.Warn: "⚠️", decide.Allow: "✅"}[r.Decision]
	complete := "complete"
	if !r.Complete {
		complete = "**incomplete**"
	}
	m.put(fmt.Sprintf("## %s gate: %s, %s\n\n", icon, r.Decision, complete))
	counts := map[decide.Effect]int{}
	for _, f := range m.fresh {
		counts[f.Effect]++
	}
	m.put(fmt.Sprintf("%s deny, %s need approval, %s warn, %s waived, over %s.\n\n",
		counted(counts[decide.Deny], "finding"), number(counts[decide.RequireApproval]), number(counts[decide.Warn]),
		number(len(m.waived)), counted(r.Judged, "subject")))
}

func (m *markdown) incomplete() {
	if m.Result.Complete {
		return
	}
	m.put("### Not judged\n\n")
	for _, e := range m.failed {
		m.put("- " + code(failureText(e)) + "\n")
	}
	for _, n := range m.missing {
		m.put("- " + code(notJudgedText(n)) + "\n")
	}
	m.put("\n")
}

func (m *markdown) environmentTable() {
	list := m.environments()
	if len(list) == 0 {
		return
	}
	m.put("| environment | class | decision | complete | deny | approval | warn | waived |\n|---|---|---|---|--:|--:|--:|--:|\n")
	for _, e := range list {
		m.put(fmt.Sprintf("| %s | %s | %s | %s | %s | %s | %s | %s |\n",
			entity(cmp.Or(scopeName(e.Environment, e.Target), "(none)")), entity(e.Class), e.Decision, yes(e.Complete),
			number(e.Counts[string(decide.Deny)]), number(e.Counts[string(decide.RequireApproval)]),
			number(e.Counts[string(decide.Warn)]), number(e.Counts["waived"])))
	}
	m.put("\n")
}

// findings writes one list for each effect; warnings are folded.
func (m *markdown) findings() {
	groups := m.collapse(m.fresh)
	for _, effect := range []decide.Effect{decide.Deny, decide.RequireApproval, decide.Warn} {
		var some []*group
		for _, g := range groups {
			if g.Effect == effect {
				some = append(some, g)
			}
		}
		if len(some) == 0 {
			continue
		}
		title := fmt.Sprintf("%s (%s)", effect, counted(len(some), "place"))
		folded := effect == decide.Warn
		closing := "\n"
		if folded {
			closing = "\n</details>\n\n"
			title = "<details><summary>" + title + "</summary>\n\n"
		} else {
			title = "### " + title + "\n\n"
		}
		if m.room -= len(closing); !m.put(title) {
			m.left += len(some)
			continue
		}
		for _, g := range some {
			m.put(m.finding(g))
		}
		m.b.WriteString(closing)
	}
}

// existing counts what the base has as well.
func (m *markdown) existing() {
	if s := m.existingText(); s != "" {
		m.put(entity(s) + "\n\n")
	}
}

func (m *markdown) finding(g *group) string {
	var b strings.Builder
	fmt.Fprintf(&b, "- %s %s %s", code(brief(g.Location.Position.String())), code(message(g.Message)), code("["+brief(g.Rule)+"]"))
	if len(g.scopes) > 0 {
		fmt.Fprintf(&b, " in %s", code(brief(listed(g.scopes, maxScopes))))
	}
	if g.Effect == decide.RequireApproval && g.Requires != "" {
		fmt.Fprintf(&b, ", needs approval of %s", code(brief(g.Requires)))
		if g.approved {
			b.WriteString(" (given)")
		}
	}
	if how := message(oneLine(cmp.Or(g.Remediation, m.rules[g.Rule].Remediation))); how != "" {
		fmt.Fprintf(&b, "<br>fix: %s", code(how))
	}
	b.WriteString("\n")
	return b.String()
}

// lists writes what a reviewer acts on beside the findings.
func (m *markdown) lists() {
	section := func(title string, lines []string) {
		if len(lines) == 0 {
			return
		}
		if !m.put("### " + title + "\n\n") {
			m.left += len(lines)
			return
		}
		for _, l := range lines {
			m.put("- " + l + "\n")
		}
		m.put("\n")
	}
	var approvals, waivers, skipped, excluded, covered, notes []string
	for _, r := range m.requirements() {
		box := "open: "
		if r.Satisfied {
			box = "given: "
		}
		approvals = append(approvals, box+code(requirementText(r)))
	}
	for _, w := range m.waivers() {
		waivers = append(waivers, code(waiverText(w)))
	}
	for _, n := range m.notJudged() {
		if !n.Required {
			skipped = append(skipped, code(notJudgedText(n)))
		}
	}
	for _, e := range m.excluded {
		excluded = append(excluded, code(brief(e.ID)+": "+brief(cmp.Or(e.Reason, "no reason"))+until(e)))
	}
	for _, r := range m.coverageRows() {
		covered = append(covered, r.kind+": "+strings.Join(r.parts, ", "))
	}
	for _, n := range m.Result.Notes {
		notes = append(notes, code(message(oneLine(n))))
	}
	section("Approvals", approvals)
	section("Waivers used", waivers)
	section("Inputs not handed in", skipped)
	section("Excluded", excluded)
	section("Coverage", covered)
	section("Notes", notes)
}

// code is a code span (CommonMark §6.1) whose delimiter is longer than any
// run of backticks in the text. The text is one line.
func code(s string) string {
	if s == "" {
		return ""
	}
	fence := strings.Repeat("`", longestRun(s, '`')+1)
	if strings.HasPrefix(s, "`") || strings.HasSuffix(s, "`") || (strings.HasPrefix(s, " ") && strings.HasSuffix(s, " ")) {
		s = " " + s + " "
	}
	return fence + s + fence
}

// entity writes punctuation as character references, which cannot take part
// in Markdown's structure (CommonMark §2.5), not even in a table.
func entity(s string) string {
	var b strings.Builder
	for _, r := range brief(s) {
		switch {
		case r >= 0x80, r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', strings.ContainsRune(" /.,", r):
			b.WriteRune(r)
		case r == '-' || r == '(' || r == ')':
			b.WriteRune(r)
		default:
			fmt.Fprintf(&b, "&#%d;", r)
		}
	}
	return b.String()
}
