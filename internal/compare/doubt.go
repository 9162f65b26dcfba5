package compare

import (
	"cmp"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"
	"sync"

	"gate/internal/discover"
	"gate/internal/facts"
	"gate/internal/render"
)

// doubts is what cannot be said because a side cannot be read as a whole.
type doubts struct {
	lacking    []render.Unit   // whose controller names a revision that the clone lacks
	failed     map[string]bool // ids of units that a side does not render, or not whole
	reasons    map[string]facts.UnknownChange
	trees      *Trees
	scope      func(file string) facts.Scope
	head, base sideDoubts
	// told are the places of which something is unknown because of a file.
	told map[toldOf]bool
}

type toldOf struct{ side, file, environment, target string }

// sideDoubts is what of one side cannot be read.
type sideDoubts struct {
	*view
	unreadable []discover.UnreadableFile // but for what is excluded
	failed     []render.Unit             // units that are not rendered, or not whole
	// suspects are their indices: by id, and by what deploys them.
	suspects map[suspect][]int
	at       map[place][]render.Unit // all units of the side
	known    map[deployedFrom]doubt  // what is said of objects of this side
}

// suspect is what failing units have in common with what they may have rendered.
type suspect struct{ id, controller string }

// place is where units of a kind stand.
type place struct{ kind, path string }

// deployedFrom is what the doubts about objects hang on: their unit, and of plain
// manifests the file.
type deployedFrom struct {
	unit, file string
	stands     bool // it is known where
}

func newSideDoubts(v *view, excluded func(string) bool) sideDoubts {
	s := sideDoubts{view: v, suspects: map[suspect][]int{}, at: map[place][]render.Unit{}, known: map[deployedFrom]doubt{}}
	for _, o := range v.side.Outcomes {
		at := place{o.Unit.Kind, o.Unit.Path}
		s.at[at] = append(s.at[at], o.Unit)
	}
	if v.side.Inventory == nil {
		return s
	}
	for _, u := range v.side.Inventory.Unreadable {
		if excluded == nil || !excluded(u.Path) {
			s.unreadable = append(s.unreadable, u)
		}
	}
	return s
}

func newDoubts(p *pairing) *doubts {
	in := &p.Input
	d := &doubts{
		failed: map[string]bool{}, reasons: map[string]facts.UnknownChange{}, trees: in.Trees, scope: in.Scope,
		head: newSideDoubts(p.is, in.Excluded), base: newSideDoubts(p.was, in.Excluded),
		told: map[toldOf]bool{},
	}
	for _, s := range []*sideDoubts{&d.base, &d.head} {
		scopes := map[string]facts.Scope{}
		for _, u := range s.side.Collected.Units {
			scopes[u.ID] = u.Scope
		}
		for _, o := range s.side.Outcomes {
			if o.Err == nil && len(o.Rendered.Faults) == 0 || p.unchanged[o.Unit.ID] || s.leaving.units[o.Unit.ID] {
				continue
			}
			d.failed[o.Unit.ID] = true
			s.fails(o.Unit)
			d.reasons[o.Unit.ID] = facts.UnknownChange{
				Subject: facts.Subject{ID: o.Unit.ID, Scope: scopes[o.Unit.ID]}, Side: s.label, Reason: "the unit cannot be rendered",
			}
		}
	}
	d.moved()
	return d
}

// lacks says whether it is not known what of a unit of the head is deployed.
func (d *doubts) lacks(unit string) bool {
	return slices.ContainsFunc(d.lacking, func(u render.Unit) bool { return u.ID == unit })
}

// moved doubts units whose controller names another revision of the repository
// than before, where the clone does not have both: what that changes is not
// known, whatever files the change touches.
func (d *doubts) moved() {
	scopes := map[string]facts.Scope{}
	for _, u := range d.head.side.Collected.Units {
		scopes[u.ID] = u.Scope
	}
	for _, o := range d.head.side.Outcomes {
		b, ok := d.base.outcomes[o.Unit.ID]
		if !ok || d.failed[o.Unit.ID] || d.head.leaving.units[o.Unit.ID] {
			continue
		}
		was, hasBase := revision(b.Unit)
		is, hasHead := revision(o.Unit)
		if was == is || hasBase && hasHead {
			continue
		}
		s := &d.head
		if hasHead {
			s = &d.base
		}
		d.failed[o.Unit.ID] = true
		d.lacking = append(d.lacking, o.Unit)
		s.fails(o.Unit)
		d.reasons[o.Unit.ID] = facts.UnknownChange{
			Subject: facts.Subject{ID: o.Unit.ID, Scope: scopes[o.Unit.ID]}, Side: s.label,
			Reason: fmt.Sprintf("%s moves from %s to %s of this repository, and the clone does not have both", o.Unit.Controller,
				cmp.Or(was, "what the change leads to"), cmp.Or(is, "what the change leads to")),
		}
	}
}

// revision is the name of the revision that a unit is deployed from, empty if it
// follows the change, and whether the clone has it.
func revision(u render.Unit) (name string, known bool) {
	if u.Revision != nil {
		return u.Revision.Name, u.Revision.Tree != nil
	}
	return u.Assumed, u.Assumed == ""
}

// unread are the unreadable files because of which something is unknown.
func (d *doubts) unread() []Unread {
	because := map[doubt]bool{}
	for t := range d.told {
		because[doubt{side: t.side, file: t.file}] = true
	}
	var out []Unread
	for _, s := range []*sideDoubts{&d.base, &d.head} {
		for _, u := range s.unreadable {
			if because[s.doubt(u)] {
				out = append(out, Unread{s.label, u})
			}
		}
	}
	return out
}

// units are the units that a side leaves open.
func (d *doubts) units() []facts.UnknownChange {
	out := make([]facts.UnknownChange, 0, len(d.reasons))
	for _, u := range d.reasons {
		out = append(out, u)
	}
	return out
}

// files are the unreadable files that a side leaves open, as far as no object
// says so: what a changed one holds, and what a chart or kustomization deploys,
// from wherever in the tree, whether it is changed itself or not.
func (d *doubts) files() []facts.UnknownChange {
	var out []facts.UnknownChange
	for _, s := range []*sideDoubts{&d.base, &d.head} {
		for _, u := range s.unreadable {
			if builds(u) && d.asBefore(u.Path) || !builds(u) && !(u.Kind == discover.KindManifest && d.trees.changed(u.Path)) && !(u.Below && d.trees.changedBelow(u.Path)) {
				continue
			}
			id := facts.Subject{ID: "file:" + u.Path}
			if d.scope != nil {
				id.Scope = d.scope(u.Path)
			}
			if why := s.doubt(u); !d.told[why.of(id.Scope)] {
				out = append(out, d.about(why, id))
			}
		}
	}
	return out
}

// asBefore says whether what a chart or kustomization is made from is the same
// on both sides: its file, what stands below it, and what it names outside of
// its directory.
func (d *doubts) asBefore(file string) bool {
	if d.trees.changed(file) || d.trees.changedBelow(path.Dir(file)) {
		return false
	}
	data, err := d.trees.Head.ReadFile(file)
	if err != nil {
		return false
	}
	for _, rel := range outside().FindAll(data, -1) {
		if at := path.Join(path.Dir(file), string(rel)); d.trees.changedBelow(at) || strings.ContainsAny(at, "{}$*") {
			return false
		}
	}
	return true
}

// outside are paths in a text that lead out of the directory that it stands in.
var outside = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`\.\./[^\s"'\]},#]*`) })

// builds says whether a file says what is made of others.
func builds(u discover.UnreadableFile) bool {
	return u.Kind == discover.KindChart || u.Kind == discover.KindKustomization
}

// doubt is a side that cannot be read, and what of it: a file, or what an object
// deploys. The zero value is none.
type doubt struct{ side, file, deployer string }

func (d doubt) of(s facts.Scope) toldOf { return toldOf{d.side, d.file, s.Environment, s.Target} }

// about tells of a subject why it is not known what becomes of it.
func (d *doubts) about(why doubt, s facts.Subject) facts.UnknownChange {
	d.told[why.of(s.Scope)] = true
	reason := fmt.Sprintf("%s cannot be read at the %s", why.file, why.side)
	if why.deployer != "" {
		reason = fmt.Sprintf("it is not known what %s deploys at the %s", why.deployer, why.side)
	}
	return facts.UnknownChange{Subject: s, Side: why.side, Reason: reason}
}

// deleted says why it is not known whether an object of the base is gone: what
// the head has in its place cannot be read.
func (d *doubts) deleted(o *facts.Object) doubt { return d.of(o, &d.base, &d.head) }

// created says why it is not known whether an object of the head is new.
func (d *doubts) created(o *facts.Object) doubt { return d.of(o, &d.head, &d.base) }

// of says why an object of one side may be there on the other side, or may not
// be what it looks like on its own.
func (d *doubts) of(o *facts.Object, own, other *sideDoubts) doubt {
	unit := own.outcomes[o.Unit].Unit
	from := deployedFrom{unit: o.Unit}
	if unit.Kind == render.KindManifests {
		from.file, from.stands = own.standsIn(o.ID)
	}
	why, known := own.known[from]
	if !known {
		files := own.files(o)
		why = cmp.Or(
			other.lost(own.above(o.Unit), d.trees),
			other.hides(files, d.trees),
			own.builder(files),
			other.unitHidden(unit, own, d.trees),
			own.unitHidden(unit, other, d.trees),
		)
		own.known[from] = why
	}
	return why
}

// standsIn is the file of an object of plain manifests, if it is known.
func (s *sideDoubts) standsIn(id string) (file string, ok bool) {
	l := s.locator(id)
	if l == nil {
		return "", false
	}
	return l.Locate(nil).File, true
}

// files are the files that an object of this side is deployed from: where it
// stands itself, and what says that its unit is there.
func (s *sideDoubts) files(o *facts.Object) []string {
	unit := s.outcomes[o.Unit]
	var out []string
	for _, u := range s.above(o.Unit) {
		out = append(out, definers(u)...)
	}
	switch {
	case unit.Unit.Kind == render.KindManifests:
		if file, ok := s.standsIn(o.ID); ok {
			out = append(out, file)
		}
	case unit.Rendered != nil: // is deployed as a whole
		out = append(out, unit.Rendered.Sources...)
	}
	return out
}

// definers are the files that say that a unit is there.
func definers(u render.Unit) []string {
	var out []string
	for _, file := range []string{u.Place.File, u.ControllerFile} {
		if file != "" && !slices.Contains(out, file) {
			out = append(out, file)
		}
	}
	return out
}

// lost says whether what deploys a unit of the other side, from near to far,
// cannot be followed on this side: a unit that renders it fails, or it names
// what cannot be deployed, or cannot be expanded.
func (s *sideDoubts) lost(above []render.Unit, t *Trees) doubt {
	for i, u := range above {
		list := slices.Concat(s.suspects[suspect{id: u.ID}], s.suspects[suspect{controller: u.Controller}])
		slices.Sort(list)
		for _, n := range slices.Compact(list) {
			f := &s.failed[n]
			same := u.Controller != "" && u.Controller == f.Controller && s.sameFile(t, u.ControllerFile, f.ControllerFile)
			switch {
			case i > 0 && u.ID == f.ID:
				return doubt{side: s.label, deployer: f.ID}
			case same && (i > 0 || u.ID != f.ID):
				return doubt{side: s.label, deployer: f.Controller}
			}
		}
	}
	return doubt{}
}

// fails adds a unit that is not rendered, or not whole.
func (s *sideDoubts) fails(u render.Unit) {
	for _, k := range []suspect{{id: u.ID}, {controller: u.Controller}} {
		if k != (suspect{}) {
			s.suspects[k] = append(s.suspects[k], len(s.failed))
		}
	}
	s.failed = append(s.failed, u)
}

// sameFile says whether a file of the other side is one of this side. One that
// is gone may be any.
func (s *sideDoubts) sameFile(t *Trees, file, here string) bool {
	name := s.name(t, file)
	return name == "" || name == here
}

// unitHidden says whether a unit of the same directory on the other side is
// defined by what cannot be read here: both may be one unit, deployed in another
// way.
func (s *sideDoubts) unitHidden(u render.Unit, other *sideDoubts, t *Trees) doubt {
	for _, o := range other.at[place{u.Kind, u.Path}] {
		if d := s.hides(definers(o), t); d != (doubt{}) {
			return d
		}
	}
	return doubt{}
}

// hides says whether what stands on this side in the place of files of the
// other one cannot be read: the file itself, the chart or kustomization above
// it, or a changed neighbour that may hold the object now.
func (s *sideDoubts) hides(files []string, t *Trees) doubt {
	for _, u := range s.unreadable {
		for _, file := range files {
			if standsFor(u, file, t.changed) || standsFor(u, s.name(t, file), t.changed) {
				return s.doubt(u)
			}
		}
	}
	return doubt{}
}

// builder says whether a chart or kustomization of this side that cannot be
// read may build files of the same side, which look as if they stood alone.
func (s *sideDoubts) builder(files []string) doubt {
	for _, u := range s.unreadable {
		if builds(u) && slices.ContainsFunc(files, func(f string) bool { return below(f, path.Dir(u.Path)) }) {
			return s.doubt(u)
		}
	}
	return doubt{}
}

func (s *sideDoubts) doubt(u discover.UnreadableFile) doubt {
	return doubt{side: s.label, file: u.Path}
}

// name is the name that a file of the other side has on this one, "" if it has
// none.
func (s *sideDoubts) name(t *Trees, file string) string {
	if s.label == "head" {
		return t.nameInHead(file)
	}
	return t.nameInBase(file)
}

// standsFor says whether an unreadable file may be what a file was.
func standsFor(u discover.UnreadableFile, file string, changed func(string) bool) bool {
	dir := path.Dir(u.Path)
	switch {
	case file == "":
		return false
	case u.Path == file, u.Below && below(file, u.Path):
		return true
	case builds(u):
		return below(file, dir)
	}
	return u.Kind == discover.KindManifest && dir == path.Dir(file) && changed(u.Path)
}

// below says whether a file stands in a directory, at any depth.
func below(file, dir string) bool { return dir == "." || strings.HasPrefix(file, dir+"/") }

// changed says whether the change touches a file of either side.
func (t *Trees) changed(file string) bool {
	return t.changes().changed[file]
}

// changedBelow says whether the change touches a file of either side that is a
// path or stands below it.
func (t *Trees) changedBelow(dir string) bool {
	c := t.changes()
	return c.changed[dir] || c.above[dir]
}
