package report

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"

	"gate/internal/decide"
	"gate/internal/source"
)

// maxScopes is how many environments and targets stand behind one finding.
const maxScopes = 8

// findings prints what is wrong by what it leads to, the strictest first, and
// within that by rule: the worst place in full, the others by line.
func (t *text) findings() {
	full := t.sizes.full
	for i, c := range t.chapters() {
		z := t.sizes
		if i > 0 && c.effect == decide.Warn && full >= 0 { // beside what stops the change
			z.rules, z.places, full = min(z.rules, 5), min(z.places, 2), 0
		}
		t.heading(t.title(c), effectColor(c.effect))
		for n, b := range c.blocks {
			if n == z.rules {
				t.hanging("", "", 0, beyond(c.blocks[n:]))
				break
			}
			shown := min(len(b.groups), z.places)
			for k, g := range b.groups[:shown] {
				whole := full < 0 || full > 0 && k == 0
				if whole {
					full--
				}
				if whole || n == 0 && k == 0 {
					t.blank()
				}
				t.finding(g, whole)
			}
			if more := b.more(shown); more != "" {
				t.hanging("", "", 0, more)
			}
		}
	}
}

// finding prints one group: the place, what is wrong, the rule, for whom it
// counts; and in full three lines of source with a caret, how to mend it, and
// related places.
func (t *text) finding(g *group, full bool) {
	where := cmp.Or(brief(g.Location.String()), brief(g.Subject.ID))
	t.line(t.paint(where, bold), ": ", g.says(), " ", t.paint("["+brief(g.Rule)+"]", dim))
	if !full {
		if whom := t.bearing(g); len(whom) > 0 {
			t.line("  ", strings.Join(whom, " · "))
		}
		if g.Effect != decide.Warn {
			t.fix(g.Finding, true)
		}
		return
	}
	t.snippet(g.Finding)
	t.line("  ", strings.Join(t.context(g), " · "))
	related := inTree(g.Location.Related)
	for i, r := range related {
		if i == maxRelated {
			t.line("  … ", number(len(related)-i), " more related ", plural(len(related)-i, "place"), " (", whole, ")")
			break
		}
		t.line("  ", roleText(r.Role), ": ", brief(r.Position.String()))
	}
	t.fix(g.Finding, false)
}

// maxRelated bounds the related places of one finding.
const maxRelated = 5

// bearing is for whom a finding counts, where its details are not shown.
func (v *view) bearing(g *group) []string {
	var parts []string
	if where := g.where(); where != "" {
		parts = append(parts, where)
	}
	if g.Effect == decide.RequireApproval && g.Requires != "" {
		parts = append(parts, approvalText(g))
	}
	if g.State == decide.Existing {
		parts = append(parts, "the base has it as well")
	}
	if len(g.members) > max(len(g.scopes), 1) {
		parts = append(parts, counted(len(g.members), "finding"))
	}
	return parts
}

func approvalText(g *group) string {
	text := "needs approval of " + brief(g.Requires)
	if g.approved {
		text += " (given)"
	}
	return text
}

// context says for whom and how much the finding counts.
func (v *view) context(g *group) []string {
	parts := append(v.bearing(g), "severity "+brief(g.Severity))
	if g.Location.Approximate {
		parts = append(parts, "place is approximate")
	}
	return parts
}

// remedy is how a finding is mended, in one clean line.
func (v *view) remedy(f decide.Finding) string {
	return message(oneLine(cmp.Or(f.Remediation, v.rules[f.Rule].Remediation)))
}

// fix prints the remediation, once for findings of one rule that have the same;
// its first sentence where the details of a finding are not shown.
func (t *text) fix(f decide.Finding, short bool) {
	how := t.remedy(f)
	if how == "" || t.fixed[f.Rule] == how {
		return
	}
	t.fixed[f.Rule] = how
	if first, _, more := strings.Cut(how, ". "); more && short {
		how = first + "."
	}
	t.wrapped("  fix: ", how)
}

// roleText says what a related place is to the finding.
func roleText(role string) string {
	switch role {
	case "values":
		return "value set at"
	case "patch":
		return "patched at"
	case roleRendered:
		return "rendered at"
	case "module":
		return "module called at"
	case "plan":
		return "in the plan at"
	case "definition":
		return "defined at"
	}
	return "see"
}

// snippet prints the line of a finding with one line before and after it. The
// caret is left out where the line is only the nearest known one.
func (t *text) snippet(f decide.Finding) {
	p := f.Location.Position
	if _, ok := t.files.line(p.File, p.Line); !ok {
		return
	}
	gutter := len(strconv.Itoa(p.Line + 1))
	for n := p.Line - 1; n <= p.Line+1; n++ {
		line, ok := t.files.line(p.File, n)
		if !ok || (n == p.Line+1 && line == "" && len(t.files.text(p.File)) == n) {
			continue
		}
		label := strings.Repeat(" ", gutter-len(strconv.Itoa(n))) + strconv.Itoa(n)
		if t.hides(p.File, n) {
			t.line("  ", t.paint(label+" |", dim), " (not shown: this line may hold a secret)")
			continue
		}
		shown, pad, mark := t.window(line, p, n == p.Line)
		t.line("  ", t.paint(label+" |", dim), " ", shown)
		if mark > 0 {
			t.line("  ", strings.Repeat(" ", gutter), t.paint(" |", dim), " ", strings.Repeat(" ", pad),
				t.paint("^"+strings.Repeat("~", mark-1), effectColor(f.Effect)))
		}
	}
}

// window cleans a source line, cuts it to the terminal around the marked part,
// and returns the cells before and of the mark. A line without a mark has 0.
func (t *text) window(line string, p source.Position, marked bool) (shown string, pad, mark int) {
	room := max(t.width-12, 20)
	marked = marked && p.Column > 0 && !p.Approximate
	start, end := 0, 0
	if marked {
		start = byteOffset(line, p.Column)
		end = len(line)
		if p.EndLine <= p.Line && p.EndColumn > p.Column {
			end = byteOffset(line, p.EndColumn)
		}
	}
	before, middle, after := tidy(line[:start]), tidy(line[start:max(end, start)]), tidy(line[max(end, start):])
	middle = cutRight(middle, room/2)
	if over := columns(before) + columns(middle) + min(columns(after), 1) - room; over > 0 {
		before = "…" + cutLeft(before, columns(before)-over-1)
	}
	pad, mark = columns(before), max(columns(middle), 1)
	after = cutRight(after, room-pad-columns(middle))
	if !marked {
		mark = 0
	}
	return before + middle + after, pad, mark
}

// tidy cleans a piece of source; a tab takes two cells.
func tidy(s string) string { return brief(strings.ReplaceAll(s, "\t", "  ")) }

// cutRight keeps the first n cells of s, cutLeft the last n.
func cutRight(s string, n int) string {
	if columns(s) <= n {
		return s
	}
	used := 0
	for i, r := range s {
		if used += cells(r); used > n-1 {
			return s[:i] + "…"
		}
	}
	return s
}

func cutLeft(s string, n int) string {
	drop := columns(s) - max(n, 0)
	for i, r := range s {
		if drop <= 0 {
			return s[i:]
		}
		drop -= cells(r)
	}
	return ""
}

// byteOffset is the byte at a 1-based column of UTF-16 code units.
func byteOffset(line string, column int) int {
	n := 1
	for i, r := range line {
		if n >= column {
			return i
		}
		n += max(utf16.RuneLen(r), 1)
	}
	return len(line)
}

// hiddenLines are the lines that findings about secrets point at. The report
// says where a secret is, it never repeats it.
func (v *view) hiddenLines() map[string]map[int]bool {
	hidden := map[string]map[int]bool{}
	hide := func(p source.Position) {
		if hidden[p.File] == nil {
			hidden[p.File] = map[int]bool{}
		}
		for n := p.Line; n <= min(max(p.EndLine, p.Line), p.Line+1000); n++ {
			hidden[p.File][n] = true
		}
	}
	for _, f := range v.all {
		if !aboutSecrets(f) {
			continue
		}
		hide(f.Location.Position)
		for _, r := range f.Location.Related {
			hide(r.Position)
		}
	}
	return hidden
}

// aboutSecrets errs on the side of hiding: a line too few in a log is mended
// by opening the file, a secret in a log by rotating it.
func aboutSecrets(f decide.Finding) bool {
	return f.Subject.Kind == "Secret" || slices.ContainsFunc(
		[]string{"secret", "credential", "sensitive", "password", "static-key"},
		func(word string) bool {
			return strings.Contains(f.Rule, word) || strings.HasPrefix(f.Subject.ID, word+":")
		})
}

func (t *text) hides(file string, line int) bool {
	return t.hidden[file][line] || (t.Hide != nil && t.Hide(file, line))
}
