package decide

import (
	"fmt"
	"slices"
	"strings"

	"gate/internal/facts"
	"gate/internal/policy"
	"gate/internal/source"
)

// WithoutRepeats leaves out what a permutation or a variant of a chart or a
// stack repeats: the same rule at the same line for the same place as in another
// unit of it. Those who deploy the chart come first, then the others by name.
func WithoutRepeats(f *facts.Facts, locate func(subject string, path source.Path) source.Location, results []policy.Result) []policy.Result {
	chart, permutation := map[string]string{}, map[string]bool{} // by unit
	varied := map[string]bool{}                                  // paths of which there are variants
	varies, variants := map[string]bool{}, map[string]string{}   // units that have variants, and of which one a variant is
	for _, u := range f.Units {
		if u.Variant != nil {
			permutation[u.ID], varied[u.Path] = true, true
		}
		if u.Variant != nil && u.Variant.By == facts.VariantCircumstance { // has the other objects of its unit, and its inputs
			varies[u.Variant.Of], variants[u.ID] = true, u.Variant.Of
		}
		if u.Kind == "helm" && strings.HasPrefix(u.ID, "helm:"+u.Path+"@ci/") {
			permutation[u.ID] = true
		}
	}
	for _, r := range f.Resources {
		if r.Variant != nil {
			permutation["stack:"+r.Stack] = true
		}
	}
	if len(permutation) == 0 {
		return results
	}
	for _, u := range f.Units {
		if u.Kind == "helm" || varied[u.Path] {
			chart[u.ID] = u.Path
		}
	}
	units, scopes := map[string]string{}, map[string]facts.Scope{} // by subject
	note := func(s facts.Subject, unit string) { units[s.ID], scopes[s.ID] = unit, s.Scope }
	for _, u := range f.Units {
		note(u.Subject, u.ID)
	}
	for _, o := range f.Objects {
		note(o.Subject, o.Unit)
	}
	for _, c := range f.Containers {
		note(c.Subject, c.Unit)
	}
	for _, r := range f.Resources {
		unit := "stack:" + r.Stack
		note(r.Subject, unit)
		if chart[unit], _, _ = strings.Cut(r.Stack, "@"); r.Variant == nil {
			chart[unit] = r.Stack
		}
	}
	for _, a := range f.Assessments {
		note(a.Subject, units[a.Of])
	}
	for _, s := range f.SecretReferences {
		note(s.Subject, units[s.Object])
	}
	told := map[string]bool{} // by those that are no variants, of what and in which words
	words := func(res policy.Result, unit string) string {
		return fmt.Sprintf("%s\x00%s\x00%s\x00%s\x00%s\x00%s\x00%s", res.Rule, strings.TrimPrefix(res.Subject, unit), res.Path, res.Message, res.Level, res.Verdict, res.Cause)
	}
	for _, res := range results {
		if unit := units[res.Subject]; varies[unit] && variants[unit] == "" {
			told[unit+words(res, unit)] = true
		}
	}
	// In the same words of the same object: where it stands need not be known.
	again := func(res policy.Result, unit string) bool {
		return variants[unit] != "" && told[variants[unit]+words(res, unit)]
	}
	asked := map[string]bool{} // rules by chart, of which it has to be known where they found something
	for _, res := range results {
		if unit := units[res.Subject]; permutation[unit] && !again(res, unit) {
			asked[res.Rule+"\x00"+chart[unit]] = true
		}
	}
	first := map[string]string{} // what is said -> the unit that says it first
	repeats := func(res policy.Result) bool {
		unit := units[res.Subject]
		dir, ok := chart[unit]
		switch {
		case ok && again(res, unit):
			return true
		case !ok || !asked[res.Rule+"\x00"+dir]:
			return false
		}
		at := locate(res.Subject, res.Path)
		scope := scopes[res.Subject]
		key := fmt.Sprintf("%s\x00%s\x00%s\x00%s\x00%s\x00%s\x00%s\x00%s:%d:%d", res.Rule, dir, scope.Environment, scope.Target, res.Level, res.Verdict, res.Cause, at.File, at.Line, at.Column)
		if at.Approximate {
			key += "\x00" + res.Path.String()
		}
		if by, known := first[key]; known {
			return by != unit && permutation[unit]
		}
		first[key] = unit
		return false
	}
	order := make([]int, len(results))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(i, j int) int {
		a, b := units[results[i].Subject], units[results[j].Subject]
		switch {
		case permutation[a] == permutation[b]:
			return strings.Compare(a, b)
		case permutation[a]:
			return 1
		}
		return -1
	})
	repeated := make([]bool, len(results))
	for _, i := range order {
		repeated[i] = repeats(results[i])
	}
	kept := make([]policy.Result, 0, len(results))
	for i, res := range results {
		if !repeated[i] {
			kept = append(kept, res)
		}
	}
	return kept
}
