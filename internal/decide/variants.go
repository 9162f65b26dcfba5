package decide

import (
	"fmt"
	"strings"

	"gate/internal/config"
	"gate/internal/facts"
	"gate/internal/source"
)

// UnitInputs are what the templates of a unit are told, by whom, and what else was
// judged because nobody says.
type UnitInputs struct {
	ID          string          `json:"id"`
	Environment string          `json:"environment"`
	Target      string          `json:"target"`
	Inputs      []facts.Input   `json:"inputs"`
	Variants    []facts.Variant `json:"variants"`
}

// Inputs collects them of the units of the facts. A variant by a circumstance is
// told what its unit is, but for what it is one by.
func Inputs(f *facts.Facts) []UnitInputs {
	variants := map[string][]facts.Variant{}
	for _, u := range f.Units {
		if u.Variant != nil {
			variants[u.Variant.Of] = append(variants[u.Variant.Of], *u.Variant)
		}
	}
	var out []UnitInputs
	for _, u := range f.Units {
		if (u.Variant == nil || u.Variant.By != facts.VariantCircumstance) && len(u.Inputs)+len(variants[u.ID]) > 0 {
			out = append(out, UnitInputs{ID: u.ID, Environment: u.Environment, Target: u.Target, Inputs: u.Inputs, Variants: variants[u.ID]})
		}
	}
	return out
}

// under says of a variant under what something is as it finds it.
func under(v *facts.Variant) string {
	switch v.By {
	case facts.VariantFile:
		return "with " + v.With + ", which nothing names"
	case facts.VariantLink:
		return "by the link that makes it " + v.With
	case facts.VariantOverride:
		return "for an Application that reads " + v.With
	}
	return "where " + v.With
}

// hangs makes an unknown of what would be so if a branch were taken of which
// nobody can know whether it is.
func (f *Finding) hangs(v *facts.Variant, effect Effect) {
	f.Would, f.On = f.Effect, v
	f.Verdict, f.Effect = "unknown", effect
	f.Message += fmt.Sprintf("; so it is if the branch at %s goes the other way, which hangs on %s", strings.Join(v.At, ", "), v.Hangs)
}

// open enters what would be denied behind branches of which it is not known which
// way they go. Production needs to know: it is as if something could not be read
// there. What a waiver takes out, or the base has as well, counts as it does
// elsewhere.
func (r *ruling) open() {
	seen := map[string]bool{}
	for i := range r.findings {
		f := &r.findings[i]
		if f.On == nil || f.Would != Deny || f.Waived != nil || f.Excused {
			continue
		}
		existing := f.State == Existing
		needed := false
		for _, at := range f.Entries {
			if r.entries[at].class == config.Prod && r.mustHave(config.Prod) {
				r.entries[at].lacks(existing)
				needed = true
			}
		}
		place := f.Location.Position
		if file, line, ok := cutLine(f.On.At); ok {
			place = source.Position{File: file, Line: line}
		}
		e := facts.Entry{
			Kind: "branch", ID: f.On.Of, State: facts.NotApplicable, Place: place, Existing: existing,
			Reason: fmt.Sprintf("which way the branch goes hangs on %s, and %s would deny what is behind it", f.On.Hangs, f.Rule),
		}
		if needed {
			e.State, e.Hint = facts.Failed, "mend what the branch renders, or let a value decide instead of "+f.On.Hangs
		}
		if key := fmt.Sprint(e.ID, e.Place, e.Reason); !seen[key] {
			seen[key] = true
			r.ledger = append(r.ledger, e)
		}
	}
}

// cutLine takes the first of some places apart, file:line.
func cutLine(at []string) (file string, line int, ok bool) {
	if len(at) == 0 {
		return "", 0, false
	}
	i := strings.LastIndexByte(at[0], ':')
	if i < 0 {
		return "", 0, false
	}
	_, err := fmt.Sscan(at[0][i+1:], &line)
	return at[0][:i], line, err == nil
}
