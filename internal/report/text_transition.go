package report

import (
	"cmp"
	"regexp"
	"slices"
	"strings"
	"sync"

	"gate/internal/decide"
	"gate/internal/facts"
)

// maxNamed bounds the steps that are named for one stack or unit, maxTold the
// stacks and units that are told of, and maxChanged the attributes or fields of
// one step.
const (
	maxNamed   = 20
	maxTold    = 50
	maxChanged = 6
	maxUnknown = 3 // of one cause
)

// transitionList says what the change does, stack by stack and unit by unit:
// how much, and each step by name, what takes something away first.
func (t *text) transitionList() {
	list, unknown := t.transitions(), t.unknown()
	if len(list)+len(unknown) == 0 {
		return
	}
	t.heading("what the change does", bold)
	for i, u := range unknown {
		if i == maxListed {
			t.more(len(unknown)-i, "cause")
			break
		}
		t.line("  ", t.paint("not known", yellow), ": ", u)
	}
	for i, x := range list {
		if i == maxTold {
			t.more(len(list)-i, "transition")
			break
		}
		t.line("  ", t.paint(transitionName(x), bold), ": ", transitionCounts(x))
		for _, s := range x.Steps[:min(len(x.Steps), maxNamed)] {
			word, rest := stepWords(s)
			t.line("    ", t.paint(word, stepColor(s)), rest)
		}
		if more := unnamed(x); more > 0 {
			t.line("    … ", number(more), " more (see --format json)")
		}
		if x.Folded.Count > 0 {
			t.line("    ", foldedText(x))
		}
	}
}

// unknown says of what it is not known what the change does, cause by cause.
func (v *view) unknown() []string {
	type cause struct{ reason, scope string }
	ids := map[cause][]string{}
	var order []cause
	for _, u := range v.Result.Change.Unknown {
		c := cause{u.Reason, scopeName(u.Environment, u.Target)}
		if ids[c] == nil {
			order = append(order, c)
		}
		ids[c] = append(ids[c], u.ID)
	}
	out := make([]string, 0, len(order))
	for _, c := range order {
		out = append(out, message(c.reason)+inScope(c.scope)+": "+brief(listed(ids[c], maxUnknown)))
	}
	return out
}

// stepColor marks what takes something away and what is of high risk.
func stepColor(s decide.Step) color {
	switch {
	case s.Destructive():
		return red
	case s.Action == "drift" || severityRank(s.Risk) >= severityRank("high"):
		return yellow
	}
	return dim
}

// imageList says which images workloads run instead of others.
func (t *text) imageList() {
	list := t.Result.ImageChanges
	if len(list) == 0 {
		return
	}
	t.heading("images that change", bold)
	for i, c := range list {
		if i == maxListed {
			t.more(len(list)-i, "image")
			break
		}
		t.line("  ", imageText(c))
	}
}

// transitions are those with destructive steps first, then by name.
func (v *view) transitions() []decide.TransitionSummary {
	out := slices.Clone(v.Result.Transitions)
	slices.SortStableFunc(out, func(a, b decide.TransitionSummary) int {
		return cmp.Or(compareBool(destroys(b), destroys(a)), cmp.Compare(a.Environment, b.Environment), cmp.Compare(a.Target, b.Target), cmp.Compare(a.Of, b.Of))
	})
	return out
}

func destroys(t decide.TransitionSummary) bool {
	return slices.ContainsFunc(t.Steps, decide.Step.Destructive)
}

// unnamed counts the steps that are not named.
func unnamed(t decide.TransitionSummary) int { return max(len(t.Steps)-maxNamed, 0) + t.More }

func transitionName(t decide.TransitionSummary) string {
	return brief(cmp.Or(t.Name, t.Of)) + inScope(scopeName(t.Environment, t.Target))
}

// transitionCounts is "1 delete, 3 create; risk: 1 high, 3 low".
func transitionCounts(t decide.TransitionSummary) string {
	count := func(m map[string]int, order ...string) string {
		var parts []string
		for _, k := range order {
			if n := m[k]; n > 0 {
				parts = append(parts, number(n)+" "+outcomeText(k))
			}
		}
		return strings.Join(parts, ", ")
	}
	if len(t.Actions) == 0 {
		return "only what follows from other changes"
	}
	return count(t.Actions, "delete", "replace", "forget", "update", "create", "move", "import", "drift", facts.OutcomeOrphaned, facts.OutcomeNotApplied) +
		"; risk: " + count(t.Risks, "critical", "high", "medium", "low")
}

func outcomeText(s string) string { return strings.ReplaceAll(s, "-", " ") }

// foldedText is the line for what is only a consequence of something else.
func foldedText(t decide.TransitionSummary) string {
	noun, verb, their := "object", "change", "their"
	if strings.HasPrefix(t.Of, "stack:") {
		noun = "resource"
	}
	f := t.Folded
	if f.Count == 1 {
		verb, their = "changes", "its"
	}
	words := map[string]string{
		decide.OfVersion: "version labels or annotations", decide.OfChecksum: "checksum annotations",
		decide.OfInherited: "tags and labels that the provider adds",
	}
	var of []string
	for _, o := range f.Of {
		of = append(of, cmp.Or(words[o], brief(o)))
	}
	out := counted(f.Count, noun) + " " + verb + " only in " + strings.Join(of, " and ")
	switch {
	case f.Restarts == 0:
	case f.Restarts == f.Count:
		out += ", which restarts " + their + " pods"
	default:
		out += ", which restarts the pods of " + number(f.Restarts)
	}
	if f.NotApplied > 0 {
		out += "; " + number(f.NotApplied) + " not applied"
	}
	return out + " (" + brief(cmp.Or(f.Risk, "low")) + ")"
}

// stepWords are the word for what happens and the rest of the line: the thing,
// its risk, why, and what changes in it.
func stepWords(s decide.Step) (word, rest string) {
	word = s.Action
	switch s.Outcome {
	case "", facts.OutcomeApplied:
	case facts.OutcomeOrphaned:
		word = s.Outcome + ":"
	default:
		if word != "move" || s.Outcome != facts.OutcomeMoved {
			word = outcomeText(s.Outcome) + ": " + word
		}
	}
	name := s.Subject.Address
	if name == "" {
		name = s.Subject.Kind + " " + s.Subject.Name
		if s.Subject.Namespace != "" {
			name = s.Subject.Kind + " " + s.Subject.Namespace + "/" + s.Subject.Name
		}
	}
	rest = " " + brief(name) + " (" + brief(s.Risk) + ")"
	if len(s.Forces) > 0 {
		rest += ", forced by " + brief(listed(s.Forces, maxChanged))
	}
	var why []string
	if s.Reason != "" {
		why = append(why, message(s.Reason))
	}
	if changed := changedText(s); changed != "" {
		why = append(why, changed)
	}
	if len(why) > 0 {
		rest += ": " + strings.Join(why, "; ")
	}
	return word, rest
}

// stepText is the line of a step as a whole.
func stepText(s decide.Step) string {
	word, rest := stepWords(s)
	return word + rest
}

// changedText names what changes: the attributes that say something of size,
// protection and exposure with their values, then the other paths. Of what is
// made anew only the former: the rest of it is all new.
func changedText(s decide.Step) string {
	var parts []string
	for _, a := range s.Attributes {
		parts = append(parts, attributeText(a))
	}
	if s.Action != "replace" {
		for _, p := range s.Paths {
			if !slices.ContainsFunc(s.Attributes, func(a decide.Attribute) bool { return overlap(a.Path, p) }) {
				parts = append(parts, brief(p))
			}
		}
	}
	return listed(parts, maxChanged)
}

// overlap says whether one of two paths leads to the other, whatever elements of
// lists they name: of repeated blocks an attribute is told as a whole.
func overlap(a, b string) bool {
	a, b = indices().ReplaceAllString(a, ""), indices().ReplaceAllString(b, "")
	within := func(path, of string) bool {
		rest, ok := strings.CutPrefix(path, of)
		return ok && (rest == "" || rest[0] == '.' || rest[0] == '[')
	}
	return within(a, b) || within(b, a)
}

var indices = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`\[[0-9]+\]`) })

// maxValue is the size in bytes of a value in the line of a step.
const maxValue = 80

func attributeText(a decide.Attribute) string {
	value := func(s string) string { return clean(clip(cmp.Or(s, "none"), maxValue)) }
	return brief(a.Path) + " " + value(a.Before) + " → " + value(a.After) + " (" + brief(a.Class) + ")"
}

// transitions writes the same as a list.
func (m *markdown) transitionList() {
	list, unknown := m.view.transitions(), m.view.unknown()
	if len(list)+len(unknown) == 0 {
		return
	}
	if !m.put("### What the change does\n\n") {
		m.left += len(list) + len(unknown)
		return
	}
	for i, u := range unknown {
		if i == maxListed {
			m.put("- … " + number(len(unknown)-i) + " more causes\n")
			break
		}
		m.put("- not known: " + code(u) + "\n")
	}
	for i, t := range list {
		if i == maxTold {
			m.put("- … " + number(len(list)-i) + " more\n")
			break
		}
		m.put("- " + code(transitionName(t)) + ": " + transitionCounts(t) + "\n")
		for _, s := range t.Steps[:min(len(t.Steps), maxNamed)] {
			word, rest := stepWords(s)
			m.put("  - " + word + " " + code(strings.TrimPrefix(rest, " ")) + "\n")
		}
		if more := unnamed(t); more > 0 {
			m.put("  - … " + number(more) + " more\n")
		}
		if t.Folded.Count > 0 {
			m.put("  - " + entity(foldedText(t)) + "\n")
		}
	}
	m.put("\n")
}

// imageList writes the images that change as a list.
func (m *markdown) imageList() {
	list := m.Result.ImageChanges
	if len(list) == 0 {
		return
	}
	if !m.put("### Images that change\n\n") {
		m.left += len(list)
		return
	}
	for i, c := range list {
		if i == maxListed {
			m.put("- … " + number(len(list)-i) + " more\n")
			break
		}
		m.put("- " + code(imageText(c)) + "\n")
	}
	m.put("\n")
}
