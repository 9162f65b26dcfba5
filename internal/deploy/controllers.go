package deploy

import (
	"path"
	"reflect"
	"slices"

	"gate/internal/discover"
	"gate/internal/doc"
	"gate/internal/facts"
	"gate/internal/render"
	"gate/internal/render/manifest"
	"gate/internal/source"
)

// deployer is one object of a controller.
type deployer struct {
	loc  source.Locator // of the object
	file string
	obj  map[string]any
	kind string
	name string

	by     *rendering // that the object is of; nil for one that stands in the tree
	number int        // among the objects of by
	made   int        // of an Application that an ApplicationSet makes, from 1
	from   string     // the file that the generator of such an Application read
	// aside is of an object that only a variant has: what it deploys is one, too.
	aside *facts.Variant
}

// place is the position of a field of the object.
func (d deployer) place(p ...any) source.Position { return d.loc.Locate(p).Position }

// below is the locator of a field of the object.
func (d deployer) below(p ...any) source.Locator { return source.At(d.loc, p) }

func (d deployer) id() string { return d.kind + "/" + d.name }

// rawDeployers are the objects of raw manifests: what a kustomization lists
// may be a patch, or be patched, and is looked for in what it builds.
func rawDeployers(inv *discover.Inventory) []deployer {
	var out []deployer
	for _, m := range inv.Manifests {
		if m.MemberOf == "" {
			out = append(out, deployersIn(m)...)
		}
	}
	return out
}

// deployersIn are the objects of a file.
func deployersIn(m discover.Manifest) []deployer {
	var out []deployer
	for _, document := range m.Docs {
		items, _ := manifest.Objects(document.Value, nil)
		for _, it := range items {
			out = append(out, newDeployer(it.Manifest, source.At(document.Locator(), it.At), m.Path))
		}
	}
	return out
}

// leftDeployers are the objects of manifests that nothing takes in.
func (t *rounds) leftDeployers(l *left) []deployer {
	if l == nil || len(l.files) == 0 {
		return nil
	}
	var out []deployer
	for _, m := range t.layout.inv.Manifests {
		if l.files[m.Path] {
			out = append(out, deployersIn(m)...)
		}
	}
	return out
}

func newDeployer(obj map[string]any, loc source.Locator, file string) deployer {
	kind := doc.Text(obj, "kind")
	return deployer{loc: loc, file: file, obj: obj, kind: kind, name: doc.Text(obj, "metadata", "name")}
}

// called is what objects are of that their namespaces tell apart, or the
// clusters of the tree.
type called struct{ kind, name string }

func newFlux(p *planner, objects []deployer) flux {
	f := flux{planner: p, objects: objects, called: map[called][]deployer{}}
	for _, o := range objects {
		f.called[called{o.kind, o.name}] = append(f.called[called{o.kind, o.name}], o)
	}
	return f
}

// controllers adds the units that Argo CD and Flux objects deploy; all are
// the objects that they may refer to.
func (p *planner) controllers(objects, all []deployer) {
	f := newFlux(p, all)
	defer func() { p.from = nil }()
	for i := range objects {
		d := objects[i]
		p.from = &objects[i]
		version := doc.Text(d.obj, "apiVersion")
		switch manifest.Group(version) + "/" + d.kind {
		case "argoproj.io/Application":
			p.application(d)
		case "argoproj.io/ApplicationSet":
			p.applicationSet(d)
		case "kustomize.toolkit.fluxcd.io/Kustomization":
			f.kustomization(d)
		case "fluxcd.controlplane.io/FluxInstance":
			f.instance(d)
		case "fluxcd.controlplane.io/ResourceSet":
			p.resourceSet(d)
		case "helm.toolkit.fluxcd.io/HelmRelease":
			f.helmRelease(d)
		}
	}
}

// deploy adds a unit of a controller. What the configuration names already is
// not rendered twice: it is deployed in the way that the controller does.
func (p *planner) deploy(u render.Unit) {
	if p.aside != nil {
		u.Undeployed, u.Variant = true, p.aside
		p.add(u)
		return
	}
	for _, i := range p.at[place{u.Kind, u.Path}] {
		have := p.units[i]
		named := have.Configured && names(have.Unit, u)
		switch {
		case have.Fault != nil:
		case named && have.Controller == "":
			p.units[i] = planned{Unit: adopted(have.Unit, p.ignoring(p.pinned(u))), from: p.from}
			return
		case named && adopted(have.Unit, p.ignoring(p.pinned(u))).Same(have.Unit),
			have.Controller != "" && have.Controller == u.Controller && have.Place.File == u.Place.File && p.fromHere(have) && have.Same(u):
			return
		}
	}
	p.add(u)
}

// names says whether a unit of the configuration is what a controller deploys.
func names(configured, u render.Unit) bool {
	return u.Kind != render.KindHelm || configured.Release == u.Release && sameValues(configured, u)
}

// adopted is a unit of the configuration as a controller deploys it. Of a chart
// the configuration says all values, else nothing but where the unit belongs.
func adopted(configured, u render.Unit) render.Unit {
	if u.Kind != render.KindHelm {
		u.ID, u.Configured, u.Environment, u.Target = configured.ID, true, configured.Environment, configured.Target
		if u.Namespace == "" {
			u.Namespace = configured.Namespace
		}
		return u
	}
	configured.Controller, configured.Cluster, configured.Server = u.Controller, u.Cluster, u.Server
	configured.From, configured.Beside, configured.Artifact, configured.Revision, configured.Assumed = u.From, u.Beside, u.Artifact, u.Revision, u.Assumed
	return configured
}

// fromHere says whether what deploys a unit is deployed from where the object
// is whose units are being added: two clusters may hold the same object.
func (p *planner) fromHere(u planned) bool {
	if u.from == nil || p.from == nil {
		return u.from == p.from
	}
	return u.ControllerFile == p.from.file && u.from.root() == p.from.root()
}

// sameValues says whether two releases of a chart have the same value files;
// naming the chart's own values.yaml first changes nothing.
func sameValues(a, b render.Unit) bool {
	trim := func(u render.Unit) []string {
		if len(u.Values) > 0 && u.Values[0] == path.Join(u.Path, "values.yaml") {
			return u.Values[1:]
		}
		return u.Values
	}
	x, y := trim(a), trim(b)
	return len(x) == len(y) && (len(x) == 0 || reflect.DeepEqual(x, y)) && len(b.Inline) == 0 && len(b.Parameters) == 0 && len(b.PostRenderers) == 0
}

// configures says whether the configuration says how to render what an object
// deploys.
func (p *planner) configures(d deployer, kind, what string) bool {
	return slices.ContainsFunc(p.at[place{kind, what}], func(i int) bool {
		return p.units[i].Configured && (kind != render.KindHelm || p.units[i].Release == d.name)
	})
}

// fail adds a unit that cannot be rendered, so that it can be excluded by
// name and is never taken for judged.
func (p *planner) fail(d deployer, kind, what string, pos source.Position, msg, hint string) {
	if !p.configures(d, kind, what) {
		p.unjudged(d, kind, what, pos, msg, hint)
	}
}

// unjudged is fail, whatever the configuration says.
func (p *planner) unjudged(d deployer, kind, what string, pos source.Position, msg, hint string) {
	p.add(render.Unit{
		Kind: kind, Path: what, Release: d.name, Place: pos, Controller: d.id(), ControllerFile: d.file, Spec: doc.Map(d.obj, "spec"),
		Fault: &source.Error{Position: pos, Msg: msg, Hint: hint, Cause: causeOf(hint)},
	})
}

// watch says of the unit that was added last what it may deploy from.
func (p *planner) watch(dirs []string) {
	if len(dirs) == 0 || len(p.units) == 0 || p.units[len(p.units)-1].from != p.from {
		return
	}
	p.known.directories()
	last := &p.units[len(p.units)-1]
	last.Watches = append(last.Watches, dirs...)
}

// kindOf says what Argo CD takes a directory for: a kustomization, a chart or
// manifests; the first of these where it is several, as the names are looked at
// in their order and the last one counts. A chart that cannot be read is one
// still: what deploys it must fail.
func (p *planner) kindOf(dir string) string {
	if _, ok := p.kustomization(dir); ok || p.unreadable(dir, discover.KindKustomization) {
		return render.KindKustomize
	}
	if _, ok := p.chart(dir); ok || p.unreadable(dir, discover.KindChart) {
		return render.KindHelm
	}
	if p.dirs[dir] {
		return render.KindManifests
	}
	return ""
}

// unreadable says whether a file of the kind stands in a directory and cannot be
// read.
func (p *planner) unreadable(dir string, kind discover.Kind) bool {
	return p.layout.unreadable[place{string(kind), dir}]
}

// files are the manifests in a directory.
func (p *planner) files(dir string, recurse bool) []string {
	return p.layout.manifests.of(dir, recurse)
}

// fluxFiles are the manifests below a directory that Flux lists in the
// kustomization which it makes: YAML by the name, and nothing else.
// https://fluxcd.io/flux/components/kustomize/kustomizations/#generating-a-kustomizationyaml-file
func (p *planner) fluxFiles(dir string) []string {
	return slices.DeleteFunc(p.files(dir, true), func(f string) bool { return !fluxReads(f) })
}

func fluxReads(file string) bool {
	ext := path.Ext(file)
	return ext == ".yaml" || ext == ".yml"
}

// argoReads says whether Argo CD takes a file of a directory source:
// https://argo-cd.readthedocs.io/en/stable/user-guide/directory/
func argoReads(file string) bool {
	ext := path.Ext(file)
	return ext == ".yaml" || ext == ".yml" || ext == ".json"
}

// note records an object of a controller that deploys nothing.
func (p *planner) note(d deployer, reason string) {
	p.ledger = append(p.ledger, facts.Entry{
		Kind: "unit", ID: d.id() + "@" + d.file, State: facts.NotApplicable, Reason: reason, Place: d.place(),
	})
}
