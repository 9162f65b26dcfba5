package report

import (
	"bufio"
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"

	"gate/internal/decide"
	"gate/internal/facts"
)

// The sizes of the text format.
const (
	defaultWidth   = 100
	defaultDetails = 50
	maxListed      = 50 // entries of each further list
)

// writeText writes the report for a terminal: what could not be judged first
// (behind what is new and what the change does, where that is known), then the findings by effect, then what a person needs to act on them, and
// the decision last, where the eye is.
func writeText(w io.Writer, v *view, _ string) error {
	out := bufio.NewWriter(w)
	t := &text{
		view:    v,
		out:     out,
		width:   max(cmp.Or(v.Width, defaultWidth), 40),
		details: cmp.Or(v.Details, defaultDetails),
		hidden:  v.hiddenLines(),
		fixed:   map[string]bool{},
	}
	if t.compared() { // what is new is what is read first
		t.findings()
		t.existing()
		t.transitionList()
		t.imageList()
		t.requirementList()
		t.incomplete()
	} else {
		t.incomplete()
		t.findings()
		t.summary()
		t.transitionList()
		t.imageList()
		t.requirementList()
	}
	t.waiverList()
	t.notJudgedList()
	t.coverage()
	t.decisions()
	t.notes()
	t.verdict()
	return out.Flush()
}

type text struct {
	*view
	out     *bufio.Writer
	width   int
	details int
	hidden  map[string]map[int]bool
	fixed   map[string]bool // rules whose remediation was shown in full
	started bool
}

// line writes one line. Arguments are clean or literal text; the runner's
// commands are defused here, so that no caller can forget it.
func (t *text) line(parts ...string) {
	s := logLine(strings.Join(parts, ""))
	t.out.WriteString(strings.TrimRight(s, " "))
	t.out.WriteByte('\n')
	t.started = true
}

// heading starts a section, apart from what stands before it.
func (t *text) heading(s string, c color) {
	if t.started {
		t.out.WriteByte('\n')
	}
	t.line(t.paint(s, c))
}

// incomplete says first what was not judged and what would settle it.
func (t *text) incomplete() {
	if t.Result.Complete {
		return
	}
	n := len(t.failed) + len(t.missing)
	what := "the run is incomplete"
	if n > 0 {
		what = fmt.Sprintf("incomplete: %s not judged", counted(n, "thing"))
	}
	t.heading(what, red)
	for i, e := range t.failed {
		if i == maxListed {
			t.more(len(t.failed)-i, "failure")
			break
		}
		t.failure(e)
	}
	for i, m := range t.missing {
		if i == maxListed {
			t.more(len(t.missing)-i, "rule")
			break
		}
		t.line("  ", t.paint(brief(m.Rule), bold), inScope(m.Environment), ": ", brief(m.Reason), " (its effect would be ", string(m.Effect), ")")
	}
	if len(t.missing) > 0 {
		t.wrapped("    hint: ", "hand the missing input in, or list it under \"optional\" in .gate.yaml on the target branch")
	}
	t.excludeHint()
}

func (t *text) failure(e facts.Entry) {
	name := brief(e.ID)
	if e.Place.File != "" && e.Place.File != e.ID {
		name = brief(e.Place.String()) + ": " + name
	} else if e.Place.Line > 0 {
		name = brief(e.Place.String())
	}
	t.line("  ", t.paint(name, bold), ": ", message(cmp.Or(e.Reason, "failed")), " [", brief(e.Kind), "]")
	if e.Hint != "" {
		t.wrapped("    hint: ", brief(e.Hint))
	}
}

// excludeHint prints the configuration that leaves out on purpose what cannot
// be read, so that a first run on a strange repository has a way forward.
func (t *text) excludeHint() {
	const most = 5
	var entries []string
	for _, e := range t.failed {
		if entry := excludeEntry(e, t.Result.Now); entry != "" && !slices.Contains(entries, entry) {
			entries = append(entries, entry)
		}
	}
	if len(entries) == 0 {
		return
	}
	t.line("  to leave it out on purpose, visibly and for a time, put on the target branch into .gate.yaml:")
	t.line("    exclude:")
	for i, entry := range entries {
		if i == most {
			t.line("      # ", number(len(entries)-most), " more of this form")
			break
		}
		t.line("      - ", brief(entry))
	}
}

func (t *text) more(n int, noun string) {
	t.line("  … ", number(n), " more ", plural(n, noun), " (see --format json)")
}

// findings prints the groups by effect, the strictest first.
func (t *text) findings() {
	groups := t.collapse(t.fresh)
	for _, effect := range []decide.Effect{decide.Deny, decide.RequireApproval, decide.Warn} {
		var some []*group
		total := 0
		for _, g := range groups {
			if g.Effect == effect {
				some, total = append(some, g), total+len(g.members)
			}
		}
		if len(some) == 0 {
			continue
		}
		title := string(effect) + ": " + counted(total, "finding")
		if len(some) != total {
			title += " at " + counted(len(some), "place")
		}
		t.heading(title, effectColor(effect))
		shown, left := map[string]int{}, map[string]int{}
		for _, g := range some {
			if t.details >= 0 && shown[g.Rule] >= t.details {
				left[g.Rule]++
				continue
			}
			shown[g.Rule]++
			t.out.WriteByte('\n')
			t.finding(g)
		}
		for _, rule := range slices.Sorted(maps.Keys(left)) {
			t.out.WriteByte('\n')
			t.line("… ", number(left[rule]), " more ", plural(left[rule], "place"), " [", brief(rule), "] (see --format json)")
		}
	}
}

// wrapped prints s after prefix, with the following lines below its first word.
func (t *text) wrapped(prefix, s string) {
	indent := strings.Repeat(" ", len(prefix))
	for i, l := range wrap(s, max(t.width-len(prefix), 20)) {
		if i > 0 {
			prefix = indent
		}
		t.line(prefix, l)
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

// excludeEntry is the entry of .gate.yaml's "exclude" for one failure, or
// empty if an exclusion cannot settle it.
func excludeEntry(e facts.Entry, now string) string {
	var what string
	switch {
	case e.Kind == "unit":
		what = "unit: " + strconv.Quote(e.ID)
	case e.Kind == "file" || e.Kind == "object":
		file := cmp.Or(e.Place.File, e.ID)
		what = "paths: [" + strconv.Quote(file) + "]"
	default:
		return ""
	}
	return "{" + what + `, reason: "…", owner: "@…", expires: ` + inDays(now, 90) + "}"
}
