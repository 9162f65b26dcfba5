package report

import (
	"slices"
	"strings"

	"gate/internal/decide"
)

// maxOldRules bounds the rules that are named of what was there before.
const maxOldRules = 5

// compared says whether the findings are set beside those of a base.
func (v *view) compared() bool {
	return len(v.Result.Fixed) > 0 || len(v.gaps) > 0 || slices.ContainsFunc(v.all, func(f decide.Finding) bool { return f.State != "" })
}

// beforeSection counts what was there before the change.
func (v *view) beforeSection() section {
	s := section{title: "before the change", color: bold, fold: true, lines: append(v.existingLines(), v.gapsBefore()...)}
	var parts []string
	if n := len(v.old); n > 0 {
		parts = append(parts, counted(n, "finding"))
	}
	if n := len(v.gaps); n > 0 {
		parts = append(parts, counted(n, "thing")+" not judged")
	}
	if len(parts) > 0 {
		s.title += ": " + strings.Join(parts, ", ")
	}
	return s
}

// existingLines count what the base of the change has as well and only warns
// here, and what the change mends, most frequent rules first.
func (v *view) existingLines() []line {
	var lines []line
	if n := len(v.old); n > 0 {
		lines = append(lines, line{text: counted(n, "finding") + " the base has as well (" + tally(rulesOf(v.old), maxOldRules) + "); a run over the base judges them"})
	}
	if n := len(v.Result.Fixed); n > 0 {
		lines = append(lines, line{text: "the change mends " + counted(n, "finding") + " of the base (" + tally(rulesOf(v.Result.Fixed), maxOldRules) + ")"})
	}
	return lines
}

func rulesOf(list []decide.Finding) []string {
	rules := make([]string, 0, len(list))
	for _, f := range list {
		rules = append(rules, f.Rule)
	}
	return rules
}

// testSection lists what is about input of tests: it denies nothing.
func (v *view) testSection(limit int) section {
	s := section{title: "test data", color: bold, fold: true}
	if len(v.tests) == 0 {
		return s
	}
	s.title += ": " + counted(len(v.tests), "finding") + " that only warn"
	for _, f := range v.tests {
		s.lines = append(s.lines, line{text: brief(f.Location.Position.String()) + ": " + single(f).says() + " [" + f.Rule + "]"})
	}
	s.lines = bounded(s.lines, limit, "finding")
	s.lines = append(s.lines, line{text: "nothing deploys what lies there; testData: in .gate.yaml says what is test data", hint: true})
	return s
}
