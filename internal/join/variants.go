package join

import (
	"cmp"
	"slices"

	"gate/internal/facts"
)

// notApplied is what is said of every object of a variant: it is judged, and is no
// part of what the change does.
var notApplied = facts.ResourceChange{Action: "unchanged", Paths: []string{}, Outcome: facts.OutcomeNotApplied, Why: "it is a variant of what is applied"}

// WithVariants completes a document in which there may be variants of units. What
// is applied is joined as if they were not there: a budget that only an upgrade
// brings is none. A variant sees what is applied beside it: of its unit only what
// differs is in the document.
func WithVariants(d Document) Document {
	variant := map[string]bool{}
	for _, u := range d.Units {
		if u.Variant != nil {
			variant[u.ID] = true
		}
	}
	if len(variant) == 0 {
		return Objects(d)
	}
	applied := d
	applied.Objects = slices.DeleteFunc(slices.Clone(d.Objects), func(o facts.Object) bool { return variant[o.Unit] })
	applied.Containers = slices.DeleteFunc(slices.Clone(d.Containers), func(c facts.Container) bool { return variant[c.Unit] })
	for i := range d.Objects {
		if variant[d.Objects[i].Unit] {
			d.Objects[i].Change = &notApplied
		}
	}
	out, all := Objects(applied.apart()), Objects(d)
	for _, o := range all.Objects {
		if variant[o.Unit] {
			out.Objects = append(out.Objects, o)
		}
	}
	for _, c := range all.Containers {
		if variant[c.Unit] {
			out.Containers = append(out.Containers, c)
		}
	}
	for _, img := range all.Images {
		if !slices.ContainsFunc(out.Images, func(have facts.Image) bool { return have.ID == img.ID }) {
			out.Images = append(out.Images, img)
		}
	}
	slices.SortStableFunc(out.Objects, func(a, b facts.Object) int { return cmp.Compare(a.ID, b.ID) })
	slices.SortStableFunc(out.Containers, func(a, b facts.Container) int { return cmp.Compare(a.ID, b.ID) })
	slices.SortStableFunc(out.Images, func(a, b facts.Image) int { return cmp.Compare(a.ID, b.ID) })
	return out
}

// apart is the document with pods of its own, which the joins complete.
func (d Document) apart() Document {
	for i := range d.Objects {
		d.Objects[i].Pods = slices.Clone(d.Objects[i].Pods)
	}
	return d
}
