package pipeline

import (
	"cmp"
	"context"
	"errors"
	"reflect"
	"slices"

	"gate/internal/config"
	"gate/internal/deploy"
	"gate/internal/discover"
	"gate/internal/facts"
	"gate/internal/render"
	"gate/internal/secrets"
	"gate/internal/source"
	"gate/internal/transition"
)

// baseState is what the base renders to, as far as the change touches it.
type baseState struct {
	inv   *discover.Inventory
	units map[string]render.Outcome // rendered ones, by id
	got   *render.Collected
	// failed are the units of which the base does not say what they are, or
	// not everything: what they hold is neither created nor deleted.
	failed map[string]bool
	// same are the units that the change does not touch.
	same map[string]bool
	// raw is what updated, moved and deleted objects were, unredacted, by the
	// id that they have in the facts. Nil unless it is asked for.
	raw map[string]map[string]any
}

// compareWithBase says of every object what the change does to it. Without a
// base nothing is said. Only what the change touches is rendered once more.
func (r *run) compareWithBase(ctx context.Context, scanner *secrets.Scanner, outs []render.Outcome, got *render.Collected) {
	if r.change == nil || r.change.BaseTree == nil {
		return
	}
	b, err := r.renderBase(ctx, outs)
	if err != nil {
		if ctx.Err() == nil {
			r.failed("base", "base", err)
		}
		return
	}
	r.before = b
	if r.keepBefore {
		b.raw = map[string]map[string]any{}
	}
	r.setChanges(scanner, b, outs, got)
	b.got = nil // what is needed of it stands in the facts
	for id, o := range b.units {
		if o.Rendered != nil {
			o.Rendered = &render.Rendered{Unit: o.Unit, Sources: o.Rendered.Sources}
			b.units[id] = o
		}
	}
}

// renderBase renders the units of the base that the change touches, and those
// that only the base has.
func (r *run) renderBase(ctx context.Context, outs []render.Outcome) (*baseState, error) {
	b := &baseState{units: map[string]render.Outcome{}, failed: map[string]bool{}, same: map[string]bool{}}
	reach := r.reachOfChange()
	head := make(map[string]render.Outcome, len(outs))
	touched := false
	for _, o := range outs {
		head[o.Unit.ID] = o
		touched = touched || reach.touches(o)
	}
	if !touched && !reach.structural {
		for _, o := range outs {
			b.same[o.Unit.ID] = true
		}
		b.got = &render.Collected{}
		return b, nil
	}
	var err error
	if b.inv, err = r.baseInventory(ctx, reach); err != nil {
		return nil, err
	}
	units, _ := deploy.Units(r.change.BaseTree, b.inv, r.policy.Config, r.identities...)
	var todo []render.Unit
	definitions := []render.Outcome{} // of custom kinds, which say what has a namespace
	for _, u := range units {
		if u.Fault != nil && r.store == nil {
			continue // cannot be rendered, as in the head
		}
		if x, ok := r.policy.Config.ExcludedUnit(u.ID, u.Path, r.o.Now); ok && !x.Expired(r.o.Now) {
			continue
		}
		o, both := head[u.ID]
		switch {
		case both && o.Err != nil: // the head's own fault stands in the ledger
			b.failed[u.ID] = true
		case both && !reach.touches(o) && reflect.DeepEqual(u, o.Unit):
			b.same[u.ID] = true
			definitions = append(definitions, definitionsOf(o))
		default:
			todo = append(todo, u)
		}
	}
	opts := r.renderOptions(KindBase)
	opts.Charts = r.charts(r.change.BaseTree)
	rendered := render.All(ctx, r.change.BaseTree, todo, opts)
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	for _, o := range rendered {
		b.units[o.Unit.ID] = o
		if o.Err != nil || len(o.Rendered.Faults) > 0 {
			b.failed[o.Unit.ID] = true
		}
		if h, both := head[o.Unit.ID]; both && len(h.Rendered.Faults) > 0 {
			b.failed[o.Unit.ID] = true
		}
	}
	b.got = render.Facts(slices.Concat(rendered, definitions), nil)
	r.baseFaults(b, reach)
	return b, nil
}

// definitionsOf is an outcome with the custom resource definitions only.
func definitionsOf(o render.Outcome) render.Outcome {
	out := render.Outcome{Unit: o.Unit, Rendered: &render.Rendered{Unit: o.Unit}}
	for _, obj := range o.Rendered.Objects {
		if obj.Manifest["kind"] == "CustomResourceDefinition" {
			out.Rendered.Objects = append(out.Rendered.Objects, obj)
		}
	}
	return out
}

// baseFaults enters what of the base could not be read or rendered, where the
// change touches it: what it held is not known.
func (r *run) baseFaults(b *baseState, reach *reach) {
	const hint = "compare with the last commit that renders: --base COMMIT"
	fault := func(e facts.Entry) {
		r.ledger = append(r.ledger, facts.Entry{
			Kind: "base", ID: e.ID, State: facts.Failed, Place: e.Place, Hint: hint,
			Reason: "what the change does here is not known, the base cannot be read: " + e.Reason,
		})
	}
	for _, e := range b.inv.Ledger {
		if e.Kind == "file" && e.State == facts.Failed && reach.files[e.ID] {
			if x, ok := r.policy.Config.Excluded(e.ID, r.o.Now); !ok || x.Expired(r.o.Now) {
				fault(e)
			}
		}
	}
	for _, e := range b.got.Ledger {
		if _, ok := b.units[e.ID]; ok && e.Kind == "unit" && e.State == facts.Failed {
			fault(e)
		}
	}
}

// setChanges compares the two states, object by object.
func (r *run) setChanges(scanner *secrets.Scanner, b *baseState, outs []render.Outcome, got *render.Collected) {
	base := r.baseObjects(b)
	var head []facts.Object
	var at []int // index in got.Objects of each of head
	for i := range got.Objects {
		switch o := &got.Objects[i]; {
		case b.same[o.Unit]:
			o.Change = &facts.Transition{Action: "unchanged", Paths: []string{}}
		default:
			head, at = append(head, *o), append(at, i)
		}
	}
	kept := make([]bool, len(base))
	for i, j := range transition.Match(base, head) {
		o := &got.Objects[at[i]]
		if j < 0 {
			if !b.failed[o.Unit] {
				o.Change = &facts.Transition{Action: "created", Paths: []string{}}
			}
			continue
		}
		kept[j] = true
		raw := b.got.Raw[base[j].ID]
		o.Change = compareObject(scanner, raw, got.Raw[o.ID], o, base[j].ID)
		if b.raw != nil && o.Change.Action != "unchanged" {
			b.raw[o.ID] = raw
		}
	}
	taken := map[string]bool{}
	for i := range got.Objects {
		taken[got.Objects[i].ID] = true
	}
	for j, o := range base {
		if kept[j] || b.failed[o.Unit] {
			continue
		}
		l := r.placeInHead(b, o.Unit, b.got.Locators[o.ID])
		for taken[o.ID] { // the same unit holds it in another target now
			o.ID += "~deleted"
		}
		taken[o.ID] = true
		if b.raw != nil {
			b.raw[o.ID] = o.Manifest
		}
		o.Manifest = scanner.Redact(o.Manifest)
		o.Change = &facts.Transition{Action: "deleted", Paths: []string{}}
		r.facts.DeletedObjects = append(r.facts.DeletedObjects, o)
		r.locators[o.ID] = l
	}
	slices.SortFunc(r.facts.DeletedObjects, func(a, b facts.Object) int { return cmp.Compare(a.ID, b.ID) })
}

// baseObjects are the objects of the base that can differ, with their scopes.
func (r *run) baseObjects(b *baseState) []facts.Object {
	hints := map[string]config.Hint{}
	for id, o := range b.units {
		hints[id] = r.unitHint(o.Unit, b.inv)
	}
	var out []facts.Object
	for _, o := range b.got.Objects {
		if h, ok := hints[o.Unit]; ok {
			o.Scope = toScope(r.resolver.Scope(objectHint(h, o, "")))
			out = append(out, o)
		}
	}
	return out
}

// compareObject says what became of an object. Whether it differs is told from
// what it really holds; what is kept of it is redacted.
func compareObject(scanner *secrets.Scanner, before, after map[string]any, o *facts.Object, was string) *facts.Transition {
	t := &facts.Transition{Action: "unchanged", Paths: []string{}}
	if was != o.ID {
		t.Action, t.From = "moved", was
	}
	if transition.Equal(before, after) {
		if t.Action == "moved" {
			t.Before = o.Manifest
		}
		return t
	}
	shown := scanner.Redact(before)
	t.Paths = transition.Paths(transition.Diff(transition.Side{Raw: before, Shown: shown}, transition.Side{Raw: after, Shown: o.Manifest}))
	t.Before = shown
	if t.Action == "unchanged" {
		t.Action = "updated"
	}
	return t
}

// baseInventory says what the files of the base are. What the change left as
// it is need not be read again.
func (r *run) baseInventory(ctx context.Context, reach *reach) (*discover.Inventory, error) {
	view := newBaseView(r.change.BaseTree, r.inv, reach.files)
	inv, err := discover.CollectWith(ctx, view, r.discoverOptions(KindBaseFile))
	if err != nil {
		return nil, errors.Join(errors.New("read the base"), err)
	}
	for i, m := range inv.Manifests {
		if docs, ok := view.docs[m.Path]; ok {
			inv.Manifests[i].Docs = docs
		}
	}
	r.leaveOutExcluded(inv)
	return inv, nil
}

// baseView is the base as discovery may see it: of an unchanged manifest a
// short one stands for the content, and files that are nothing by themselves
// are empty. Parsing 10,000 manifests again takes seconds.
type baseView struct {
	source.Tree
	docs map[string][]*source.Document // of unchanged manifests
	none map[string]bool               // unchanged files that are nothing
}

const anyManifest = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: unchanged}\n"

func newBaseView(tree source.Tree, head *discover.Inventory, changed map[string]bool) *baseView {
	v := &baseView{Tree: tree, docs: map[string][]*source.Document{}, none: map[string]bool{}}
	plain := func(p string) bool { // a link may lead to what is changed
		e, ok := tree.Lookup(p)
		return ok && !e.Symlink && !changed[p]
	}
	for _, m := range head.Manifests {
		if plain(m.Path) && !kustomizationName(m.Path) {
			v.docs[m.Path] = m.Docs
		}
	}
	for _, f := range head.Files {
		if _, manifest := v.docs[f.Path]; !manifest && f.Kind == discover.KindOther && plain(f.Path) {
			v.none[f.Path] = true
		}
	}
	return v
}

// ReadFile returns what discovery needs of the file.
func (v *baseView) ReadFile(p string) ([]byte, error) {
	if _, ok := v.docs[p]; ok {
		return []byte(anyManifest), nil
	}
	if v.none[p] {
		return nil, nil
	}
	return v.Tree.ReadFile(p)
}

// noteSeeded remembers which units hold stand-ins for random values.
func (r *run) noteSeeded(outs []render.Outcome) {
	r.seeded = map[string][]string{}
	for _, o := range outs {
		if o.Rendered != nil && o.Rendered.Seeded {
			r.seeded[o.Unit.ID] = o.Rendered.SeededBy
		}
	}
}
