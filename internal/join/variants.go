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
		out := Objects(d)
		out.Index.Variants = map[string]facts.IndexVariant{}
		return out
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
	out.withVariantIndex()
	slices.SortStableFunc(out.Objects, func(a, b facts.Object) int { return cmp.Compare(a.ID, b.ID) })
	slices.SortStableFunc(out.Containers, func(a, b facts.Container) int { return cmp.Compare(a.ID, b.ID) })
	slices.SortStableFunc(out.Images, func(a, b facts.Image) int { return cmp.Compare(a.ID, b.ID) })
	return out
}

// withVariantIndex adds to the index of what is applied what is said of variants:
// each by itself, beside what is applied, and those that files make beside those
// of other units, as one pipeline hands such files to all of them.
func (d *Document) withVariantIndex() {
	d.Index.Variants = map[string]facts.IndexVariant{}
	objects, own := map[string][]facts.Object{}, map[string]facts.Index{}
	for _, o := range d.Objects {
		objects[o.Unit] = append(objects[o.Unit], o)
	}
	var units []facts.Unit
	for _, u := range d.Units {
		if u.Variant == nil {
			continue
		}
		units = append(units, u)
		d.Index.Variants[u.ID] = facts.IndexVariant{Of: u.Variant.Of, By: u.Variant.By}
		x := newDocument(Document{Objects: objects[u.ID], DefaultNamespace: d.DefaultNamespace})
		for _, of := range []func(*document){summaries, namespaces, networkPolicies, destinations} {
			of(x)
		}
		own[u.ID] = x.Index
	}
	applied := slices.Clip(d.Index.Namespaces)
	asked := askedUses{}
	for _, use := range d.Index.NamespaceUses {
		asked.first("", use)
	}
	for _, u := range units {
		x := newDocument(Document{Objects: objects[u.ID], DefaultNamespace: d.DefaultNamespace})
		x.Index.Namespaces = slices.Concat(applied, own[u.ID].Namespaces)
		for _, other := range units {
			if alongside(*other.Variant, *u.Variant) {
				x.Index.Namespaces = append(x.Index.Namespaces, own[other.ID].Namespaces...)
			}
		}
		namespaceUses(x)
		index := &d.Index
		for _, use := range x.Index.NamespaceUses {
			of := u.Variant.By
			if u.Variant.By == facts.VariantCircumstance {
				of = u.Variant.Of
			}
			if asked.first(of, use) {
				index.NamespaceUses = append(index.NamespaceUses, use)
			}
		}
		index.Objects = append(index.Objects, own[u.ID].Objects...)
		index.Namespaces = append(index.Namespaces, own[u.ID].Namespaces...)
		index.NetworkPolicies = append(index.NetworkPolicies, own[u.ID].NetworkPolicies...)
		index.Destinations = append(index.Destinations, own[u.ID].Destinations...)
	}
	d.Index.Shared, d.Index.Unplaced = contested(d.Clusters, d.Units, d.Objects, nil)
}

// alongside says whether two variants may be applied together: what files or links
// make of two units.
func alongside(a, b facts.Variant) bool {
	return a.By == b.By && (a.By == facts.VariantFile || a.By == facts.VariantLink) && a.Of != b.Of
}

// askedUses are the uses of namespaces that are told, by whose they are ("" is what
// is applied) and where: true with a workload.
type askedUses map[[4]string]bool

// first says whether a use says more than what was told before of the same place:
// of what is applied, or of the same variants.
func (a askedUses) first(of string, use facts.NamespaceUse) bool {
	for _, by := range []string{"", of} {
		if workload, told := a[[4]string{by, use.Environment, use.Target, use.Namespace}]; told && (workload || use.Workload == "") {
			return false
		}
	}
	a[[4]string{of, use.Environment, use.Target, use.Namespace}] = use.Workload != ""
	return true
}

// apart is the document with pods of its own, which the joins complete.
func (d Document) apart() Document {
	for i := range d.Objects {
		d.Objects[i].Pods = slices.Clone(d.Objects[i].Pods)
	}
	return d
}
