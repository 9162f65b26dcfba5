package compare

import (
	"slices"

	"gate/internal/render"
)

// leaving is what of a side is no part of what is compared: nothing deploys it.
type leaving struct {
	units map[string]bool // by id
	files map[[2]string]bool
	// alone are units of the base that were taken to be deployed by themselves,
	// and that somebody deploys in another way now.
	alone map[string]bool
}

// leaves says whether an object that stands in a file is no part of what is
// compared.
func (l leaving) leaves(unit, file string) bool {
	return l.units[unit] || l.files[[2]string{unit, file}]
}

// settle says of each side what nothing deploys. Whether something counts as
// deployed that no object deploys and no entry of the configuration names
// depends on others, so that both sides are asked: with the first Application of
// a repository nothing else is deleted, with its last one nothing is created,
// and what somebody deployed before does not deploy itself from then on.
func settle(t *Trees, base, head *Side) (was, is leaving) {
	s := settling{trees: t, base: outcomesByID(slices.Concat(base.Outcomes, base.Made)), head: outcomesByID(slices.Concat(head.Outcomes, head.Made))}
	s.was, s.is = undeployed(base.Outcomes), undeployed(head.Outcomes)
	for id, b := range s.base {
		if h, ok := s.head[id]; ok && !named(b.Unit) && !named(h.Unit) && s.was.units[id] != s.is.units[id] {
			if !s.was.units[id] && !slices.Contains(base.Kinds, b.Unit.Kind) && slices.Contains(head.Kinds, b.Unit.Kind) {
				s.is.units[id] = false // the first object that says who deploys what speaks for itself alone
				continue
			}
			s.agree(b, h)
		}
	}
	s.twins(base, s.was)
	s.twins(head, s.is)
	s.last(base, head)
	s.first(base, head)
	s.drop(direction{here: s.head, there: s.base, leaving: s.is, other: s.was, name: t.nameInBase, gone: named})
	s.drop(direction{here: s.base, there: s.head, leaving: s.was, other: s.is, name: t.nameInHead, gone: func(u render.Unit) bool {
		return u.ControllerFile != "" && !t.changed(u.ControllerFile) // stood there, and was not deployed itself
	}})
	return s.was, s.is
}

// settling is settle at work.
type settling struct {
	trees      *Trees
	base, head map[string]render.Outcome
	was, is    leaving
}

func undeployed(outs []render.Outcome) leaving {
	l := leaving{units: map[string]bool{}, files: map[[2]string]bool{}, alone: map[string]bool{}}
	for _, o := range outs {
		if o.Unit.Undeployed {
			l.units[o.Unit.ID] = true
		}
	}
	return l
}

// named says whether an object deploys a unit, or the configuration names it.
func named(u render.Unit) bool { return u.Controller != "" || u.Configured }

// agree has both sides say the same of a unit that nobody names on either: what
// delivers others is applied by somebody. What cannot be rendered is taken for
// what the other side shows.
func (s *settling) agree(b, h render.Outcome) {
	switch {
	case b.Unit.Undeployed && b.Unit.Delivers: // it was left out on purpose, and nobody names it now
		s.is.units[h.Unit.ID] = true
		return
	case h.Unit.Undeployed && h.Unit.Delivers: // others deliver it on that side
		return
	}
	deployed, other := b, h
	if s.was.units[b.Unit.ID] {
		deployed, other = h, b
	}
	left := !deployed.Unit.Delivers || deployed.Rendered == nil && other.Rendered != nil
	s.was.units[b.Unit.ID], s.is.units[h.Unit.ID] = left, left
}

// twins leaves out manifests that kustomizations of other directories list:
// what stands there besides may be applied by itself.
func (s *settling) twins(x *Side, l leaving) {
	if !slices.Contains(x.Kinds, render.KindManifests) {
		return
	}
	built := map[string]bool{}
	for _, o := range x.Outcomes {
		if o.Rendered != nil && o.Unit.Kind == render.KindKustomize && !l.units[o.Unit.ID] {
			for _, f := range o.Rendered.Files() {
				built[f] = true
			}
		}
	}
	for _, o := range x.Outcomes {
		if o.Unit.Kind != render.KindManifests || named(o.Unit) {
			continue
		}
		for _, f := range o.Unit.Files {
			if built[f] {
				l.files[[2]string{o.Unit.ID, f}] = true
			}
		}
	}
}

// last leaves out what looks as if it deployed itself because the change took
// the last object away that says who deploys what is of its kind. Where that
// cannot be read it may be there.
func (s *settling) last(base, head *Side) {
	if head.Inventory != nil {
		for _, u := range head.Inventory.Unreadable {
			if s.trees.changed(u.Path) {
				return
			}
		}
	}
	for _, h := range head.Outcomes {
		if u := h.Unit; !named(u) && !u.Delivers && slices.Contains(base.Kinds, u.Kind) && !slices.Contains(head.Kinds, u.Kind) {
			s.is.units[u.ID] = true
		}
	}
}

// first finds what was taken to be deployed by itself, and is deployed by the
// first object that says so.
func (s *settling) first(base, head *Side) {
	deployed := map[place]bool{}
	for _, h := range head.Outcomes {
		if named(h.Unit) {
			deployed[place{h.Unit.Kind, h.Unit.Path}] = true
		}
	}
	for _, b := range base.Outcomes {
		u := b.Unit
		if !named(u) && !s.was.units[u.ID] && !slices.Contains(base.Kinds, u.Kind) && deployed[place{u.Kind, u.Path}] {
			s.was.alone[u.ID] = true
		}
	}
}

// direction is a side as it is looked at from the other one.
type direction struct {
	here, there    map[string]render.Outcome
	leaving, other leaving                      // of here, of there
	name           func(file string) string     // there
	gone           func(there render.Unit) bool // whether it deployed, or did not, what it is said to there, if it is not here
	sources        map[string]map[string]bool   // of units of here, once they are asked for
}

// drop leaves out what delivers others and is part of what is deployed on the
// other side, but not on this one, though its file stands: an Application that
// a kustomization does not list any more, or whose directory nobody deploys. It
// looks like what somebody applies by hand. What it deploys goes with it.
func (s *settling) drop(d direction) {
	users := map[string][]string{} // of files there, by their ids
	for id, o := range d.there {
		for _, f := range reads(o) {
			if !d.other.leaves(id, f) {
				users[f] = append(users[f], id)
			}
		}
	}
	d.sources = map[string]map[string]bool{}
	for id, o := range d.here {
		if named(o.Unit) || !o.Unit.Delivers || o.Rendered == nil || d.leaving.units[id] {
			continue
		}
		if o.Unit.Kind != render.KindManifests && len(users[d.name(o.Unit.Place.File)]) == 0 {
			continue // somebody made it
		}
		for _, obj := range o.Rendered.Objects {
			at := [2]string{id, obj.Place.File}
			if _, known := d.leaving.files[at]; !known {
				d.leaving.files[at] = d.dropped(id, obj.Place.File, users[d.name(obj.Place.File)])
			}
		}
	}
	for id := range d.here {
		if d.follows(id) {
			d.leaving.units[id] = true
		}
	}
}

// dropped says whether the units that use a file there do not here, so that it is
// only found where it stands.
func (d direction) dropped(id, file string, users []string) bool {
	stands := d.name(file) == file
	for _, user := range users {
		u := d.there[user].Unit
		here, stays := d.here[user]
		switch {
		case stays && u.ID != id && (here.Rendered == nil || d.reads(user, file)),
			!named(u) && (u.ID == id || u.Kind == render.KindManifests || !stands), // it is on its own there as well
			(!stays || u.ID == id) && !d.gone(u):
			return false
		}
	}
	return len(users) > 0
}

// reads says whether a unit of this side was made from a file.
func (d direction) reads(id, file string) bool {
	sources := d.sources[id]
	if sources == nil {
		sources = map[string]bool{}
		for _, f := range reads(d.here[id]) {
			sources[f] = true
		}
		d.sources[id] = sources
	}
	return sources[file]
}

// follows says whether a unit hangs on what is left out.
func (d direction) follows(id string) bool {
	at := d.here[id]
	for range maxAbove {
		by, ok := d.here[at.Unit.Deployer.Unit]
		if !ok || by.Rendered == nil || at.Unit.Deployer.Object >= len(by.Rendered.Objects) {
			return false
		}
		if d.leaving.leaves(by.Unit.ID, by.Rendered.Objects[at.Unit.Deployer.Object].Place.File) {
			return true
		}
		at = by
	}
	return false
}

// reads are the files that a unit was made from, as far as it is rendered.
func reads(o render.Outcome) []string {
	if o.Rendered == nil {
		return nil
	}
	return o.Rendered.Sources
}
