package deploy

import (
	"cmp"
	"encoding/base64"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"gate/internal/discover"
	"gate/internal/doc"
	"gate/internal/render"
	"gate/internal/source"
)

// flux reads the objects of Flux: https://fluxcd.io/flux/components/
type flux struct {
	planner *planner
	objects []deployer
	called  map[called][]deployer // the same, each in its order
}

// object finds the object that d names by kind and name; a namespace must fit
// if both name one. Where several clusters of the tree have such an object it
// is that of the same cluster: of those that are deployed from nearest to what
// deploys d, the one whose file is nearest.
func (f flux) object(d deployer, kind, namespace, name string) (found deployer, ok bool) {
	best := [2]int{-1, -1}
	for _, o := range f.called[called{kind, name}] {
		if ns := doc.Text(o.obj, "metadata", "namespace"); ns != "" && namespace != "" && ns != namespace {
			continue
		}
		near := [2]int{inCommon(d.root(), o.root()), inCommon(d.file, o.file)}
		if near[0] > best[0] || near[0] == best[0] && near[1] > best[1] {
			found, ok, best = o, true, near
		}
	}
	return found, ok
}

// origins are the files that an object comes from: its own, or those of the
// kustomization that generates it.
func (d deployer) origins() []string {
	if d.by == nil || d.by.unit.Kind != render.KindKustomize || d.by.outcome.Rendered == nil || d.file != d.by.unit.Place.File {
		return []string{d.file}
	}
	return append([]string{d.file}, d.by.outcome.Rendered.Sources...)
}

// root is the file with which what deploys an object begins: the object's own,
// where nothing deploys that.
func (d deployer) root() string {
	file := d.file
	for r, n := d.by, 0; r != nil && n < maxGenerations; r, n = r.by, n+1 { // some deploy themselves
		file = cmp.Or(r.unit.ControllerFile, r.unit.Place.File)
	}
	return file
}

// inCommon is how many directories two files stand in together.
func inCommon(a, b string) int {
	n := 0
	for i := 0; i < len(a) && i < len(b) && a[i] == b[i]; i++ {
		if a[i] == '/' {
			n++
		}
	}
	return n
}

// base is the part of a unit that all Flux objects share.
func (f flux) base(d deployer) render.Unit {
	u := render.Unit{Controller: d.id(), ControllerFile: d.file, Release: d.name, Place: d.place(), Namespace: doc.Text(d.obj, "spec", "targetNamespace")}
	u.Place.EndLine, u.Place.EndColumn = 0, 0
	u.Defined = u.Place
	if u.Namespace != "" {
		u.NamespaceAt = d.place("spec", "targetNamespace")
	}
	if u.Cluster = doc.Text(d.obj, "spec", "kubeConfig", "secretRef", "name"); u.Cluster == "" {
		u.Cluster = doc.Text(d.obj, "spec", "kubeConfig", "configMapRef", "name")
		// https://fluxcd.io/flux/components/kustomize/kustomizations/#secret-less-authentication
		if o, ok := f.object(d, "ConfigMap", doc.Text(d.obj, "metadata", "namespace"), u.Cluster); ok {
			u.Server = doc.Text(o.obj, "data", "address")
		}
	}
	return u
}

// kustomization adds the unit of a Flux Kustomization.
func (f flux) kustomization(d deployer) {
	name, at := f.revision(d, "spec")
	f.planner.pinnedTo(name, at, func(p *planner) {
		f.fromArtifact(p, d, func(p *planner) { f.planKustomization(p, d) }, "spec")
	})
}

func (f flux) planKustomization(p *planner, d deployer) {
	f.planner = p
	u := f.base(d)
	u.Release = ""
	dir, ok := source.Join(".", strings.TrimPrefix(doc.Text(d.obj, "spec", "path"), "/"))
	kind := doc.Text(d.obj, "spec", "sourceRef", "kind")
	if fault, hint, at := f.unread(d, dir, "spec"); fault != "" {
		p.fail(d, render.KindKustomize, path.Clean(doc.Text(d.obj, "spec", "path")), at, fault, hint)
		return
	}
	if other, ok := f.elsewhere(d, "spec"); ok {
		p.fail(d, render.KindKustomize, path.Clean(doc.Text(d.obj, "spec", "path")), d.place("spec", "path"),
			fmt.Sprintf("path %q is deployed from %s, which is another repository", doc.Text(d.obj, "spec", "path"), other), elsewhereHint)
		return
	}
	a, made := f.artifact(d, "spec")
	if made && ok {
		dir, ok = a.find(dir)
	}
	if !ok || !p.dirs[dir] {
		defer p.watch(a.sources())
		p.fail(d, render.KindKustomize, path.Clean(doc.Text(d.obj, "spec", "path")), d.place("spec", "path"),
			fmt.Sprintf("path %q of %s %s is not in this tree", doc.Text(d.obj, "spec", "path"), kind, doc.Text(d.obj, "spec", "sourceRef", "name")),
			p.absent(f.address(d, "spec")))
		return
	}
	p.known.directories()
	u.Kind, u.Path = render.KindKustomize, dir
	u.Overlay = map[string]any{}
	if u.Namespace != "" {
		u.Overlay["namespace"] = u.Namespace
	}
	for _, field := range []string{"namePrefix", "nameSuffix", "images", "patches", "components"} {
		if v := doc.At(d.obj, "spec", field); v != nil {
			u.Overlay[field] = v
		}
	}
	if old, fault := d.formerPatches(); fault != nil {
		p.fail(d, render.KindKustomize, dir, d.place("spec"), "patches: "+fault.Error(), "")
		return
	} else if old != nil {
		u.Overlay["patches"] = append(slices.Clone(doc.List(u.Overlay, "patches")), old...)
	}
	if doc.Bool(d.obj, "spec", "ignoreMissingComponents") {
		p.presentComponents(&u)
	}
	u.Common = d.commonMetadata()
	u.OverlayLoc = source.LocatorFunc(func(p source.Path) source.Location {
		if len(p) > 0 && p[0] == "namespace" {
			p = source.Path{"targetNamespace"}
		}
		return d.below("spec").Locate(p)
	})
	if len(u.Overlay) == 0 {
		u.Overlay, u.OverlayLoc = nil, nil
	}
	if k, ok := p.kustomization(dir); ok {
		u.Place = source.Position{File: k.File}
	} else if p.unreadable(dir, discover.KindKustomization) {
		// Building it says why.
	} else if files := p.fluxFiles(dir); u.Overlay == nil && u.Common.Empty() && !p.nested(dir) && len(files) > 0 {
		// What Flux would generate lists these files and changes nothing.
		u.Kind, u.Files, u.Below = render.KindManifests, files, true
		u.Place = source.Position{File: files[0]}
	} else {
		u.Generate = true
	}
	if post := doc.Map(d.obj, "spec", "postBuild"); post != nil {
		vars, fault := f.variables(d, post, &u)
		if fault != "" {
			p.fail(d, render.KindKustomize, dir, d.place("spec", "postBuild"), fault, "commit the object, or mark the reference optional")
			return
		}
		// Without any variable Flux leaves the text as it is, unless it is asked.
		if len(vars) > 0 || doc.Text(post, "substituteStrategy") == "Always" {
			u.Substitute = vars
		}
	}
	p.deploy(u)
}

// nested says whether a kustomization stands below dir.
func (p *planner) nested(dir string) bool {
	return p.above[dir]
}

// variables are those of substituteFrom, in order, then those of substitute; Flux
// takes line breaks out of them.
func (f flux) variables(d deployer, post map[string]any, u *render.Unit) (vars map[string]string, fault string) {
	vars = map[string]string{}
	standIns := f.planner.standInsOf(*u)
	for i, e := range doc.List(post, "substituteFrom") {
		ref := doc.Map(e)
		what := fmt.Sprintf("%s %q", doc.Text(ref, "kind"), doc.Text(ref, "name"))
		o, ok := f.object(d, doc.Text(ref, "kind"), doc.Text(d.obj, "metadata", "namespace"), doc.Text(ref, "name"))
		if !ok && len(standIns) > 0 {
			maps.Copy(vars, standIns)
			continue
		}
		if !ok {
			if doc.Bool(ref, "optional") {
				tell(u, d.place("spec", "postBuild", "substituteFrom", i), "the optional variables of "+what+" are not in the tree, so they are taken as not set")
				continue
			}
			return nil, fmt.Sprintf("variables come from %s, which is not in the tree", what)
		}
		if o.encrypted() {
			tell(u, d.place("spec", "postBuild", "substituteFrom", i), "the variables of "+what+" are encrypted, so their ciphertext stands for them")
		}
		u.From = append(u.From, o.origins()...)
		for k, v := range o.data() {
			if standIn, has := standIns[k]; has && o.encrypted() {
				v = standIn
			}
			vars[k] = strings.ReplaceAll(v, "\n", "")
		}
	}
	for k, v := range doc.Map(post, "substitute") {
		vars[k] = strings.ReplaceAll(asText(orNil(v)), "\n", "")
	}
	return vars, ""
}

// standInsOf are the values that the configuration gives for what of a unit is
// kept outside of the tree.
func (p *planner) standInsOf(u render.Unit) map[string]string {
	if p.standIns == nil {
		return nil
	}
	return p.standIns(u.Kind+":"+u.Path, u.Path)
}

// tell adds a note about how a unit is deployed.
func tell(u *render.Unit, at source.Position, msg string) {
	u.Notes = append(u.Notes, render.Note{Place: at, Msg: msg, Hint: "commit stand-ins that rules can judge"})
}

// untold says of values that nobody here knows them.
func untold(u *render.Unit, at source.Position, msg, key string) {
	u.Untold = append(u.Untold, render.OpenBranch{
		Place: at, Msg: msg + ": what they change is not known",
		Hint: fmt.Sprintf("give values that rules can judge in .gate.yaml, standIns: {%q: {%s: …}}, or mark the reference optional", u.Path, key),
	})
}

// encrypted says whether SOPS wrote an object.
func (d deployer) encrypted() bool { return doc.Map(d.obj, "sops") != nil }

// data is the content of a ConfigMap or Secret.
func (d deployer) data() map[string]string {
	out := map[string]string{}
	for k, v := range doc.Map(d.obj, "data") {
		text := asText(v)
		if d.kind == "Secret" {
			if b, err := base64.StdEncoding.DecodeString(text); err == nil {
				text = string(b)
			}
		}
		out[k] = text
	}
	for k, v := range doc.Map(d.obj, "stringData") {
		out[k] = asText(v)
	}
	return out
}

// helmRelease adds the unit of a HelmRelease whose chart is in the tree.
func (f flux) helmRelease(d deployer) {
	p := f.planner
	u := f.base(d)
	// Every release goes through a kustomization that labels its objects.
	u.Kind, u.Strict = render.KindHelm, true
	if u.Namespace == "" {
		u.Namespace, u.NamespaceAt = doc.Text(d.obj, "metadata", "namespace"), d.place("metadata", "namespace")
	}
	if r := doc.Text(d.obj, "spec", "releaseName"); r != "" {
		u.Release = r
	} else if ns := doc.Text(d.obj, "spec", "targetNamespace"); ns != "" {
		u.Release = ns + "-" + d.name
	}
	u.Release = shortRelease(u.Release)
	u.Common = d.commonMetadata()
	d = f.withChart(d)
	name, at := f.revision(d, "spec", "chart", "spec")
	p.pinnedTo(name, at, func(p *planner) {
		f.fromArtifact(p, d, func(p *planner) { f.planRelease(p, d, u) }, "spec", "chart", "spec")
	})
}

func (f flux) planRelease(p *planner, d deployer, u render.Unit) {
	f.planner = p
	chart, kind := doc.Text(d.obj, "spec", "chart", "spec", "chart"), doc.Text(d.obj, "spec", "chart", "spec", "sourceRef", "kind")
	dir, ok := source.Join(".", strings.TrimPrefix(chart, "/"))
	if _, found := p.chart(dir); !ok || !found || kind == "HelmRepository" || kind == "Bucket" {
		what, pos := chart, d.place("spec", "chart")
		if what == "" {
			what, pos = "chartRef", d.place("spec", "chartRef")
		}
		msg := fmt.Sprintf("chart %q of %s %s is not in the repository; nothing is fetched",
			cmp.Or(chart, f.referredChart(d)), cmp.Or(kind, doc.Text(d.obj, "spec", "chartRef", "kind")), cmp.Or(doc.Text(d.obj, "spec", "chart", "spec", "sourceRef", "name"), doc.Text(d.obj, "spec", "chartRef", "name")))
		if u.Fetch = f.repositoryChart(d); u.Fetch == nil || p.configures(d, render.KindHelm, what) {
			p.fail(d, render.KindHelm, what, pos, msg, f.vendorHint(d, chart))
			return
		}
		u.Fault = &source.Error{Position: pos, Msg: msg, Hint: f.vendorHint(d, chart)}
		dir, u.Place = what, pos
	}
	if fault, hint, at := f.unread(d, dir, "spec", "chart", "spec"); fault != "" && u.Fetch == nil {
		p.fail(d, render.KindHelm, dir, at, fault, hint)
		return
	}
	if other, ok := f.elsewhere(d, "spec", "chart", "spec"); ok {
		p.fail(d, render.KindHelm, dir, d.place("spec", "chart"), fmt.Sprintf("chart %q is deployed from %s, which is another repository", chart, other), elsewhereHint)
		return
	}
	u.Path = dir
	p.known.charts = p.known.charts || u.Fetch == nil
	files := doc.List(d.obj, "spec", "chart", "spec", "valuesFiles")
	if one := doc.Text(d.obj, "spec", "chart", "spec", "valuesFile"); one != "" && files == nil { // before valuesFiles
		files = []any{one}
	}
	u.OwnValues = len(files) > 0
	for i, e := range files {
		file, ok := source.Join(f.valuesDir(u), strings.TrimPrefix(asText(e), "/"))
		if !ok {
			p.fail(d, render.KindHelm, dir, d.place("spec", "chart", "spec", "valuesFiles", i), fmt.Sprintf("value file %q leaves the repository", asText(e)), "")
			return
		}
		ignore := doc.Bool(d.obj, "spec", "chart", "spec", "ignoreMissingValuesFiles")
		if _, ok := p.tree.Lookup(file); !ok && ignore {
			u.OptionalValues = append(u.OptionalValues, file)
			if u.Fetch == nil {
				continue
			}
		}
		u.Values = append(u.Values, file)
	}
	if fault, pos := f.valuesFrom(d, &u); fault != "" {
		p.fail(d, render.KindHelm, dir, pos, fault, "correct the reference")
		return
	}
	if vals := doc.Map(d.obj, "spec", "values"); vals != nil {
		u.Inline = append(u.Inline, render.InlineValues{Values: floats(vals).(map[string]any), Loc: d.below("spec", "values")})
	}
	if doc.Text(d.obj, "spec", "install", "crds") == "Skip" {
		u.SkipCRDs = true
	}
	u.SkipSchema = doc.Bool(d.obj, "spec", "install", "disableSchemaValidation") || doc.Bool(d.obj, "spec", "upgrade", "disableSchemaValidation")
	post, fault, pos := d.postRenderers()
	if fault != "" {
		p.fail(d, render.KindHelm, dir, pos, fault, "set the fields by values, or exclude the unit")
		return
	}
	u.PostRenderers = post
	p.deploy(u)
}

// valuesFrom adds the values of ConfigMaps and Secrets in the tree. What others
// give is not known: the unit is rendered without, and says so.
func (f flux) valuesFrom(d deployer, u *render.Unit) (fault string, pos source.Position) {
	for i, e := range doc.List(d.obj, "spec", "valuesFrom") {
		ref := doc.Map(e)
		pos = d.place("spec", "valuesFrom", i)
		o, ok := f.object(d, doc.Text(ref, "kind"), doc.Text(d.obj, "metadata", "namespace"), doc.Text(ref, "name"))
		key := cmp.Or(doc.Text(ref, "valuesKey"), "values.yaml")
		text, has := o.data()[key]
		if standIn, given := f.planner.standInsOf(*u)[key]; given && (!ok || !has || o.encrypted()) {
			o, ok, text, has = d, true, standIn, true
		}
		if !ok || !has {
			if doc.Bool(ref, "optional") {
				tell(u, pos, fmt.Sprintf("the optional values of %s %q are not in the tree, so they are taken as not set", doc.Text(ref, "kind"), doc.Text(ref, "name")))
				continue
			}
			untold(u, pos, fmt.Sprintf("values come from key %q of %s %q, which is not in the tree", key, doc.Text(ref, "kind"), doc.Text(ref, "name")), key)
			continue
		}
		if o.encrypted() {
			if doc.Text(ref, "targetPath") == "" {
				untold(u, pos, fmt.Sprintf("values come from %s %q, which is encrypted", doc.Text(ref, "kind"), doc.Text(ref, "name")), key)
				continue
			}
			tell(u, pos, fmt.Sprintf("the value of %s %q is encrypted, so its ciphertext stands for it", doc.Text(ref, "kind"), doc.Text(ref, "name")))
		}
		u.From = append(u.From, o.origins()...)
		if target := doc.Text(ref, "targetPath"); target != "" {
			vals := map[string]any{}
			if err := setPath(target, text, vals); err != nil {
				return fmt.Sprintf("target path %q: %v", target, err), pos
			}
			u.Inline = append(u.Inline, render.InlineValues{Values: vals, Loc: o.below("data", key), Text: true})
			continue
		}
		vals, err := parseValues(text, o.below("data", key))
		if err != nil {
			return "values: " + err.Error(), o.place("data", key)
		}
		u.Inline = append(u.Inline, vals)
	}
	return "", pos
}
