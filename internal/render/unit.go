package render

import (
	"fmt"
	"path"
	"sort"
	"strings"

	"gate/internal/config"
	"gate/internal/discover"
	"gate/internal/facts"
	"gate/internal/source"
)

// The kinds of units.
const (
	KindHelm      = "helm"
	KindKustomize = "kustomize"
	KindManifests = "manifests"
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
	// Place is where the unit is defined: Chart.yaml, kustomization.yaml or
	// the directory.
	Place source.Position
}

// Units says what is rendered: the units of the configuration; charts and
// kustomizations that no other one contains; raw manifests by directory. The
// entries say what is no unit by itself, and what the configuration names in
// vain. Both are sorted by id; ids are unique.
func Units(tree source.Tree, inv *discover.Inventory, cfg *config.Config) ([]Unit, []facts.Entry) {
	p := planner{inv: inv, dirs: directories(tree), tree: tree}
	if cfg != nil {
		for _, u := range cfg.Units {
			p.configured(u)
		}
	}
	p.charts()
	p.kustomizations()
	p.manifests()
	p.identify()
	sort.Slice(p.units, func(i, j int) bool { return p.units[i].ID < p.units[j].ID })
	sort.SliceStable(p.ledger, func(i, j int) bool { return p.ledger[i].ID < p.ledger[j].ID })
	return p.units, p.ledger
}

type planner struct {
	inv    *discover.Inventory
	tree   source.Tree
	dirs   map[string]bool
	units  []Unit
	ledger []facts.Entry
}

func (p *planner) entry(state facts.State, kind, dir, reason, hint string, place source.Position) {
	p.ledger = append(p.ledger, facts.Entry{
		Kind: "unit", ID: kind + ":" + dir, State: state, Reason: reason, Hint: hint, Place: place,
	})
}

// configured adds a unit of the configuration.
func (p *planner) configured(c config.Unit) {
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
	default:
		return // the configuration's own check says so
	}
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

// covered says whether a unit of the kind stands at dir already.
func (p *planner) covered(kind, dir string) bool {
	for _, u := range p.units {
		if u.Kind == kind && u.Path == dir {
			return true
		}
	}
	return false
}

// charts adds every chart that nothing else renders, with its default values.
func (p *planner) charts() {
	needed := map[string]string{} // chart directory -> chart that depends on it
	for _, c := range p.inv.Charts {
		for _, d := range c.Dependencies {
			if dir, ok := localDependency(c.Dir, d.Repository); ok && dir != c.Dir {
				needed[dir] = c.Dir
			}
		}
	}
	for _, c := range p.inv.Charts {
		place := source.Position{File: path.Join(c.Dir, "Chart.yaml")}
		switch by, isNeeded := needed[c.Dir]; {
		case p.covered(KindHelm, c.Dir):
		case c.Vendored:
			p.entry(facts.NotApplicable, KindHelm, c.Dir, "rendered with its parent chart "+c.Parent, "", place)
		case strings.EqualFold(c.Type, "library"):
			p.entry(facts.NotApplicable, KindHelm, c.Dir, "a library chart renders nothing by itself", "", place)
		case isNeeded && !p.cyclic(needed, c.Dir):
			p.entry(facts.NotApplicable, KindHelm, c.Dir, "rendered as a dependency of "+by, "", place)
		default:
			p.units = append(p.units, Unit{Kind: KindHelm, Path: c.Dir, Release: releaseName(c), Place: place})
		}
	}
}

// cyclic says whether the chain of charts that need dir comes back to it: then
// each of them is a unit, or none would be rendered.
func (p *planner) cyclic(needed map[string]string, dir string) bool {
	at := dir
	for range len(needed) + 1 {
		by, ok := needed[at]
		if !ok {
			return false
		}
		at = by
	}
	return true
}

// releaseName is the chart's name as Helm would accept it for a release:
// lower case, at most 53 characters.
func releaseName(c discover.Chart) string {
	name := strings.ToLower(c.Name)
	if name == "" {
		name = strings.ToLower(path.Base(c.Dir))
	}
	name = strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '-' || r == '.' {
			return r
		}
		return '-'
	}, name)
	if len(name) > 53 {
		name = name[:53]
	}
	if name = strings.Trim(name, "-."); name == "" {
		return "release"
	}
	return name
}

// localDependency returns the directory of a file:// repository.
func localDependency(chart, repository string) (string, bool) {
	rel, ok := strings.CutPrefix(repository, "file://")
	if !ok || strings.HasPrefix(rel, "/") {
		return "", false
	}
	return join(chart, rel)
}

// kustomizations adds every kustomization that no unit reaches.
func (p *planner) kustomizations() {
	byDir := map[string]discover.Kustomization{}
	used := map[string]string{}
	for _, k := range p.inv.Kustomizations {
		byDir[k.Dir] = k
		for _, r := range k.Refs {
			if r != k.Dir {
				used[r] = k.Dir
			}
		}
	}
	reached := map[string]bool{}
	var reach func(dir string)
	reach = func(dir string) {
		if reached[dir] {
			return
		}
		reached[dir] = true
		for _, r := range byDir[dir].Refs {
			if _, ok := byDir[r]; ok {
				reach(r)
			}
		}
	}
	add := func(k discover.Kustomization) {
		reach(k.Dir)
		if !p.covered(KindKustomize, k.Dir) {
			p.units = append(p.units, Unit{Kind: KindKustomize, Path: k.Dir, Place: source.Position{File: k.File}})
		}
	}
	for _, u := range p.units {
		if u.Kind == KindKustomize {
			reach(u.Path)
		}
	}
	for _, k := range p.inv.Kustomizations {
		place := source.Position{File: k.File}
		by, isUsed := used[k.Dir]
		switch {
		case p.covered(KindKustomize, k.Dir):
		case isUsed:
		case k.Kind == "Component":
			p.entry(facts.NotApplicable, KindKustomize, k.Dir, "a component that no kustomization uses", "", place)
		default:
			add(k)
			continue
		}
		if isUsed && !p.covered(KindKustomize, k.Dir) {
			p.entry(facts.NotApplicable, KindKustomize, k.Dir, "built as part of "+by, "", place)
		}
	}
	// What only a cycle reaches would be judged nowhere: building it says why.
	for _, k := range p.inv.Kustomizations {
		if !reached[k.Dir] && k.Kind != "Component" {
			add(k)
			p.drop(KindKustomize + ":" + k.Dir)
		}
	}
}

func (p *planner) drop(id string) {
	kept := p.ledger[:0]
	for _, e := range p.ledger {
		if e.ID != id {
			kept = append(kept, e)
		}
	}
	p.ledger = kept
}

// manifests groups raw manifests by directory.
func (p *planner) manifests() {
	byDir := map[string][]string{}
	for _, m := range p.inv.Manifests {
		if m.MemberOf == "" {
			d := path.Dir(m.Path)
			byDir[d] = append(byDir[d], m.Path)
		}
	}
	for dir, files := range byDir {
		sort.Strings(files)
		p.units = append(p.units, Unit{
			Kind: KindManifests, Path: dir, Files: files, Place: source.Position{File: files[0]},
		})
	}
	sort.SliceStable(p.units, func(i, j int) bool { return p.units[i].Path < p.units[j].Path })
}

// identify gives every unit an id of its own that does not depend on which
// other units there are, as far as its own attributes tell it apart.
func (p *planner) identify() {
	seen := map[string]int{}
	for i := range p.units {
		u := &p.units[i]
		u.ID = u.Kind + ":" + u.Path
		if u.Configured && u.Kind == KindHelm {
			u.ID += "@" + u.Release
		}
		if u.Environment != "" {
			u.ID += "@" + u.Environment
			if u.Target != "" {
				u.ID += "/" + u.Target
			}
		}
		seen[u.ID]++
	}
	taken := map[string]int{}
	for i := range p.units {
		u := &p.units[i]
		if seen[u.ID] > 1 && u.Namespace != "" {
			u.ID += "@" + u.Namespace
		}
		if taken[u.ID]++; taken[u.ID] > 1 {
			u.ID += fmt.Sprintf("~%d", taken[u.ID])
		}
	}
}
