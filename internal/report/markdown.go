package report

import (
	"fmt"
	"io"
	"strings"

	"gate/internal/decide"
)

// maxSummary is the size of a comment or summary in bytes, which are at least as
// many as its characters. GitHub takes comments of 65,536 characters.
const maxSummary = 60_000

// tailRoom is kept free for the sentence that says what did not fit.
const tailRoom = 600

// markdownSizes bound what a comment shows.
var markdownSizes = sizes{gaps: 10, steps: 20, list: 10, images: 20, rules: 20, places: 10}

// writeMarkdown writes a comment or the summary of a step: the marker by which a
// later run replaces it, the verdict and why, then the parts of all reports for
// people. Hostile text stands only in code spans and as entities, so that it can
// neither format, link, mention nor close anything. What is too much for the
// budget is cut from the end, which is what matters least.
func writeMarkdown(w io.Writer, v *view, _ string) error {
	budget := maxSummary
	if v.Budget > 0 {
		budget = min(v.Budget, maxSummary)
	}
	m := &markdown{view: v, room: budget - tailRoom}
	m.head()
	m.within(budget*4/10, func() {
		for _, s := range v.lead(markdownSizes) {
			m.section(s)
		}
	})
	m.within(budget*5/10, m.findings)
	for _, s := range v.tail(markdownSizes) {
		m.section(s)
	}
	m.cut()
	_, err := io.WriteString(w, m.b.String())
	return err
}

type markdown struct {
	*view
	b    strings.Builder
	room int
	full bool     // something did not fit: nothing smaller slips in behind, the order is by weight
	left []string // the parts that were cut, one for each line
}

// within runs f with at most share bytes of the room that is left.
func (m *markdown) within(share int, f func()) {
	kept := max(m.room-share, 0)
	m.room -= kept
	f()
	m.room, m.full = m.room+kept, false
}

// put writes s if it fits as a whole.
func (m *markdown) put(s string) bool {
	if m.full || m.room < len(s) {
		m.full = true
		return false
	}
	m.room -= len(s)
	m.b.WriteString(s)
	return true
}

func (m *markdown) head() {
	r := m.Result
	icon := map[decide.Effect]string{decide.Deny: "❌", decide.RequireApproval: "✋", decide.Warn: "⚠️", decide.Allow: "✅"}[r.Decision]
	complete := completeness(r)
	if !r.Complete {
		complete = "**incomplete**"
	}
	m.put(m.marker() + "\n")
	m.put(fmt.Sprintf("## %s gate: %s, %s\n\n", icon, entity(string(r.Decision)), complete))
	if why := m.why(); why != "" {
		m.put(entity(why) + ".\n\n")
	}
	if head, base := m.commits(); head != "" {
		text := "Judged: " + code(head)
		if base != "" {
			text += ", set beside " + code(base)
		}
		m.put(text + ".\n\n")
	}
	rows := m.environmentRows(maxRows)
	for i, row := range rows {
		for j := range row {
			row[j] = entity(row[j])
		}
		line := "| " + strings.Join(row, " | ") + " |\n"
		if i == 0 {
			line += "|" + strings.Repeat("---|", len(row)-4) + strings.Repeat("--:|", 4) + "\n"
		}
		m.put(line)
	}
	if rows != nil {
		m.put("\n")
	}
}

// open writes the head of a part, and keeps room for what closes it.
func (m *markdown) open(title string, fold bool) (closing string, ok bool) {
	opening, closing := "### "+title+"\n\n", "\n"
	if fold {
		opening, closing = "<details><summary>"+title+"</summary>\n\n", "\n</details>\n\n"
	}
	m.room -= len(closing)
	if !m.put(opening) {
		m.room += len(closing)
		return "", false
	}
	return closing, true
}

func (m *markdown) section(s section) {
	if len(s.lines) == 0 {
		return
	}
	name, _, _ := strings.Cut(s.title, ":")
	var lines []string
	for _, l := range s.lines {
		text := code(l.text)
		switch {
		case l.hint:
			text = "  - hint: " + text
		case l.word != "":
			text = "- " + entity(l.word) + " " + text
		default:
			text = "- " + text
		}
		lines = append(lines, text+"\n")
	}
	m.part(strings.ToUpper(s.title[:1])+s.title[1:], name, s.fold, lines)
}

// part writes as many lines as fit between the head of a part and its close.
func (m *markdown) part(title, name string, fold bool, lines []string) {
	closing, ok := m.open(title, fold)
	for _, l := range lines {
		if !m.put(l) {
			m.left = append(m.left, name)
		}
	}
	if ok {
		m.b.WriteString(closing)
	}
}

// findings writes one list for each effect; warnings are folded.
func (m *markdown) findings() {
	for _, c := range m.chapters() {
		var lines []string
		for i, b := range c.blocks {
			if i == markdownSizes.rules {
				lines = append(lines, "- "+entity(beyond(c.blocks[i:]))+"\n")
				break
			}
			shown := min(len(b.groups), markdownSizes.places)
			for n, g := range b.groups[:shown] {
				lines = append(lines, m.finding(g, n == 0))
			}
			if more := b.more(shown); more != "" {
				lines = append(lines, "- "+entity(more)+"\n")
			}
		}
		m.part(m.title(c), string(c.effect), c.effect == decide.Warn, lines)
	}
}

func (m *markdown) finding(g *group, first bool) string {
	var b strings.Builder
	fmt.Fprintf(&b, "- %s %s %s", code(brief(g.Location.Position.String())), code(g.says()), code("["+brief(g.Rule)+"]"))
	for _, part := range m.bearing(g) {
		b.WriteString(", " + code(part))
	}
	if how := m.remedy(g.Finding); how != "" && first {
		fmt.Fprintf(&b, "<br>fix: %s", code(how))
	}
	b.WriteString("\n")
	return b.String()
}

// cut says what did not fit, and where it is.
func (m *markdown) cut() {
	if len(m.left) == 0 {
		return
	}
	m.b.WriteString("\n**Left out here for size**: " + entity(tally(m.left, 8)) + " lines. All of it is in the log of the run and in `--format json`.\n")
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
