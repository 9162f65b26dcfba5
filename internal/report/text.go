package report

import (
	"bufio"
	"cmp"
	"io"
	"regexp"
	"slices"
	"strings"
	"sync"
)

// The sizes of the text format.
const (
	defaultWidth   = 100
	defaultDetails = 50 // places of one rule, without a base
	maxListed      = 50 // entries of a list in the formats that programs read
	maxRows        = 12 // environments and targets
)

// writeText writes the report for a terminal in the order in which a reviewer
// needs it: the verdict and why, what of the change could not be judged, what the
// change does, what is wrong, what is asked, and what explains the answer. The
// decision is repeated last, where the eye is. Beside a base it fits two screens.
func writeText(w io.Writer, v *view, _ string) error {
	out := bufio.NewWriter(w)
	t := &text{
		view:   v,
		out:    out,
		width:  max(cmp.Or(v.Width, defaultWidth), 40),
		sizes:  v.textSizes(),
		hidden: v.hiddenLines(),
		fixed:  map[string]string{},
	}
	first := decisionText(v.Result)
	if why := v.why(); why != "" {
		first += ": " + why
	}
	t.painted(first, effectColor(v.Result.Decision))
	short := t.lines
	for _, s := range t.leadFit() {
		t.section(s)
	}
	t.findings()
	if !v.compared() {
		t.summary()
	}
	for _, s := range v.tail(t.sizes) {
		t.section(s)
	}
	if rows := v.environmentRows(maxRows); len(rows) > 2 || rows != nil && !v.compared() {
		t.heading("decision by environment", bold)
		t.table(rows, len(rows[0])-4)
	}
	if t.lines > short || v.Result.PolicySource != "" {
		t.blank()
		t.line(t.paint(verdictText(v.Result), effectColor(v.Result.Decision)))
	}
	return out.Flush()
}

// textSizes are those of two screens beside a base; a run over a whole tree shows
// more.
func (v *view) textSizes() sizes {
	const all = 1 << 30
	z := sizes{gaps: 20, steps: 20, list: 20, images: 20, rules: all, places: defaultDetails, full: -1}
	if v.compared() {
		z = sizes{gaps: 4, steps: 20, list: 3, images: 3, rules: 8, places: 4, full: 3}
	}
	if v.Details > 0 {
		z.places = v.Details
	} else if v.Details < 0 {
		z.rules, z.places, z.full = all, all, -1
	}
	return z
}

// leadLines bounds what stands before the first finding of a change: whoever
// opens the log sees it on the first screen.
const leadLines = 34

// leadFit are the sections before the findings, with as much of them as fits:
// steps go first, as the worst of them remain.
func (t *text) leadFit() []section {
	z := t.sizes
	for {
		list := t.lead(z)
		n := t.lines
		for _, s := range list {
			n += t.height(s)
		}
		switch {
		case !t.compared() || n <= leadLines:
			return list
		case z.steps > 4:
			z.steps = max(min(z.steps, len(list[1].lines))-1, 4)
		case z.gaps > 1:
			z.gaps--
		case z.images > 1:
			z.images--
		default:
			return list
		}
	}
}

// height is the number of lines of a section.
func (t *text) height(s section) int {
	if len(s.lines) == 0 {
		return 0
	}
	measure := *t
	measure.out, measure.lines, measure.Color = bufio.NewWriter(io.Discard), 1, false
	measure.section(s)
	return measure.lines - 1
}

type text struct {
	*view
	out    *bufio.Writer
	width  int
	sizes  sizes
	hidden map[string]map[int]bool
	fixed  map[string]string // by rule, the remediation that was shown last
	lines  int               // that a terminal of that width shows
}

// line writes one line. Arguments are clean or literal text; the runner's
// commands are defused here, so that no caller can forget it.
func (t *text) line(parts ...string) {
	s := logLine(strings.Join(parts, ""))
	t.out.WriteString(strings.TrimRight(s, " "))
	t.out.WriteByte('\n')
	t.lines += max(1, (columns(escapes().ReplaceAllString(s, ""))+t.width-1)/t.width)
}

// escapes are those of paint: clean text has none of its own.
var escapes = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile("\x1b\\[[0-9]+m") })

// heading starts a section, apart from what stands before it.
func (t *text) heading(s string, c color) {
	if t.lines > 0 {
		t.blank()
	}
	t.painted(s, c)
}

func (t *text) blank() {
	t.out.WriteByte('\n')
	t.lines++
}

// painted writes s in lines of one colour.
func (t *text) painted(s string, c color) {
	for i, l := range wrap(s, t.width-2) {
		if i > 0 {
			l = "  " + l
		}
		t.line(t.paint(l, c))
	}
}

// wrapped prints s after prefix, with the following lines below its first word.
func (t *text) wrapped(prefix, s string) {
	indent := strings.Repeat(" ", columns(prefix))
	for i, l := range wrap(s, max(t.width-columns(prefix), 20)) {
		if i > 0 {
			prefix = indent
		}
		t.line(prefix, l)
	}
}

func (t *text) section(s section) {
	if len(s.lines) == 0 {
		return
	}
	t.heading(s.title, s.color)
	for _, l := range s.lines {
		switch {
		case l.fault:
			t.line("  ", l.text)
		case l.hint:
			t.wrapped("    hint: ", l.text)
		case l.word == "":
			t.hanging("  ", "", 0, l.text)
		default:
			t.hanging("  ", l.word, l.color, l.text)
		}
	}
}

// hanging writes word and s, with the following lines a little further in.
func (t *text) hanging(indent, word string, c color, s string) {
	full := s
	if word != "" {
		full = word + " " + s
	}
	for i, l := range wrap(full, max(t.width-len(indent)-2, 20)) {
		if rest, ok := strings.CutPrefix(l, word); ok && i == 0 && word != "" {
			l = t.paint(word, c) + rest
		}
		if i > 0 {
			l = "  " + l
		}
		t.line(indent, l)
	}
}

// summary counts the findings by rule; the columns add up to all findings.
func (t *text) summary() {
	rows := t.countByRule(slices.Concat(t.fresh, t.waived))
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

func inScope(scope string) string {
	if scope == "" {
		return ""
	}
	return " in " + brief(scope)
}

func plural(n int, noun string) string {
	if n == 1 {
		return noun
	}
	return noun + "s"
}
