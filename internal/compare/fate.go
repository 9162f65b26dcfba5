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
		u := f.was.outcomes[before.Unit].Unit
		in.Before, in.Base, in.Kind, in.CRD = f.was.raw(before.ID), manifestsOf(f.was.deployers(before.Unit)), u.Kind, ofCRDs(u, f.was.files[before.ID])
		if after == nil {
			in.Head = f.other(f.was, f.is, f.toHead, before.Unit)
			o, ok := f.is.outcomes[before.Unit]
			in.Emptied = ok && o.Rendered != nil && len(o.Rendered.Objects) == 0
		}
	}
	if after != nil {
		u := f.is.outcomes[after.Unit].Unit
		in.After, in.Head, in.Kind, in.CRD = f.is.raw(after.ID), manifestsOf(f.is.deployers(after.Unit)), u.Kind, ofCRDs(u, f.is.files[after.ID])
		if before == nil {
			in.Base = f.other(f.is, f.was, f.toBase, after.Unit)
			_, known := f.was.outcomes[after.Unit]
			in.NewUnit = !known
		}
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

// ofCRDs says whether a file is of the directory crds/ of a chart, which Helm
// does not treat as its templates.
func ofCRDs(u render.Unit, file string) bool {
	return u.Kind == render.KindHelm && slices.Contains(strings.Split(path.Dir(file), "/"), "crds")
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
// this repository that is not in the clone: the files of the tree stood for it.
func (f *fates) pinned(before, after *facts.Object) (deploy.Fate, bool) {
	var was, is *render.Revision
	var by string
	if before != nil {
		u := f.was.outcomes[before.Unit].Unit
		was, by = u.Revision, u.Controller
		if o, ok := f.is.outcomes[before.Unit]; ok && after == nil {
			is = o.Unit.Revision
		} else if after == nil {
			return deploy.Fate{}, false // is not deployed any more
		}
	}
	if after != nil {
		u := f.is.outcomes[after.Unit].Unit
		is, by = u.Revision, u.Controller
		if o, ok := f.was.outcomes[after.Unit]; ok && before == nil {
			was = o.Unit.Revision
		} else if before == nil {
			return deploy.Fate{}, false // was not deployed before
		}
	}
	lacks := func(r *render.Revision) bool { return r != nil && r.Tree == nil }
	switch {
	case !lacks(was) && !lacks(is):
		return deploy.Fate{}, false
	case was != nil && is != nil && was.Name == is.Name:
		return deploy.Fate{Outcome: facts.OutcomeNotApplied, Why: fmt.Sprintf("%s is pinned to %s of this repository, and the change does not move that", by, is.Name)}, true
	}
	return deploy.Fate{Outcome: facts.OutcomeUnknown, Why: fmt.Sprintf("%s moves from %s to %s of this repository, and the clone does not have both", by, revisionText(was), revisionText(is))}, true
}

func revisionText(r *render.Revision) string {
	if r == nil {
		return "what the change leads to"
	}
	return r.Name
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
