package report

import (
	"cmp"
	"slices"
	"strings"

	"gate/internal/decide"
)

// maxNamed bounds the steps that are named for one stack or unit, and maxTold
// the stacks and units that are told of.
const (
	maxNamed = 20
	maxTold  = 50
)

// transitionList says what the change does, stack by stack and unit by unit:
// how much, and by name what takes something away or is of high risk.
func (t *text) transitionList() {
	list := t.transitions()
	if len(list) == 0 {
		return
	}
	t.heading("what the change does", bold)
	for i, x := range list {
		if i == maxTold {
			t.more(len(list)-i, "transition")
			break
		}
		t.line("  ", t.paint(transitionName(x), bold), ": ", transitionCounts(x))
		named := notable(x)
		for j, s := range named {
			if j == maxNamed {
				t.line("    … ", number(len(named)-j+x.More), " more (see --format json)")
				break
			}
			c := yellow
			if s.Destructive() {
				c = red
			}
			t.line("    ", t.paint(s.Action, c), " ", stepText(s))
		}
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

// notable are the steps that a person must see by name.
func notable(t decide.TransitionSummary) []decide.Step {
	var out []decide.Step
	for _, s := range t.Steps {
		if s.Destructive() || s.Action == "drift" || severityRank(s.Risk) >= severityRank("high") {
			out = append(out, s)
		}
	}
	return out
}

func transitionName(t decide.TransitionSummary) string {
	return brief(cmp.Or(t.Name, t.Of)) + inScope(scopeName(t.Environment, t.Target))
}

// transitionCounts is "1 delete, 3 create; risk: 1 high, 3 low".
func transitionCounts(t decide.TransitionSummary) string {
	count := func(m map[string]int, order ...string) string {
		var parts []string
		for _, k := range order {
			if n := m[k]; n > 0 {
				parts = append(parts, number(n)+" "+k)
			}
		}
		return strings.Join(parts, ", ")
	}
	return count(t.Actions, "delete", "replace", "forget", "update", "create", "move", "import", "drift") +
		"; risk: " + count(t.Risks, "critical", "high", "medium", "low")
}

// stepText names the thing, its risk, and why.
func stepText(s decide.Step) string {
	name := s.Subject.Address
	if name == "" {
		name = s.Subject.Kind + " " + s.Subject.Name
		if s.Subject.Namespace != "" {
			name = s.Subject.Kind + " " + s.Subject.Namespace + "/" + s.Subject.Name
		}
	}
	out := brief(name) + " (" + brief(s.Risk) + ")"
	if len(s.Forces) > 0 {
		out += ", forced by " + brief(listed(s.Forces, 6))
	}
	if s.Reason != "" {
		out += ": " + message(s.Reason)
	}
	return out
}

// transitions writes the same as a list.
func (m *markdown) transitionList() {
	list := m.view.transitions()
	if len(list) == 0 {
		return
	}
	if !m.put("### What the change does\n\n") {
		m.left += len(list)
		return
	}
	for _, t := range list {
		m.put("- " + code(transitionName(t)) + ": " + transitionCounts(t) + "\n")
		for i, s := range notable(t) {
			if i == maxNamed {
				m.put("  - …\n")
				break
			}
			m.put("  - " + s.Action + " " + code(stepText(s)) + "\n")
		}
	}
	m.put("\n")
}
