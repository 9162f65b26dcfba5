package report

import (
	"cmp"
	"maps"
	"slices"

	"gate/internal/decide"
)

// maxOldRules bounds the rules that are named of what was there before.
const maxOldRules = 5

// compared says whether the findings are set beside those of a base.
func (v *view) compared() bool {
	return len(v.Result.Fixed) > 0 || slices.ContainsFunc(v.all, func(f decide.Finding) bool { return f.State != "" })
}

// existingText counts what the base of the change has as well and only warns
// here, most frequent rules first, and what the change mends; "" if there is
// neither.
func (v *view) existingText() string {
	fixed := len(v.Result.Fixed)
	if len(v.old) == 0 && fixed == 0 {
		return ""
	}
	text := ""
	if n := len(v.old); n > 0 {
		text = counted(n, "finding") + " the base has as well (" + brief(listed(byFrequency(v.old), maxOldRules)) + "); a run over the base judges them"
	}
	if fixed > 0 {
		if text != "" {
			text += ". "
		}
		text += "the change mends " + counted(fixed, "finding") + " of the base (" + brief(listed(byFrequency(v.Result.Fixed), maxOldRules)) + ")"
	}
	return text + "."
}

// byFrequency are the rules of findings with their counts.
func byFrequency(list []decide.Finding) []string {
	counts := map[string]int{}
	for _, f := range list {
		counts[f.Rule]++
	}
	rules := slices.SortedFunc(maps.Keys(counts), func(a, b string) int { return cmp.Or(cmp.Compare(counts[b], counts[a]), cmp.Compare(a, b)) })
	for i, r := range rules {
		rules[i] = r + " " + number(counts[r])
	}
	return rules
}

func (t *text) existing() {
	if s := t.existingText(); s != "" {
		t.heading("before the change", bold)
		t.wrapped("  ", s)
	}
}
