package deploy

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sort"
	"strings"

	"gate/internal/config"
	"gate/internal/discover"
	"gate/internal/facts"
	"gate/internal/render"
	"gate/internal/render/jsonnet"
	"gate/internal/source"
)

// What bounds how objects deploy objects: how deep, and how often the whole is
// looked through again because of what the last time brought.
const (
	maxGenerations = 5
	maxRounds      = 12
)

// Deployed is a tree as it is deployed.
type Deployed struct {
	// Outcomes are the units, sorted by id. Behind them, sorted likewise, are
	// the Applications that ApplicationSets make, as one unit for each set
	// (render.KindApplicationSet).
	Outcomes, Made []render.Outcome
	// Kinds are the kinds of units of which is known who deploys them from this
	// repository: what is of another kind is taken to be deployed by itself.
	Kinds []string
	// Left are the units that were not wanted.
	Left []render.Unit
	// Tried is what was rendered on the way and is not deployed like that in the
	// end.
	Tried []render.Outcome
	// Ledger is as that of Units.
	Ledger []facts.Entry
}

// Tree renders everything in a tree: the units of Units, and what the Argo CD
// and Flux objects among the rendered ones deploy in turn (an application of
// applications, a HelmRelease that an overlay patches). keep says which units
// are wanted; nil means all.
//
// It plans everything anew from what the last round rendered, until nothing
// changes: what turns out to be deployed with other values, or by variables
// that another unit renders, leaves nothing of its earlier rendering behind.
func Tree(ctx context.Context, tree source.Tree, inv *discover.Inventory, cfg *config.Config, opts render.Options, keep func(render.Unit) bool) Deployed {
	here, others := newLayout(tree, inv), map[*render.Revision]*layout{}
	t := &rounds{
		layout: here, listing: listings(inv), renderers: map[source.Tree]*render.Renderer{nil: render.NewRenderer(tree, opts)}, opts: opts, keep: keep, raw: rawDeployers(inv), cache: map[string][]*rendering{}, at: map[string][]*rendering{}, speaks: map[string]bool{},
		habitats: newHabitats(cfg), barren: map[string]bool{},
		plan: func(raw, found []deployer, l *left, vary bool, beside []deployer) plan {
			p := newPlanner(here, cfg)
			p.left, p.vary = l, vary
			p.layouts, p.repositories, p.revision = others, opts.Repositories, opts.Revision
			all := slices.Concat(raw, found)
			p.controllers(all, all)
			p.besides(beside, all)
			units, ledger := p.finish()
			return plan{units, p.made, ledger, p.known}
		},
	}
	var now, before []*rendering
	for round := 1; ; round++ {
		found := t.deployers(now)
		l := t.leftOut(now)
		raw := slices.Concat(standing(t.rooted(now), found), t.leftDeployers(l))
		p := t.plan(raw, found, l, false, nil)
		before, now = now, t.render(ctx, p.units)
		if same := round > 1 && slices.Equal(now, before); same || round == maxRounds || ctx.Err() != nil {
			if !same {
				endless(now, before)
				return t.deployed(p, now)
			}
			return t.varied(ctx, raw, found, l)
		}
	}
}

// rounds is a Tree in the making.
type rounds struct {
	layout    *layout
	listing   []string                         // directories; see holders
	renderers map[source.Tree]*render.Renderer // nil: of the tree itself
	opts      render.Options
	keep      func(render.Unit) bool
	plan      func(raw, found []deployer, l *left, vary bool, beside []deployer) plan
	raw       []deployer
	cache     map[string][]*rendering
	at        map[string][]*rendering // what was rendered, by path
	speaks    map[string]bool         // files that may hold what delivers others, once they are asked for
	habitats  *habitats
	barren    map[string]bool   // see left
	inflates  map[string]string // see inflated
}

// plan is what is to be rendered by what is known so far.
type plan struct {
	units  []planned
	sets   []made
	ledger []facts.Entry
	known  deployedKinds
}

// rendering is a unit that was rendered in some round. What the object of
// another rendering deploys is another one, though the units may be the same.
type rendering struct {
	unit    render.Unit
	by      *rendering // that the object which deploys it is of; nil for a raw one
	depth   int        // how many of these stand above it
	wanted  bool
	outcome render.Outcome
	objects []deployer
}

// render returns the renderings of units; those that are not known yet are
// rendered.
func (t *rounds) render(ctx context.Context, units []planned) []*rendering {
	out := make([]*rendering, len(units))
	var todo []*rendering
	for i, u := range units {
		out[i] = t.known(u)
		if out[i] != nil {
			continue
		}
		r := &rendering{unit: u.Unit}
		if u.from != nil && u.from.by != nil {
			r.by, r.depth = u.from.by, u.from.by.depth+1
		}
		key := cacheKey(u.Unit)
		t.cache[key] = append(t.cache[key], r)
		out[i] = r
		if r.wanted = t.keep == nil || t.keep(u.Unit); r.wanted && !t.repeats(r) {
			todo = append(todo, r)
		}
	}
	t.renderAll(ctx, todo)
	return out
}

// repeats lets a unit be what an alike one was rendered to: most of what somebody
// deploys was looked at as it stands before.
func (t *rounds) repeats(r *rendering) bool {
	if r.depth >= maxGenerations {
		return false
	}
	for _, other := range t.at[r.unit.Path] {
		if o := other.outcome; o.Rendered != nil && !o.Rendered.AsBefore && len(o.Rendered.SeededBy) == 0 && other.unit.Alike(r.unit) {
			rendered := *o.Rendered
			rendered.Unit = r.unit
			r.outcome = render.Outcome{Unit: r.unit, Rendered: &rendered}
			r.find()
			return true
		}
	}
	t.at[r.unit.Path] = append(t.at[r.unit.Path], r)
	return false
}

// renderAll renders what is not rendered yet, each from its tree.
func (t *rounds) renderAll(ctx context.Context, todo []*rendering) {
	var trees []source.Tree // nil: the tree itself
	of := map[source.Tree][]*rendering{}
	for _, r := range todo {
		if r.depth >= maxGenerations {
			r.unit.Fault = &source.Error{Position: r.unit.Place, Msg: fmt.Sprintf("objects deploy objects more than %d levels deep", maxGenerations)}
			r.unit.Fetch = nil
		}
		tree := treeOf(r.unit)
		if of[tree] == nil {
			trees = append(trees, tree)
		}
		of[tree] = append(of[tree], r)
	}
	for _, tree := range trees {
		if t.renderers[tree] == nil { // of another revision, or without what is ignored
			t.renderers[tree] = render.NewRenderer(tree, t.opts)
		}
		list := make([]render.Unit, len(of[tree]))
		for i, r := range of[tree] {
			list[i] = r.unit
		}
		for i, o := range t.renderers[tree].All(ctx, list) {
			r := of[tree][i]
			if r.outcome = o; elsewhere(r.unit) {
				r.outcome = atPin(o)
			}
			r.find()
		}
	}
}

// treeOf is the tree that a unit is rendered from, nil if that is the one which
// is judged.
func treeOf(u render.Unit) source.Tree {
	switch {
	case u.Artifact != nil:
		return u.Artifact.Tree
	case u.Revision != nil && u.Revision.Tree != nil:
		return u.Revision.Tree
	}
	return nil
}

func cacheKey(u render.Unit) string {
	return strings.Join([]string{u.Kind, u.Path, u.Release, u.Controller, u.ControllerFile, u.CIValues, variantKey(u)}, "\x00")
}

// variantKey tells the readings of a unit apart.
func variantKey(u render.Unit) string {
	if u.Variant == nil {
		return ""
	}
	return u.Variant.By + " " + u.Variant.With
}

// known is the rendering of a unit, nil if there is none yet. What deploys
// itself is the same unit each time, deployed by what it was before.
func (t *rounds) known(u planned) *rendering {
	var by *rendering
	if u.from != nil {
		by = u.from.by
	}
	for _, r := range t.cache[cacheKey(u.Unit)] {
		same := r.by == by || r.by != nil && by != nil && r.by.unit.Same(by.unit)
		if same && r.unit.Same(u.Unit) {
			r.by = by
			return r
		}
	}
	return nil
}

// find looks the objects of a rendering through for what deploys others.
func (r *rendering) find() {
	if r.outcome.Rendered == nil || r.unit.Variant != nil {
		return
	}
	for i, obj := range r.outcome.Rendered.Objects {
		if r.unit.Kind == render.KindManifests && r.unit.Substitute == nil && !elsewhere(r.unit) && !jsonnet.IsProgram(obj.File) {
			continue // is known as it stands in the tree
		}
		d := newDeployer(obj.Manifest, obj.Locator, obj.File)
		d.by, d.number = r, i
		r.objects = append(r.objects, d)
	}
}

// deployers are the objects of renderings.
func (t *rounds) deployers(list []*rendering) []deployer {
	var out []deployer
	for _, r := range list {
		out = append(out, r.objects...)
	}
	return out
}

// standing are the objects of raw manifests that are deployed as they stand: of
// what a controller lists, or fills variables into, only that counts.
func standing(raw, found []deployer) []deployer {
	type origin struct{ file, kind string }
	built := map[origin]bool{}
	for _, d := range found {
		if u := d.by.unit; !elsewhere(u) && (u.Kind == render.KindKustomize || u.Kind == render.KindManifests) {
			built[origin{d.file, d.kind}] = true
		}
	}
	if len(built) == 0 {
		return raw
	}
	return slices.DeleteFunc(slices.Clone(raw), func(d deployer) bool { return built[origin{d.file, d.kind}] })
}

// endless fails what the last round brought: it would go on.
func endless(now, before []*rendering) {
	known := make(map[*rendering]bool, len(before))
	for _, r := range before {
		known[r] = true
	}
	for _, r := range now {
		if !known[r] {
			r.outcome = render.Outcome{Unit: r.unit, Err: &source.Error{
				Position: r.unit.Place, Msg: fmt.Sprintf("what objects deploy is not settled after %d rounds: they deploy one another", maxRounds),
			}}
		}
	}
}

// deployed is what became of the units, with their final ids.
func (t *rounds) deployed(p plan, list []*rendering) Deployed {
	out := Deployed{Ledger: p.ledger, Kinds: p.known.kinds()}
	ids := map[*rendering]string{}
	for i, r := range list {
		ids[r] = p.units[i].ID
	}
	for _, key := range slices.Sorted(maps.Keys(t.cache)) {
		for _, r := range t.cache[key] {
			if _, deployed := ids[r]; !deployed && r.wanted {
				out.Tried = append(out.Tried, r.outcome)
			}
		}
	}
	where := newPlaces(list, ids)
	held, listed := t.holders(list), t.listed(p, list)
	forlorn := t.forlorn(held)
	out.Made = where.sets(p.sets)
	for i, r := range list {
		u := r.unit
		u.ID, u.Variant = p.units[i].ID, p.units[i].Variant
		u.Delivers = u.Variant == nil && t.delivers(r)
		u.Undeployed = p.units[i].Undeployed && (u.Variant != nil || !u.Delivers || held.all(u.Files) || listed(u) || forlorn[u.Path])
		if u.Variant == nil {
			u.Deployer = where.of(p.units[i].from)
		}
		if !r.wanted {
			out.Left = append(out.Left, u)
			continue
		}
		o := r.outcome
		o.Unit = u
		if o.Rendered != nil {
			rendered := *o.Rendered
			rendered.Unit = u
			o.Rendered = &rendered
		}
		out.Outcomes = append(out.Outcomes, o)
	}
	out.spread()
	out.lend()
	out.sameVariants()
	out.Outcomes = render.Expand(out.Outcomes)
	sort.SliceStable(out.Outcomes, func(i, j int) bool { return out.Outcomes[i].Unit.ID < out.Outcomes[j].Unit.ID })
	return out
}

// lend takes for deployed what lends variables or values to what is deployed,
// unless that is deployed in another way.
func (d *Deployed) lend() {
	lends := map[string]bool{}
	for _, o := range d.Outcomes {
		if !o.Unit.Undeployed {
			for _, f := range o.Unit.From {
				lends[f] = true
			}
		}
	}
	for _, o := range d.Outcomes {
		if !o.Unit.Undeployed && o.Rendered != nil {
			for _, f := range o.Rendered.Files() {
				delete(lends, f)
			}
		}
	}
	for i := range d.Outcomes {
		o := &d.Outcomes[i]
		if o.Unit.Undeployed && o.Unit.Variant == nil && o.Rendered != nil {
			o.Unit.Undeployed = !slices.ContainsFunc(o.Rendered.Files(), func(f string) bool { return lends[f] })
		}
	}
}

// spread marks what is deployed by an object that nothing deploys.
func (d *Deployed) spread() {
	undeployed := map[string]bool{}
	for _, o := range d.Outcomes {
		undeployed[o.Unit.ID] = o.Unit.Undeployed
	}
	for range maxGenerations {
		for _, list := range [][]render.Outcome{d.Outcomes, d.Made} {
			for i := range list {
				u := &list[i].Unit
				if !u.Configured && undeployed[u.Deployer.Unit] {
					u.Undeployed, undeployed[u.ID] = true, true
				}
			}
		}
	}
}

// listed says of what delivers others whether nobody applies it by itself:
// manifests that kustomizations of other directories list, and what is deployed
// in another state of the repository.
func (t *rounds) listed(p plan, list []*rendering) func(render.Unit) bool {
	built, pinned := map[string]bool{}, map[place]bool{}
	for i, r := range list {
		if elsewhere(r.unit) {
			pinned[place{r.unit.Kind, r.unit.Path}] = true
			continue
		}
		if r.outcome.Rendered == nil || r.unit.Kind != render.KindKustomize || p.units[i].Undeployed && !t.delivers(r) {
			continue
		}
		for _, f := range r.outcome.Rendered.Files() {
			built[f] = true
		}
	}
	return func(u render.Unit) bool {
		return pinned[place{u.Kind, u.Path}] || u.Kind == render.KindManifests && !slices.ContainsFunc(u.Files, func(f string) bool { return !built[f] })
	}
}
