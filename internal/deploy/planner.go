// Package deploy finds out what is deployed from a repository, by whom and how:
// it turns the configuration, what discovery found and the objects of Argo CD
// and Flux into units, and has package render render them, as often as what is
// rendered deploys more.
package deploy

import (
	"slices"
	"sort"

	"gate/internal/config"
	"gate/internal/discover"
	"gate/internal/facts"
	"gate/internal/render"
	"gate/internal/source"
)

// Units says what is rendered: the units of the configuration; what Argo CD
// and Flux objects in raw manifests deploy; charts and kustomizations that no
// other one contains; raw manifests by directory. The entries say what is no
// unit by itself, and what the configuration names in vain. Both are sorted by
// id; ids are unique. What such an object deploys from elsewhere is left out;
// Tree fails it, and finds also what rendered objects deploy.
//
// repositories are the identities of the repository that tree is of, as
// git.Identity has them: what names another one is elsewhere, too. Without
// any, what a path names is taken to be in the tree.
func Units(tree source.Tree, inv *discover.Inventory, cfg *config.Config, repositories ...string) ([]render.Unit, []facts.Entry) {
	p := newPlanner(newLayout(tree, inv), cfg)
	p.repositories = repositories
	raw := rawDeployers(inv)
	p.controllers(raw, raw)
	p.units = slices.DeleteFunc(p.units, func(u planned) bool { return u.Fault != nil && u.Fetch == nil })
	units, ledger := p.finish()
	out := make([]render.Unit, len(units))
	for i, u := range units {
		out[i] = u.Unit
	}
	return out, ledger
}

// planned is a unit while others are still being found.
type planned struct {
	render.Unit
	from *deployer // the object that deploys it, nil if none does
}

// place is where units of a kind stand.
type place struct{ kind, path string }

// planner collects the units of a tree.
type planner struct {
	*layout
	layouts map[*render.Revision]*layout // of other states of the repository
	units   []planned
	at      map[place][]int // indices of the units that something names
	ledger  []facts.Entry
	// covering are the places of units that finish knows so far.
	covering map[place]bool
	left     *left // nil: nothing is known yet
	vary     bool  // what could be values of charts is looked for
	habitats *habitats
	ci       bool // permutations of charts are asked for
	// repositories are the identities of the tree's repository.
	repositories []string
	clusters     []config.Cluster // that Argo CD knows
	// standIns are variables that are kept outside of the tree, of a unit.
	standIns func(id, path string) map[string]string
	revision func(name string) *render.Revision
	assumed  string         // the name that is taken for the tree
	packed   *packed        // of what is being added; nil if it is not from a Flux source
	pin      *pin           // of what is being added; nil if it follows the tree
	from     *deployer      // whose units are being added
	made     []made         // by ApplicationSets
	aside    *facts.Variant // what is being added is one; nil if it is deployed
	known    deployedKinds  // by what the tree and the configuration deploy
	expanded int            // bytes of text that ApplicationSets have made
}

// newPlanner returns a planner with the units of the configuration.
func newPlanner(l *layout, cfg *config.Config) *planner {
	p := &planner{layout: l, layouts: map[*render.Revision]*layout{}, at: map[place][]int{}, habitats: newHabitats(cfg)}
	if cfg != nil {
		p.ci, p.clusters, p.standIns = cfg.CIValues, cfg.Clusters, cfg.StandInsOf
		for i, u := range cfg.Units {
			var loc source.Locator
			if cfg.Places != nil {
				loc = source.At(cfg.Places, source.Path{"units", i})
			}
			p.configured(u, loc)
		}
	}
	return p
}

// finish adds what nothing names and returns everything; p stays as it is.
func (p *planner) finish() ([]planned, []facts.Entry) {
	q := *p
	q.units, q.ledger = slices.Clone(p.units), slices.Clone(p.ledger)
	q.covering = map[place]bool{}
	for i := range q.units {
		if u := &q.units[i].Unit; !elsewhere(*u) && u.Variant == nil {
			q.covering[place{u.Kind, u.Path}] = true
		}
	}
	q.charts()
	q.permutations()
	if q.vary {
		q.variants()
	}
	q.kustomizations()
	q.manifests()
	q.undeployed()
	q.linked()
	q.unclaimedOverrides()
	q.serves()
	q.identify()
	q.variantsOf()
	sort.Slice(q.units, func(i, j int) bool { return q.units[i].ID < q.units[j].ID })
	sort.SliceStable(q.ledger, func(i, j int) bool { return q.ledger[i].ID < q.ledger[j].ID })
	return q.units, q.ledger
}

// add adds a unit that the configuration or a controller names.
func (p *planner) add(u render.Unit) {
	at := place{u.Kind, u.Path}
	p.at[at] = append(p.at[at], len(p.units))
	p.units = append(p.units, planned{Unit: p.ignoring(p.pinned(u)), from: p.from})
}

// discovered adds a unit that nothing names, once all that are named are known.
func (p *planner) discovered(u render.Unit) {
	p.covering[place{u.Kind, u.Path}] = true
	p.units = append(p.units, planned{Unit: u})
}

func (p *planner) entry(state facts.State, kind, dir, reason, hint string, place source.Position) {
	p.ledger = append(p.ledger, facts.Entry{
		Kind: "unit", ID: kind + ":" + dir, State: state, Reason: reason, Hint: hint, Place: place,
	})
}

func (p *planner) chart(dir string) (discover.Chart, bool) {
	c, ok := p.chartAt[dir]
	return c, ok
}

func (p *planner) kustomization(dir string) (discover.Kustomization, bool) {
	k, ok := p.kustomizationAt[dir]
	return k, ok
}
