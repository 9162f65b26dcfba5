package deploy

import (
	"fmt"
	"path"
	"slices"
	"sort"
	"strings"

	"gate/internal/discover"
	"gate/internal/facts"
	"gate/internal/render"
	"gate/internal/source"
)

// covered says whether a unit of the kind stands at dir already.
func (p *planner) covered(kind, dir string) bool {
	return p.covering[place{kind, dir}]
}

// elsewhere says whether a unit is made of another state of the repository: it
// covers nothing of the tree.
func elsewhere(u render.Unit) bool { return u.Revision != nil && u.Revision.Tree != nil }

// charts adds every chart that nothing else renders, with its default values.
func (p *planner) charts() {
	needed := map[string]string{} // chart directory -> chart that depends on it
	for _, c := range p.inv.Charts {
		for _, d := range c.Dependencies {
			if dir, ok := render.LocalDependency(c.Dir, d.Repository); ok && dir != c.Dir {
				needed[dir] = c.Dir
			}
		}
	}
	inflated := render.InflatedCharts(p.tree, p.dirs, p.inv.Kustomizations)
	for _, c := range p.inv.Charts {
		place := source.Position{File: path.Join(c.Dir, "Chart.yaml")}
		isLeft := p.left != nil && p.left.charts[c.Dir]
		switch by, isNeeded := needed[c.Dir]; {
		case p.covered(render.KindHelm, c.Dir):
		case c.Vendored && !isLeft:
			p.entry(facts.NotApplicable, render.KindHelm, c.Dir, "rendered with its parent chart "+c.Parent, "", place)
		case strings.EqualFold(c.Type, "library"):
			p.entry(facts.NotApplicable, render.KindHelm, c.Dir, "a library chart renders nothing by itself", "", place)
		case inflated[c.Dir] != "" && !isLeft:
			p.entry(facts.NotApplicable, render.KindHelm, c.Dir, "inflated by the kustomization "+inflated[c.Dir], "", place)
		case isNeeded && !isLeft && !p.cyclic(needed, c.Dir):
			p.entry(facts.NotApplicable, render.KindHelm, c.Dir, "rendered as a dependency of "+by, "", place)
		case p.ci && len(p.ciFiles(c.Dir)) > 0:
			p.entry(facts.NotApplicable, render.KindHelm, c.Dir, "rendered with its ci/*-values.yaml instead of its default values", "", place)
		default:
			p.discovered(render.Unit{Kind: render.KindHelm, Path: c.Dir, Release: releaseName(c), Place: place})
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
		if !p.covered(render.KindKustomize, k.Dir) {
			p.discovered(render.Unit{Kind: render.KindKustomize, Path: k.Dir, Place: source.Position{File: k.File}})
		}
	}
	for _, u := range p.units {
		if u.Kind != render.KindKustomize || elsewhere(u.Unit) {
			continue
		}
		reach(u.Path)
		if !u.Generate {
			continue
		}
		for _, dir := range p.listed(u.Path) {
			if u.Artifact == nil || holdsAny(u.Artifact.Tree, kustomizationsIn(dir)) {
				used[dir] = u.Path
				reach(dir)
			}
		}
	}
	for _, k := range p.inv.Kustomizations {
		place := source.Position{File: k.File}
		by, isUsed := used[k.Dir]
		switch {
		case p.covered(render.KindKustomize, k.Dir):
		case p.left != nil && p.left.kustomizations[k.Dir]:
			add(k)
			continue
		case isUsed:
		case k.Kind == "Component" && p.left != nil && p.left.barren[k.Dir]:
			p.entry(facts.NotApplicable, render.KindKustomize, k.Dir, "a component that no kustomization uses and that cannot be built by itself: what it lists is judged as it stands", "", place)
		case k.Kind == "Component":
			p.entry(facts.NotApplicable, render.KindKustomize, k.Dir, "a component that no kustomization uses", "", place)
		default:
			add(k)
			continue
		}
		if isUsed && !p.covered(render.KindKustomize, k.Dir) {
			p.entry(facts.NotApplicable, render.KindKustomize, k.Dir, "built as part of "+by, "", place)
		}
	}
	// What only a cycle reaches would be judged nowhere: building it says why.
	cyclic := map[string]bool{}
	for _, k := range p.inv.Kustomizations {
		if !reached[k.Dir] && k.Kind != "Component" {
			add(k)
			cyclic[render.KindKustomize+":"+k.Dir] = true
		}
	}
	p.ledger = slices.DeleteFunc(p.ledger, func(e facts.Entry) bool { return cyclic[e.ID] })
}

// manifests groups raw manifests by directory.
func (p *planner) manifests() {
	byDir := map[string][]string{}
	taken := map[string]bool{}
	generated := map[string][]*render.Artifact{} // directories of which a controller makes a kustomization
	for i := range p.units {
		u := &p.units[i].Unit
		if elsewhere(*u) {
			continue
		}
		if u.Generate {
			generated[u.Path] = append(generated[u.Path], u.Artifact)
		}
		for _, f := range u.Files {
			taken[f] = true
		}
	}
	for _, m := range p.inv.Manifests {
		isLeft := p.left != nil && p.left.files[m.Path]
		if (m.MemberOf == "" && !(fluxReads(m.Path) && generates(generated, m.Path)) || isLeft) && !taken[m.Path] {
			d := path.Dir(m.Path)
			byDir[d] = append(byDir[d], m.Path)
		}
	}
	for dir, files := range byDir {
		sort.Strings(files)
		p.discovered(render.Unit{
			Kind: render.KindManifests, Path: dir, Files: files, Place: source.Position{File: files[0]},
		})
	}
	sort.SliceStable(p.units, func(i, j int) bool { return p.units[i].Path < p.units[j].Path })
}

// generates says whether a file stands in one of some directories, at any depth,
// and is part of what that is deployed as.
func generates(dirs map[string][]*render.Artifact, file string) bool {
	for d := path.Dir(file); ; d = path.Dir(d) {
		for _, a := range dirs[d] {
			if a == nil || holdsAny(a.Tree, []string{file}) {
				return true
			}
		}
		if d == "." {
			return false
		}
	}
}

// rootDir is the directory from which a unit is deployed, "" if it is by itself.
func (u *planned) rootDir() string {
	if u.from == nil {
		return ""
	}
	return path.Dir(u.from.root())
}

// identify gives every unit an id of its own that does not depend on which
// other units there are, as far as its own attributes tell it apart.
func (p *planner) identify() {
	for i := range p.units {
		u := &p.units[i]
		u.ID = u.Kind + ":" + u.Path
		if u.Kind == render.KindHelm && (u.Configured || u.Controller != "") {
			u.ID += "@" + u.Release
		}
		if u.CIValues != "" {
			u.ID += "@" + strings.TrimSuffix(u.CIValues, ciValues)
		}
		if u.Variant != nil {
			u.ID += "@" + variantName(u.Unit)
			continue
		}
		if u.Environment != "" {
			u.ID += "@" + u.Environment
			if u.Target != "" {
				u.ID += "/" + u.Target
			}
		}
	}
	p.tellApart(true, func(u planned) string { return joined(u.Namespace, u.Cluster) })
	// The same in several clusters, or by several controllers.
	p.tellApart(false, func(u planned) string { return joined(u.rootDir()) })
	p.tellApart(false, func(u planned) string { return joined(u.Controller) })
	taken := map[string]int{}
	for i := range p.units {
		u := &p.units[i]
		if taken[u.ID]++; taken[u.ID] > 1 {
			u.ID += fmt.Sprintf("~%d", taken[u.ID])
		}
	}
}

// tellApart adds a part to ids that several units have: to all, or where it
// tells some of them apart.
func (p *planner) tellApart(all bool, part func(planned) string) {
	units, parts := map[string]int{}, map[string]map[string]bool{}
	for _, u := range p.units {
		units[u.ID]++
		if parts[u.ID] == nil {
			parts[u.ID] = map[string]bool{}
		}
		parts[u.ID][part(u)] = true
	}
	for i := range p.units {
		if id := p.units[i].ID; len(parts[id]) > 1 || all && units[id] > 1 {
			p.units[i].ID += part(p.units[i])
		}
	}
}

// joined are the parts of an id that are not empty.
func joined(parts ...string) string {
	var out string
	for _, p := range parts {
		if p != "" {
			out += "@" + p
		}
	}
	return out
}
