package render

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"sort"

	"gate/internal/config"
	"gate/internal/discover"
	"gate/internal/facts"
	"gate/internal/fetch"
	"gate/internal/render/cue"
	"gate/internal/source"
)

// The kinds of units.
const (
	KindHelm      = "helm"
	KindKustomize = "kustomize"
	KindManifests = facts.UnitManifests
	KindJsonnet   = "jsonnet"
	KindCUE       = "cue"
)

// Unit is one thing that is rendered as a whole.
type Unit struct {
	ID        string // see facts.Unit
	Kind      string
	Path      string // directory from the root, "." for the root
	Release   string // Helm
	Namespace string // of the release; empty: default
	// Environment and Target are those of the configuration's entry, which
	// wins over every other hint.
	Environment string
	Target      string
	Cluster     string   // destination that a controller object names
	Values      []string // value files from the root, later ones win
	KubeVersion string   // empty: DefaultKubeVersion
	APIVersions []string // beside the built-in ones
	Files       []string // of kind manifests
	// Configured says that the configuration names the unit.
	Configured bool
	// Controller is the object that deploys the unit, as kind/name; empty if
	// none does.
	Controller string
	// Inline are values that the controller's object holds; they win over
	// Values. Parameters win over both.
	Inline     []InlineValues
	Parameters []Parameter
	SkipCRDs   bool // Helm: crds/ is not applied
	SkipTests  bool // Helm: hooks of kind test are not applied
	// OwnValues says that Values stand in the place of the chart's values.yaml.
	OwnValues bool
	// Common are labels and annotations that the controller sets in each
	// object when it is rendered.
	Common CommonMetadata
	// CIValues is the ci/*-values.yaml that makes the unit a permutation of
	// its chart, relative to the chart; it is the last of Values.
	CIValues string
	// PostRenderers change what the chart rendered.
	PostRenderers []PostRenderer
	// Overlay are fields that the controller sets in the kustomization.
	Overlay map[string]any
	// Generate says that the directory has no kustomization and the
	// controller makes one of its manifests.
	Generate bool
	// Substitute are the variables that the controller replaces in the built
	// objects; nil if it replaces none.
	Substitute map[string]string
	// Jsonnet is what the programs of the unit are given; CUE says what of a
	// package is taken.
	Jsonnet *JsonnetOptions
	CUE     *CUEOptions
	// Fetch is the chart if it is not in the tree. Fault is what is said then if
	// nothing can be fetched.
	Fetch *fetch.Chart
	// OptionalValues are those of Values that need not exist.
	OptionalValues []string
	// Fault is why the unit cannot be rendered, known already from the object
	// that deploys it.
	Fault error
	// Place is where the unit is defined: Chart.yaml, kustomization.yaml, the
	// first manifest, or the object that deploys it.
	Place source.Position
	// Defined is where the controller's object stands, if there is one.
	Defined source.Position

	// Told are notes about how the unit is deployed.
	Told []Note

	seq int // of a unit that the configuration or a controller names, from 1
}

// InlineValues are values inside an object.
type InlineValues struct {
	Values map[string]any
	Loc    source.Locator // of the values
	Text   bool           // the values are a text, so only its place is known
}

// Parameter is one value set by name, as helm's --set does.
type Parameter struct {
	Name   string
	Value  string
	String bool   // the value stays a string
	File   string // the value is the content of this file
	Loc    source.Locator
}

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
func Units(tree source.Tree, inv *discover.Inventory, cfg *config.Config, repositories ...string) ([]Unit, []facts.Entry) {
	p := newPlanner(tree, inv, cfg)
	p.repositories = repositories
	raw := rawDeployers(inv)
	p.controllers(raw, raw)
	p.units = slices.DeleteFunc(p.units, func(u Unit) bool { return u.Fault != nil && u.Fetch == nil })
	return p.finish()
}

type planner struct {
	inv    *discover.Inventory
	tree   source.Tree
	dirs   map[string]bool
	units  []Unit
	ledger []facts.Entry
	ci     bool // permutations of charts are asked for
	// repositories are the identities of the tree's repository.
	repositories []string
	clusters     []config.Cluster // that Argo CD knows
	expanded     int              // bytes of text that ApplicationSets have made
}

// newPlanner returns a planner with the units of the configuration.
func newPlanner(tree source.Tree, inv *discover.Inventory, cfg *config.Config) *planner {
	p := &planner{inv: inv, dirs: source.Directories(tree), tree: tree}
	if cfg != nil {
		p.ci, p.clusters = cfg.CIValues, cfg.Clusters
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
func (p *planner) finish() ([]Unit, []facts.Entry) {
	q := *p
	q.units, q.ledger = slices.Clone(p.units), slices.Clone(p.ledger)
	q.charts()
	q.permutations()
	q.kustomizations()
	q.manifests()
	q.identify()
	sort.Slice(q.units, func(i, j int) bool { return q.units[i].ID < q.units[j].ID })
	sort.SliceStable(q.ledger, func(i, j int) bool { return q.ledger[i].ID < q.ledger[j].ID })
	return q.units, q.ledger
}

func (p *planner) entry(state facts.State, kind, dir, reason, hint string, place source.Position) {
	p.ledger = append(p.ledger, facts.Entry{
		Kind: "unit", ID: kind + ":" + dir, State: state, Reason: reason, Hint: hint, Place: place,
	})
}

// configured adds a unit of the configuration; loc leads to its entry.
func (p *planner) configured(c config.Unit, loc source.Locator) {
	u := Unit{
		Release: c.Release, Namespace: c.Namespace, Environment: c.Environment, Target: c.Target,
		KubeVersion: c.KubeVersion, APIVersions: c.APIVersions, Configured: true,
	}
	for _, v := range c.Values {
		u.Values = append(u.Values, path.Clean(v))
	}
	switch {
	case c.Chart != "":
		u.Kind, u.Path = KindHelm, path.Clean(c.Chart)
		ch, ok := p.chart(u.Path)
		if !ok {
			p.entry(facts.Failed, KindHelm, u.Path, fmt.Sprintf("the configuration names chart %q, but there is no Chart.yaml", c.Chart),
				"correct units[].chart, or commit the chart", source.Position{File: ".gate.yaml"})
			return
		}
		u.Place = source.Position{File: path.Join(ch.Dir, "Chart.yaml")}
		if u.Release == "" {
			u.Release = ch.Name
		}
	case c.Kustomization != "":
		u.Kind, u.Path = KindKustomize, path.Clean(c.Kustomization)
		if !p.dirs[u.Path] { // the file itself may be named
			u.Path = path.Dir(u.Path)
		}
		k, ok := p.kustomization(u.Path)
		if !ok {
			p.entry(facts.Failed, KindKustomize, u.Path, fmt.Sprintf("the configuration names kustomization %q, but there is none", c.Kustomization),
				"correct units[].kustomization", source.Position{File: ".gate.yaml"})
			return
		}
		u.Place = source.Position{File: k.File}
	case c.Jsonnet != "":
		u.Jsonnet = &JsonnetOptions{
			ExtVars: variables(loc, "extVars", c.ExtVars, "extCode", c.ExtCode), TLAs: variables(loc, "tlas", c.TLAs, "tlaCode", c.TLACode),
		}
		for _, dir := range c.Libs {
			u.Jsonnet.Libs = append(u.Jsonnet.Libs, path.Clean(dir))
		}
		p.configuredProgram(u, KindJsonnet, c.Jsonnet)
		return
	case c.CUE != "":
		u.CUE = &CUEOptions{Package: c.Package, Expression: c.Expression}
		for _, name := range slices.Sorted(maps.Keys(c.Tags)) {
			u.CUE.Tags = append(u.CUE.Tags, cue.Tag{Name: name, Value: c.Tags[name]})
		}
		p.configuredProgram(u, KindCUE, c.CUE)
		return
	default:
		return // the configuration's own check says so
	}
	u.seq = len(p.units) + 1
	p.units = append(p.units, u)
}

func (p *planner) chart(dir string) (discover.Chart, bool) {
	for _, c := range p.inv.Charts {
		if c.Dir == dir {
			return c, true
		}
	}
	return discover.Chart{}, false
}

func (p *planner) kustomization(dir string) (discover.Kustomization, bool) {
	for _, k := range p.inv.Kustomizations {
		if k.Dir == dir {
			return k, true
		}
	}
	return discover.Kustomization{}, false
}
