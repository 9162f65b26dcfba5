package deploy

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"gate/internal/facts"
	"gate/internal/render"
	"gate/internal/source"
)

// variantsOf says of the variants of which unit they are one: one that is
// deployed, if any is, else the first that is rendered from the same place.
func (p *planner) variantsOf() {
	of := map[place]*render.Unit{}
	for i := range p.units {
		u := &p.units[i].Unit
		if u.Variant != nil {
			continue
		}
		at := place{u.Kind, u.Path}
		have := of[at]
		better := have != nil && claimed(*u) && !elsewhere(*u) && (!claimed(*have) || elsewhere(*have))
		if have == nil || better || u.ID < have.ID && claimed(*u) == claimed(*have) && elsewhere(*u) == elsewhere(*have) {
			of[at] = u
		}
	}
	for i := range p.units {
		u := &p.units[i].Unit
		if u.Variant == nil || u.Variant.Of != "" {
			continue
		}
		v := *u.Variant
		if v.Of = u.Kind + ":" + u.Path; of[place{u.Kind, u.Path}] != nil {
			v.Of = of[place{u.Kind, u.Path}].ID
		}
		u.Variant = &v
	}
}

// sameVariants leaves out the variants that render what a unit of the same place
// renders in the same environment, or fail as that does, and says so.
func (d *Deployed) sameVariants() {
	type rendition struct{ path, environment, digest string }
	have, faults := map[rendition]string{}, map[place]error{}
	for _, o := range d.Outcomes {
		if o.Unit.Variant == nil && o.Err != nil {
			faults[place{o.Unit.Kind, o.Unit.Path}] = o.Err
		}
	}
	of := func(o render.Outcome) rendition {
		return rendition{o.Unit.Path, o.Unit.Environment, o.Rendered.Digest}
	}
	for _, variants := range []bool{false, true} {
		kept := d.Outcomes[:0:0]
		for _, o := range d.Outcomes {
			same := ""
			switch varies := o.Unit.Variant != nil; {
			case varies != variants:
			case o.Err != nil && varies:
				if err := faults[place{o.Unit.Kind, o.Unit.Path}]; err != nil && err.Error() == o.Err.Error() {
					same = "fails " + inputOf(o.Unit.Variant) + " as it does without"
				} else {
					o.Err = withInput(o)
				}
			case o.Rendered == nil || o.Rendered.AsBefore || elsewhere(o.Unit):
			case have[of(o)] == "":
				have[of(o)] = o.Unit.ID
			case varies:
				same = fmt.Sprintf("renders the same as %s %s", have[of(o)], inputOf(o.Unit.Variant))
			}
			if same == "" {
				kept = append(kept, o)
				continue
			}
			d.Ledger = append(d.Ledger, facts.Entry{Kind: "unit", ID: o.Unit.ID, State: facts.NotApplicable, Reason: same, Place: o.Unit.Place})
		}
		d.Outcomes = kept
	}
	slices.SortStableFunc(d.Ledger, func(a, b facts.Entry) int { return strings.Compare(a.ID, b.ID) })
}

// inputOf says under what a variant is read.
func inputOf(v *facts.Variant) string {
	if v.By == facts.VariantCircumstance {
		return "where " + v.With
	}
	return "with " + v.With
}

// withInput is the fault of a variant, which names the file that makes it one.
func withInput(o render.Outcome) error {
	file := o.Unit.Variant.ByFile()
	if file == "" {
		return o.Err
	}
	out := &source.Error{Position: source.Position{File: file}, Msg: fmt.Sprintf("with the values of %s, which no unit names: %v", file, o.Err)}
	var at *source.Error
	if errors.As(o.Err, &at) {
		out.Position, out.Msg = at.Position, fmt.Sprintf("with the values of %s, which no unit names: %s", file, at.Msg)
	}
	out.Hint = fmt.Sprintf("name the file under units[].values in .gate.yaml with those that it goes together with, or list %q under exclude", file)
	return out
}
