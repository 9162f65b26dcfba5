package compare

import (
	"slices"

	"gate/internal/doc"
	"gate/internal/facts"
	"gate/internal/render"
	"gate/internal/source"
)

// view is a side as it is compared with the other one.
type view struct {
	label    string // base or head
	side     *Side
	outcomes map[string]render.Outcome // units and sets of Applications, by id
	// objects are those of the units, then the Applications that sets make.
	objects []facts.Object
	leaving leaving
	files   map[string]string // where an object comes from, by its id

	byID   map[string]int   // index in objects
	byUnit map[string][]int // the same, by the unit of the object

	// What is asked for again and again, by unit, once it was.
	ids     map[string]map[calling]string // of objects; of several alike the first
	called  map[string]map[calling][]render.Object
	touches map[string]string // as Trees.touched has it
}

// calling is what an object is called.
type calling struct{ apiVersion, kind, namespace, name string }

func callingOf(m map[string]any) calling {
	return calling{doc.Text(m, "apiVersion"), doc.Text(m, "kind"), doc.Text(m, "metadata", "namespace"), doc.Text(m, "metadata", "name")}
}

func newView(label string, s *Side, l leaving) *view {
	v := &view{
		label: label, side: s, files: map[string]string{}, ids: map[string]map[calling]string{}, called: map[string]map[calling][]render.Object{}, touches: map[string]string{},
		outcomes: outcomesByID(slices.Concat(s.Outcomes, s.Made)), objects: s.Collected.Objects, leaving: l,
	}
	if s.Applications != nil {
		v.objects = slices.Concat(v.objects, s.Applications.Objects)
	}
	for _, c := range []*render.Collected{s.Collected, s.Applications} {
		if c == nil {
			continue
		}
		for _, e := range c.Ledger {
			if e.Kind == "object" {
				v.files[e.ID] = e.Place.File
			}
		}
	}
	v.byID, v.byUnit = map[string]int{}, map[string][]int{}
	for i, o := range v.objects {
		v.byID[o.ID] = i
		v.byUnit[o.Unit] = append(v.byUnit[o.Unit], i)
	}
	return v
}

// left says whether an object is no part of what is compared.
func (v *view) left(o *facts.Object) bool { return v.leaving.leaves(o.Unit, v.files[o.ID]) }

// raw is the manifest of an object, not redacted.
func (v *view) raw(id string) map[string]any {
	if m := v.side.Collected.Raw[id]; m != nil || v.side.Applications == nil {
		return m
	}
	return v.side.Applications.Raw[id]
}

func (v *view) locator(id string) source.Locator {
	if l := v.side.Collected.Locators[id]; l != nil || v.side.Applications == nil {
		return l
	}
	return v.side.Applications.Locators[id]
}

// apart is what is said of every object that nothing deploys.
var apart = facts.ResourceChange{
	Action: "unchanged", Paths: []string{}, Outcome: facts.OutcomeNotApplied, Why: "nothing in the repository deploys it",
}

// maxAbove bounds how far up it is looked for who deploys.
const maxAbove = 16

// above is a unit and those that render what deploys it, the unit first.
func (v *view) above(id string) []render.Unit {
	var out []render.Unit
	for o, ok := v.outcomes[id]; ok && len(out) < maxAbove; o, ok = v.outcomes[o.Unit.Deployer.Unit] {
		out = append(out, o.Unit)
	}
	return out
}

// deployers are the objects that deploy a unit: the nearest first, then what
// deploys that one, and so on.
func (v *view) deployers(id string) []render.Object {
	var out []render.Object
	for _, u := range v.above(id) {
		o := v.outcomes[u.Deployer.Unit]
		if o.Rendered == nil || u.Deployer.Object >= len(o.Rendered.Objects) {
			break
		}
		out = append(out, o.Rendered.Objects[u.Deployer.Object])
	}
	return out
}
