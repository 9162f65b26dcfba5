package deploy

import (
	"cmp"
	"slices"

	"gate/internal/doc"
	"gate/internal/render"
	"gate/internal/source"
)

// pin is the state of this repository that a controller's source names.
type pin struct {
	*render.Revision
	at source.Position // where it is named
}

// pinnedTo plans what is deployed from a revision of this repository, if it is
// another state than the tree. Where that is in the clone its own files count,
// else those of the tree stand for them.
func (p *planner) pinnedTo(name string, at source.Position, plan func(*planner)) {
	rev := p.revisionOf(name)
	if rev == nil {
		plan(p)
		return
	}
	if rev.Assumed {
		p.assumed = rev.Name
		plan(p)
		p.assumed = ""
		return
	}
	p.with(func(q *planner) {
		q.pin = &pin{rev, at}
		if rev.Tree != nil {
			q.layout = p.layoutOf(rev)
		}
	}, plan)
}

// layoutOf is the layout of a revision that is in the clone.
func (p *planner) layoutOf(rev *render.Revision) *layout {
	if p.layouts[rev] == nil {
		p.layouts[rev] = newLayout(rev.Tree, rev.Inventory)
	}
	return p.layouts[rev]
}

// revisionOf is the state of this repository that a name stands for, nil for the
// tree.
func (p *planner) revisionOf(name string) *render.Revision {
	if p.revision == nil {
		return nil
	}
	return p.revision(name)
}

// pinned gives a unit the state that its controller names. What comes from
// another tree has no line in this one but that which names it.
func (p *planner) pinned(u render.Unit) render.Unit {
	u.Assumed = p.assumed
	if p.pin == nil {
		return u
	}
	u.Revision = p.pin.Revision
	if u.Revision.Tree != nil {
		u.Place = p.pin.at
	}
	return u
}

// atPin places all objects of an outcome where the revision is named that they
// come from.
func atPin(o render.Outcome) render.Outcome {
	if o.Rendered == nil {
		return o
	}
	at := o.Unit.Place
	at.Approximate = true
	r := *o.Rendered
	r.Sources, r.Objects, r.Variants, r.Open = nil, there(o.Rendered.Objects, at), nil, slices.Clone(r.Open)
	for _, v := range o.Rendered.Variants {
		other := *v
		other.Objects = there(v.Objects, at)
		r.Variants = append(r.Variants, &other)
	}
	for i := range r.Open {
		r.Open[i].Place = at
	}
	if at.File != "" {
		r.Sources = []string{at.File}
	}
	o.Rendered = &r
	return o
}

// there are objects that all stand in one place.
func there(objects []render.Object, at source.Position) []render.Object {
	var out []render.Object
	for _, obj := range objects {
		obj.Locator, obj.File, obj.Place = source.Fixed(at), at.File, at
		out = append(out, obj)
	}
	return out
}

// revision is what of the GitRepository that a Flux object names at a path is
// delivered, and where that is said: https://fluxcd.io/flux/components/source/gitrepositories/#reference
func (f flux) revision(d deployer, at ...any) (string, source.Position) {
	ref := doc.Map(d.obj, append(at, "sourceRef")...)
	if doc.Text(ref, "kind") != "GitRepository" {
		return "", source.Position{}
	}
	o, ok := f.object(d, "GitRepository", cmp.Or(doc.Text(ref, "namespace"), doc.Text(d.obj, "metadata", "namespace")), doc.Text(ref, "name"))
	if !ok {
		return "", source.Position{}
	}
	for _, field := range []string{"commit", "name", "semver", "tag", "branch"} { // the first one wins
		v := doc.Text(o.obj, "spec", "ref", field)
		if v == "" {
			continue
		}
		switch field {
		case "tag":
			v = render.TagRevision + v
		case "semver":
			v = render.RangeRevision + v
		}
		return v, o.place("spec", "ref", field)
	}
	return "", source.Position{}
}
