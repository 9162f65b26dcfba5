package compare

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"gate/internal/deploy"
	"gate/internal/facts"
	"gate/internal/render"
)

// fates say what comes of changes in the cluster.
type fates struct {
	*pairing
	toHead, toBase map[string]string              // objects that are one on both sides, by id
	moved          map[[2]string]deploy.Fate      // by the unit of the base and that of the head
	others         map[[2]string][]map[string]any // by the side that is known, and unit
}

func newFates(p *pairing) *fates {
	return &fates{pairing: p, toHead: map[string]string{}, toBase: map[string]string{}, moved: map[[2]string]deploy.Fate{}, others: map[[2]string][]map[string]any{}}
}

func (f *fates) pair(base, head string) { f.toHead[base], f.toBase[head] = head, base }

// tell completes a change of an object: before is nil of one that is created,
// after of one that is deleted.
func (f *fates) tell(change *facts.ResourceChange, before, after *facts.Object) {
	if change.Action == "unchanged" {
		return
	}
	fate, pinned := f.pinned(before, after)
	if !pinned {
		fate = deploy.FateOf(f.input(change, before, after))
	}
	change.Outcome, change.Why, change.Deletes = fate.Outcome, fate.Why, fate.Deletes
}

func (f *fates) input(change *facts.ResourceChange, before, after *facts.Object) deploy.FateInput {
	in := deploy.FateInput{Action: change.Action, Paths: change.Paths}
	if before != nil {
		in.Before, in.Base = f.was.raw(before.ID), manifestsOf(f.was.deployers(before.Unit))
		in.Kind, in.CRD = f.was.madeBy(before)
	} else {
		in.Base = f.other(f.is, f.was, f.toBase, after.Unit)
		_, known := f.was.outcomes[after.Unit]
		in.NewUnit = !known
	}
	if after != nil {
		in.After, in.Head = f.is.raw(after.ID), manifestsOf(f.is.deployers(after.Unit))
		in.Kind, in.CRD = f.is.madeBy(after)
	} else {
		in.Head = f.other(f.was, f.is, f.toHead, before.Unit)
		o, ok := f.is.outcomes[before.Unit]
		in.Emptied = ok && o.Rendered != nil && !o.Rendered.AsBefore && len(o.Rendered.Objects) == 0
	}
	return in
}

func manifestsOf(list []render.Object) []map[string]any {
	var out []map[string]any
	for _, o := range list {
		out = append(out, o.Manifest)
	}
	return out
}

// madeBy is the kind of an object's unit, and whether the object comes from the
// directory crds/ of a chart, which Helm does not treat as its templates.
func (v *view) madeBy(o *facts.Object) (kind string, crd bool) {
	kind = v.outcomes[o.Unit].Unit.Kind
	return kind, kind == render.KindHelm && slices.Contains(strings.Split(path.Dir(v.files[o.ID]), "/"), "crds")
}

// other are the deployers that a unit of one side has on the other one: from the
// nearest that is there on.
func (f *fates) other(here, there *view, twin map[string]string, unit string) []map[string]any {
	key := [2]string{here.label, unit}
	out, known := f.others[key]
	if !known {
		out = deployersThere(here, there, twin, unit)
		f.others[key] = out
	}
	return out
}

func deployersThere(here, there *view, twin map[string]string, unit string) []map[string]any {
	for _, u := range here.above(unit) {
		d := here.objectOf(u.Deployer)
		if d == nil {
			return nil
		}
		at := there.find(u.Deployer.Unit, twin[here.idOf(u.Deployer)], d)
		if at == nil {
			continue
		}
		return append([]map[string]any{at.manifest}, manifestsOf(there.deployers(at.unit))...)
	}
	return nil
}

// pinned is what comes of a change to what a controller delivers in a revision of
// this repository that is not in the clone, and which the change does not move:
// the files of the tree stood for it. Where it moves the unit is in doubt.
func (f *fates) pinned(before, after *facts.Object) (deploy.Fate, bool) {
	was, inBase := f.was.outcomes[unitOf(before, after)]
	is, inHead := f.is.outcomes[unitOf(after, before)]
	if pin := is.Unit.Revision; inBase && inHead && pin != nil && pin.Tree == nil && was.Unit.Revision != nil && was.Unit.Revision.Name == pin.Name {
		return deploy.Fate{Outcome: facts.OutcomeNotApplied, Why: fmt.Sprintf("%s is pinned to %s of this repository, and the change does not move that", is.Unit.Controller, pin.Name)}, true
	}
	return deploy.Fate{}, false
}

// unitOf is the unit of an object, or of the other one where that is nil.
func unitOf(o, other *facts.Object) string {
	if o == nil {
		o = other
	}
	return o.Unit
}

// ofUnit is where the objects of a unit go that are the same as before: another
// cluster, if what deploys them sends them there now. The zero value is none.
func (f *fates) ofUnit(base, head string) deploy.Fate {
	fate, ok := f.moved[[2]string{base, head}]
	if !ok {
		fate = deploy.Moved(manifestsOf(f.was.deployers(base)), manifestsOf(f.is.deployers(head)))
		f.moved[[2]string{base, head}] = fate
	}
	return fate
}

// found is an object of a side.
type found struct {
	unit     string
	manifest map[string]any
}

// find is the object of a side that is known by its id, or else stands in the
// unit of the id and is called as another one is; nil if there is none, or
// nothing deploys it.
func (v *view) find(unit, id string, like map[string]any) *found {
	if id != "" {
		if i, ok := v.byID[id]; ok {
			if v.left(&v.objects[i]) {
				return nil
			}
			return &found{v.objects[i].Unit, v.raw(id)}
		}
	}
	o := v.outcomes[unit]
	if o.Rendered == nil {
		return nil
	}
	called := v.called[unit]
	if called == nil {
		called = map[calling][]render.Object{}
		for _, obj := range o.Rendered.Objects {
			name := callingOf(obj.Manifest)
			called[name] = append(called[name], obj)
		}
		v.called[unit] = called
	}
	for _, obj := range called[callingOf(like)] {
		if !v.leaving.leaves(unit, obj.Place.File) {
			return &found{unit, obj.Manifest}
		}
	}
	return nil
}

// objectOf is the manifest of the object that deploys a unit, nil if there is none.
func (v *view) objectOf(d render.Deployer) map[string]any {
	o := v.outcomes[d.Unit]
	if o.Rendered == nil || d.Object >= len(o.Rendered.Objects) {
		return nil
	}
	return o.Rendered.Objects[d.Object].Manifest
}

// idOf is the id of that object, "" if it is not known.
func (v *view) idOf(d render.Deployer) string {
	ids := v.ids[d.Unit]
	if ids == nil {
		ids = map[calling]string{}
		for _, i := range slices.Backward(v.byUnit[d.Unit]) {
			ids[callingOf(v.raw(v.objects[i].ID))] = v.objects[i].ID
		}
		v.ids[d.Unit] = ids
	}
	return ids[callingOf(v.objectOf(d))]
}
