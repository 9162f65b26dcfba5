package deploy

import (
	"path"
	"slices"
	"strings"

	"gate/internal/discover"
	"gate/internal/doc"
	"gate/internal/render"
	"gate/internal/render/manifest"
)

// left is what nothing takes in, as far as the last round tells, though
// something names it: it is judged as it stands. To be named is not to be
// rendered: a patch may select nothing, an object be deleted again, a
// dependency be off; and what one environment makes of a file says nothing
// about the environment that the file stands in.
type left struct {
	files          map[string]bool // manifests that kustomizations and charts name
	kustomizations map[string]bool // by directory
	charts         map[string]bool
	// barren are the components that cannot be built by themselves.
	barren map[string]bool
}

// taking says which renderings take in what.
type taking struct {
	*rounds
	list     []*rendering
	habitats map[*rendering]habitat
	read     map[string][]*rendering       // file -> who reads it
	built    map[string]map[*rendering]int // file -> objects that come from it
	within   map[string][]*rendering       // chart -> who renders objects of it or of one below it
	uses     map[string][]use              // file or directory -> who names it
}

// use is what a kustomization does with what it names.
type use struct {
	by discover.Kustomization
	as discover.Use
}

// leftOut looks for what nothing takes in. nil: nothing was rendered yet.
func (t *rounds) leftOut(list []*rendering) *left {
	if list == nil {
		return nil
	}
	x := newTaking(t, list)
	out := &left{files: map[string]bool{}, kustomizations: map[string]bool{}, charts: map[string]bool{}, barren: t.barren}
	for _, k := range t.layout.inv.Kustomizations {
		if !t.barren[k.Dir] && (k.Kind == "Component" || len(x.uses[k.Dir]) > 0) && !x.kustomization(k) {
			out.kustomizations[k.Dir] = true
		}
	}
	for _, c := range t.layout.inv.Charts {
		if !x.chart(c) {
			out.charts[c.Dir] = true
		}
	}
	for _, m := range t.layout.inv.Manifests {
		if m.MemberOf != "" && !x.file(m, out) {
			out.files[m.Path] = true
		}
	}
	return out
}

func newTaking(t *rounds, list []*rendering) *taking {
	x := &taking{rounds: t, habitats: map[*rendering]habitat{}, read: map[string][]*rendering{}, built: map[string]map[*rendering]int{},
		within: map[string][]*rendering{}, uses: map[string][]use{}}
	asked := map[string]bool{}
	for _, k := range t.layout.inv.Kustomizations {
		asked[k.File] = true
		for _, n := range k.Named {
			x.uses[n.Path] = append(x.uses[n.Path], use{k, n.As})
		}
	}
	for _, c := range t.layout.inv.Charts {
		asked[path.Join(c.Dir, "Chart.yaml")] = true
	}
	for _, m := range t.layout.inv.Manifests {
		asked[m.Path] = asked[m.Path] || m.MemberOf != ""
	}
	for _, r := range list {
		if elsewhere(r.unit) || r.unit.Variant != nil || !r.wanted { // what is excluded takes nothing in
			continue
		}
		x.list = append(x.list, r)
		x.habitats[r] = t.habitats.unit(r.unit)
		if r.outcome.Rendered == nil {
			if r.unit.Kind == render.KindKustomize && x.component(r.unit) && r.outcome.Err != nil {
				t.barren[r.unit.Path] = true
				continue
			}
			x.opaque(r)
			continue
		}
		for _, f := range r.outcome.Rendered.Sources {
			if asked[f] {
				x.read[f] = append(x.read[f], r)
			}
		}
		for _, o := range r.outcome.Rendered.Objects {
			x.object(r, o.File)
		}
	}
	return x
}

// component says whether a unit is a component by itself, which nothing deploys.
func (x *taking) component(u render.Unit) bool {
	return !claimed(u) && x.layout.kustomizationAt[u.Path].Kind == "Component"
}

// claimed says whether an object or the configuration says that a unit is
// deployed, and so how.
func claimed(u render.Unit) bool { return u.Controller != "" || u.Configured }

// object counts an object of a file.
func (x *taking) object(r *rendering, file string) {
	if x.built[file] == nil {
		x.built[file] = map[*rendering]int{}
	}
	if x.built[file][r]++; x.built[file][r] > 1 {
		return
	}
	for d := path.Dir(file); ; d = path.Dir(d) {
		if _, ok := x.layout.chartAt[d]; ok && (len(x.within[d]) == 0 || x.within[d][len(x.within[d])-1] != r) {
			x.within[d] = append(x.within[d], r)
		}
		if d == "." {
			return
		}
	}
}

// opaque counts what a unit names, of which is not known what it renders: its
// own entry of the ledger says why.
func (x *taking) opaque(r *rendering) {
	dirs, seen := []string{r.unit.Path}, map[string]bool{r.unit.Path: true}
	for i := 0; i < len(dirs); i++ {
		at := dirs[i]
		next := slices.Clone(x.layout.refs[at])
		if k, ok := x.layout.kustomizationAt[at]; ok {
			x.read[k.File] = append(x.read[k.File], r)
			for chart, by := range x.inflated() {
				if by == at {
					next = append(next, chart)
				}
			}
		} else if c, ok := x.layout.chartAt[at]; ok {
			x.read[path.Join(at, "Chart.yaml")] = append(x.read[path.Join(at, "Chart.yaml")], r)
			for _, v := range x.layout.inv.Charts {
				if v.Parent == at {
					next = append(next, v.Dir)
				}
			}
			for _, d := range c.Dependencies {
				if dir, ok := render.LocalDependency(at, d.Repository); ok {
					next = append(next, dir)
				}
			}
		} else {
			x.read[at] = append(x.read[at], r)
		}
		for _, dir := range next {
			if !seen[dir] {
				seen[dir] = true
				dirs = append(dirs, dir)
			}
		}
	}
	for _, f := range r.unit.Files {
		x.read[f] = append(x.read[f], r)
	}
}

// unclear says whether it is not known what a unit renders.
func unclear(r *rendering) bool { return r.outcome.Rendered == nil || r.outcome.Rendered.AsBefore }

// at says whether what a unit renders counts for what belongs somewhere.
func (x *taking) at(h habitat, r *rendering, file string) bool {
	u := x.habitats[r]
	switch {
	case h.environment != "":
		return u.environment == h.environment
	case h.word == "" || u.word == h.word:
		return true
	}
	return u.word == "" && (!h.plain || x.gathers(r, file))
}

// gathers says whether a unit that is of no environment only gathers what stands
// in several, and changes no more of it than what it is called and which image
// it runs.
func (x *taking) gathers(r *rendering, file string) bool {
	if r.unit.Kind != render.KindKustomize || r.unit.Overlay["patches"] != nil || r.unit.Overlay["components"] != nil {
		return false
	}
	seen := map[string]bool{}
	var plain func(dir string) (leads, ok bool)
	plain = func(dir string) (leads, ok bool) {
		if seen[dir] {
			return false, true
		}
		seen[dir] = true
		k := x.layout.kustomizationAt[dir]
		ok = true
		for _, ref := range x.layout.refs[dir] {
			switch {
			case ref == file || ref == path.Dir(file):
				leads = true
			default:
				below, fine := plain(ref)
				leads, ok = leads || below, ok && fine
			}
		}
		return leads, ok && (!leads || k.Doc != nil && gathersOnly(doc.Map(k.Doc.Value)))
	}
	_, ok := plain(r.unit.Path)
	return ok
}

// gathersOnly says whether a kustomization changes nothing of what objects do.
func gathersOnly(fields map[string]any) bool {
	for _, field := range []string{"patches", "patchesStrategicMerge", "patchesJson6902", "replacements", "vars", "components", "transformers", "validators", "generators"} {
		if len(doc.List(fields, field)) > 0 {
			return false
		}
	}
	return true
}

// kustomization says whether somebody builds a kustomization as a part.
func (x *taking) kustomization(k discover.Kustomization) bool {
	h := x.rounds.habitats.file(k.File)
	return slices.ContainsFunc(x.read[k.File], func(r *rendering) bool { return r.unit.Path != k.Dir && x.at(h, r, k.File) })
}

// chart says whether somebody renders a chart as a part, or it has nothing to
// be rendered.
func (x *taking) chart(c discover.Chart) bool {
	file := path.Join(c.Dir, "Chart.yaml")
	if x.ofRegistry(c) || !x.layout.templates[c.Dir] {
		return true
	}
	h := x.rounds.habitats.file(file)
	takes := func(r *rendering) bool {
		return (r.unit.Kind != render.KindHelm || r.unit.Path != c.Dir) && x.at(h, r, file)
	}
	return slices.ContainsFunc(x.within[c.Dir], takes) ||
		slices.ContainsFunc(x.read[file], func(r *rendering) bool { return unclear(r) && takes(r) })
}

// ofRegistry says whether a chart stands where another one keeps what it takes
// from a registry: it is that one's, also while that leaves it off.
func (x *taking) ofRegistry(c discover.Chart) bool {
	for c.Parent != "" {
		parent, ok := x.layout.chartAt[c.Parent]
		if !ok {
			return false
		}
		remote := slices.ContainsFunc(parent.Dependencies, func(d discover.Dependency) bool { return d.Name == c.Name && d.Remote() })
		if remote && !strings.EqualFold(parent.Type, "library") { // which renders nothing, whatever it needs
			return true
		}
		c = parent
	}
	return false
}

// file says whether somebody takes a manifest in that a kustomization or a chart
// names. What stands in a kustomization that is left is looked at once that is
// built.
func (x *taking) file(m discover.Manifest, l *left) bool {
	if _, ok := x.layout.chartAt[m.MemberOf]; ok && (m.Else != "" || strings.HasPrefix(m.Path, path.Join(m.MemberOf, "crds")+"/")) {
		return x.chartFile(m, l)
	} else if !ok && x.unreadable(m.MemberOf) {
		return true // why the chart is not rendered stands in the ledger
	}
	uses := x.uses[m.Path]
	if slices.ContainsFunc(uses, func(u use) bool { return l.kustomizations[u.by.Dir] }) {
		return true
	}
	h, objects := x.rounds.habitats.file(m.Path), objectsIn(m)
	if slices.ContainsFunc(x.read[m.Path], func(r *rendering) bool {
		return !alone(r) && x.at(h, r, m.Path) && (unclear(r) || x.built[m.Path][r] >= len(objects) || x.used(r, m.Path, uses))
	}) {
		return true
	}
	if slices.ContainsFunc(uses, func(u use) bool { return u.as != discover.Patches }) {
		return false
	}
	return !slices.ContainsFunc(objects, whole) // a part of an object is nothing without the rest
}

// unreadable says whether a chart stands in a directory that cannot be read.
func (x *taking) unreadable(dir string) bool {
	return x.layout.unreadable[place{string(discover.KindChart), dir}]
}

// alone says whether a unit is of manifests that nobody names.
func alone(r *rendering) bool { return r.unit.Kind == render.KindManifests && !claimed(r.unit) }

// used says whether a unit has a use for a file of which it builds not all
// objects: a patch that changes something, what it deletes in the place where it
// is listed, data where it is known that nobody applies the directory.
func (x *taking) used(r *rendering, file string, uses []use) bool {
	return slices.ContainsFunc(uses, func(u use) bool {
		if !slices.Contains(x.read[u.by.File], r) {
			return false
		}
		switch u.as {
		case discover.Built:
			return path.Dir(file) == u.by.Dir
		case discover.Patches:
			return !slices.Contains(r.outcome.Rendered.Unused, file)
		case discover.Data:
			return claimed(r.unit)
		}
		return true
	})
}

// chartFile says whether a chart's file that is an object by itself is rendered
// by the chart, or belongs to one that is known to be deployed as a chart.
func (x *taking) chartFile(m discover.Manifest, l *left) bool {
	c := x.layout.chartAt[m.MemberOf]
	if x.ofRegistry(c) || l.charts[c.Dir] && !x.rendersNothing(c.Dir) {
		return true
	}
	file, objects := path.Join(c.Dir, "Chart.yaml"), objectsIn(m)
	h := x.rounds.habitats.file(m.Path)
	return slices.ContainsFunc(slices.Concat(x.read[file], x.read[m.Path]), func(r *rendering) bool {
		return !alone(r) && x.at(h, r, m.Path) && (unclear(r) || claimed(r.unit) || x.built[m.Path][r] >= len(objects) || m.Else == discover.KindChartFile && holds(r, objects))
	})
}

// rendersNothing says whether a chart that nobody takes in was looked at by
// itself already, or cannot be.
func (x *taking) rendersNothing(dir string) bool {
	c := x.layout.chartAt[dir]
	return strings.EqualFold(c.Type, "library") || slices.ContainsFunc(x.list, func(r *rendering) bool { return r.unit.Kind == render.KindHelm && r.unit.Path == dir })
}

// holds says whether a unit renders objects of the same names.
func holds(r *rendering, objects []map[string]any) bool {
	return !slices.ContainsFunc(objects, func(o map[string]any) bool {
		return !slices.ContainsFunc(r.outcome.Rendered.Objects, func(have render.Object) bool {
			return manifest.GroupKind(have.Manifest) == manifest.GroupKind(o) && doc.Text(have.Manifest, "metadata", "name") == doc.Text(o, "metadata", "name")
		})
	})
}

// objectsIn are the objects of a file.
func objectsIn(m discover.Manifest) []map[string]any {
	var out []map[string]any
	for _, d := range m.Docs {
		items, _ := manifest.Objects(d.Value, nil)
		for _, it := range items {
			out = append(out, it.Manifest)
		}
	}
	return out
}

// inflated are the charts that kustomizations inflate.
func (t *rounds) inflated() map[string]string {
	if t.inflates == nil {
		t.inflates = render.InflatedCharts(t.layout.tree, t.layout.dirs, t.layout.inv.Kustomizations)
	}
	return t.inflates
}
