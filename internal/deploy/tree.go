package deploy

import (
	"context"
	"fmt"
	"sort"

	"gate/internal/config"
	"gate/internal/discover"
	"gate/internal/facts"
	"gate/internal/render"
	"gate/internal/render/jsonnet"
	"gate/internal/source"
)

// maxGenerations bounds how deep Applications may deploy Applications.
const maxGenerations = 5

// Tree renders everything in a tree: the units of Units, and what the Argo CD
// and Flux objects among the rendered ones deploy in turn (an application of
// applications, a HelmRelease that an overlay patches). keep says which units
// are wanted; nil means all. A chart or kustomization that turns out to be
// deployed is not rendered by itself as well. The outcomes are sorted by unit
// id, the entries are those of Units.
func Tree(ctx context.Context, tree source.Tree, inv *discover.Inventory, cfg *config.Config, opts render.Options, keep func(render.Unit) bool) ([]render.Outcome, []facts.Entry) {
	p := newPlanner(tree, inv, cfg)
	p.repositories = opts.Repositories
	known := rawDeployers(inv)
	p.controllers(known, known)
	renderer := render.NewRenderer(tree, opts)
	done := map[string]render.Outcome{}
	read := map[string]bool{} // units whose objects were looked through
	for generation := 1; ; generation++ {
		units, ledger := p.finish()
		missing(ctx, renderer, units, keep, done)
		var found []deployer
		for _, u := range units {
			if o := done[u.key()]; o.Rendered != nil && !read[u.key()] {
				read[u.key()] = true
				for _, obj := range o.Rendered.Objects {
					if u.Kind == render.KindManifests && !jsonnet.IsProgram(obj.File) {
						continue // is known as it stands in the tree
					}
					found = append(found, newDeployer(obj.Manifest, obj.Locator, obj.File))
				}
			}
		}
		known = append(known, found...)
		before := len(p.units)
		p.controllers(found, known)
		if len(p.units) == before {
			return outcomes(units, done), ledger
		}
		if generation == maxGenerations {
			for _, u := range p.units[before:] {
				u.Fault = &source.Error{Position: u.Place, Msg: fmt.Sprintf("objects deploy objects more than %d levels deep", maxGenerations)}
				done[u.key()] = render.Outcome{Unit: u.Unit, Err: u.Fault}
			}
			units, ledger = p.finish()
			return outcomes(units, done), ledger
		}
	}
}

// missing renders the units that are not done yet.
func missing(ctx context.Context, renderer *render.Renderer, units []planned, keep func(render.Unit) bool, done map[string]render.Outcome) {
	var todo []render.Unit
	var keys []string
	for _, u := range units {
		if _, ok := done[u.key()]; !ok && (keep == nil || keep(u.Unit)) {
			todo, keys = append(todo, u.Unit), append(keys, u.key())
		}
	}
	for i, o := range renderer.All(ctx, todo) {
		done[keys[i]] = o
	}
}

// outcomes returns what became of the units, with their final ids.
func outcomes(units []planned, done map[string]render.Outcome) []render.Outcome {
	out := make([]render.Outcome, 0, len(units))
	for _, u := range units {
		o, ok := done[u.key()]
		if !ok {
			continue // not wanted
		}
		o.Unit.ID = u.ID
		if o.Rendered != nil {
			o.Rendered.Unit.ID = u.ID
		}
		out = append(out, o)
	}
	sort.SliceStable(out, func(i, j int) bool { return out[i].Unit.ID < out[j].Unit.ID })
	return out
}
