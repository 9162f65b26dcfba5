package render

import (
	"encoding/base64"
	"fmt"
	"path"
	"slices"
	"strings"

	"gate/internal/source"
)

// flux reads the objects of Flux: https://fluxcd.io/flux/components/
type flux struct {
	planner *planner
	objects []deployer
}

// object finds an object of the tree by kind and name; a namespace must fit
// if both name one.
func (f flux) object(kind, namespace, name string) (deployer, bool) {
	for _, o := range f.objects {
		if o.kind == kind && o.name == name {
			if ns := o.text("metadata", "namespace"); ns == "" || namespace == "" || ns == namespace {
				return o, true
			}
		}
	}
	return deployer{}, false
}

// base is the part of a unit that all Flux objects share.
func (f flux) base(d deployer) Unit {
	u := Unit{Controller: d.id(), Release: d.name, Place: d.place(), Namespace: d.text("spec", "targetNamespace")}
	u.Place.EndLine, u.Place.EndColumn = 0, 0
	u.Defined = u.Place
	if u.Cluster = d.text("spec", "kubeConfig", "secretRef", "name"); u.Cluster == "" {
		u.Cluster = d.text("spec", "kubeConfig", "configMapRef", "name")
	}
	return u
}

// kustomization adds the unit of a Flux Kustomization.
func (f flux) kustomization(d deployer) {
	p := f.planner
	u := f.base(d)
	u.Release = ""
	dir, ok := join(".", strings.TrimPrefix(d.text("spec", "path"), "/"))
	kind := d.text("spec", "sourceRef", "kind")
	if other, ok := f.elsewhere(d, "spec"); ok {
		p.fail(d, KindKustomize, path.Clean(d.text("spec", "path")), d.place("spec", "path"),
			fmt.Sprintf("path %q is deployed from %s, which is another repository", d.text("spec", "path"), other), elsewhereHint)
		return
	}
	if !ok || !p.dirs[dir] {
		p.fail(d, KindKustomize, path.Clean(d.text("spec", "path")), d.place("spec", "path"),
			fmt.Sprintf("path %q of %s %s is not in this tree", d.text("spec", "path"), kind, d.text("spec", "sourceRef", "name")),
			"judge it in its own repository and exclude the unit here, or correct the path")
		return
	}
	u.Kind, u.Path = KindKustomize, dir
	u.Overlay = map[string]any{}
	if u.Namespace != "" {
		u.Overlay["namespace"] = u.Namespace
	}
	for _, field := range []string{"namePrefix", "nameSuffix", "images", "patches", "components"} {
		if v := d.get("spec", field); v != nil {
			u.Overlay[field] = v
		}
	}
	if old, fault := d.formerPatches(); fault != nil {
		p.fail(d, KindKustomize, dir, d.place("spec"), "patches: "+fault.Error(), "")
		return
	} else if old != nil {
		u.Overlay["patches"] = append(slices.Clone(asList(u.Overlay["patches"])), old...)
	}
	if ignore, _ := d.get("spec", "ignoreMissingComponents").(bool); ignore {
		p.presentComponents(&u)
	}
	u.Common = d.commonMetadata()
	if len(u.Overlay) == 0 {
		u.Overlay = nil
	}
	if k, ok := p.kustomization(dir); ok {
		u.Place = source.Position{File: k.File}
	} else if files := p.files(dir, true); u.Overlay == nil && u.Common.empty() && !p.nested(dir) && len(files) > 0 {
		// What Flux would generate lists these files and changes nothing.
		u.Kind, u.Files = KindManifests, files
		u.Place = source.Position{File: files[0]}
	} else {
		u.Generate = true
	}
	if post := asMap(d.get("spec", "postBuild")); post != nil {
		vars, fault := f.variables(d, post, &u)
		if fault != "" {
			p.fail(d, KindKustomize, dir, d.place("spec", "postBuild"), fault, "commit the object, or mark the reference optional")
			return
		}
		u.Substitute = vars
	}
	p.deploy(u)
}

// nested says whether a kustomization stands below dir.
func (p *planner) nested(dir string) bool {
	for _, k := range p.inv.Kustomizations {
		if dir == "." || strings.HasPrefix(k.Dir, dir+"/") {
			return true
		}
	}
	return false
}

// variables are those of substituteFrom, in order, then those of substitute.
func (f flux) variables(d deployer, post map[string]any, u *Unit) (vars map[string]string, fault string) {
	vars = map[string]string{}
	for i, e := range asList(post["substituteFrom"]) {
		ref := asMap(e)
		what := fmt.Sprintf("%s %q", pick(ref, "kind"), pick(ref, "name"))
		o, ok := f.object(pick(ref, "kind"), d.text("metadata", "namespace"), pick(ref, "name"))
		if !ok {
			if optional, _ := ref["optional"].(bool); optional {
				u.tell(d.place("spec", "postBuild", "substituteFrom", i), "the optional variables of "+what+" are not in the tree, so they are taken as not set")
				continue
			}
			return nil, fmt.Sprintf("variables come from %s, which is not in the tree", what)
		}
		if o.encrypted() {
			u.tell(d.place("spec", "postBuild", "substituteFrom", i), "the variables of "+what+" are encrypted, so their ciphertext stands for them")
		}
		for k, v := range o.data() {
			vars[k] = v
		}
	}
	for k, v := range asMap(post["substitute"]) {
		vars[k] = asText(orNil(v))
	}
	return vars, ""
}

// tell adds a note about how a unit is deployed.
func (u *Unit) tell(at source.Position, msg string) {
	u.Told = append(u.Told, Note{Place: at, Msg: msg, Hint: "commit stand-ins that rules can judge"})
}

// encrypted says whether SOPS wrote an object.
func (d deployer) encrypted() bool { return asMap(d.get("sops")) != nil }

// data is the content of a ConfigMap or Secret.
func (d deployer) data() map[string]string {
	out := map[string]string{}
	for k, v := range asMap(d.get("data")) {
		text := asText(v)
		if d.kind == "Secret" {
			if b, err := base64.StdEncoding.DecodeString(text); err == nil {
				text = string(b)
			}
		}
		out[k] = text
	}
	for k, v := range asMap(d.get("stringData")) {
		out[k] = asText(v)
	}
	return out
}

// helmRelease adds the unit of a HelmRelease whose chart is in the tree.
func (f flux) helmRelease(d deployer) {
	p := f.planner
	u := f.base(d)
	u.Kind = KindHelm
	if u.Namespace == "" {
		u.Namespace = d.text("metadata", "namespace")
	}
	if r := d.text("spec", "releaseName"); r != "" {
		u.Release = r
	} else if ns := d.text("spec", "targetNamespace"); ns != "" {
		u.Release = ns + "-" + d.name
	}
	u.Release = shortRelease(u.Release)
	u.Common = d.commonMetadata()
	d = f.withChart(d)
	chart, kind := d.text("spec", "chart", "spec", "chart"), d.text("spec", "chart", "spec", "sourceRef", "kind")
	dir, ok := join(".", strings.TrimPrefix(chart, "/"))
	if _, found := p.chart(dir); !ok || !found || kind == "HelmRepository" || kind == "Bucket" {
		what, pos := chart, d.place("spec", "chart")
		if what == "" {
			what, pos = "chartRef", d.place("spec", "chartRef")
		}
		msg := fmt.Sprintf("chart %q of %s %s is not in the repository; nothing is fetched",
			orElse(chart, f.referredChart(d)), orElse(kind, d.text("spec", "chartRef", "kind")), orElse(d.text("spec", "chart", "spec", "sourceRef", "name"), d.text("spec", "chartRef", "name")))
		if u.Fetch = f.repositoryChart(d); u.Fetch == nil || p.configures(d, KindHelm, what) {
			p.fail(d, KindHelm, what, pos, msg, f.vendorHint(d, chart))
			return
		}
		u.Fault = &source.Error{Position: pos, Msg: msg, Hint: f.vendorHint(d, chart)}
		dir, u.Place = what, pos
	}
	if other, ok := f.elsewhere(d, "spec", "chart", "spec"); ok {
		p.fail(d, KindHelm, dir, d.place("spec", "chart"), fmt.Sprintf("chart %q is deployed from %s, which is another repository", chart, other), elsewhereHint)
		return
	}
	u.Path = dir
	files := asList(d.get("spec", "chart", "spec", "valuesFiles"))
	if one := d.text("spec", "chart", "spec", "valuesFile"); one != "" && files == nil { // before valuesFiles
		files = []any{one}
	}
	u.OwnValues = len(files) > 0
	for i, e := range files {
		file, ok := join(f.valuesDir(u), strings.TrimPrefix(asText(e), "/"))
		if !ok {
			p.fail(d, KindHelm, dir, d.place("spec", "chart", "spec", "valuesFiles", i), fmt.Sprintf("value file %q leaves the repository", asText(e)), "")
			return
		}
		ignore, _ := d.get("spec", "chart", "spec", "ignoreMissingValuesFiles").(bool)
		if _, ok := p.tree.Lookup(file); !ok && ignore {
			if u.Fetch == nil {
				continue
			}
			u.OptionalValues = append(u.OptionalValues, file)
		}
		u.Values = append(u.Values, file)
	}
	if fault, pos := f.valuesFrom(d, &u); fault != "" {
		p.fail(d, KindHelm, dir, pos, fault, "commit the object, or mark the reference optional")
		return
	}
	if vals := asMap(d.get("spec", "values")); vals != nil {
		u.Inline = append(u.Inline, InlineValues{Values: floats(vals).(map[string]any), Loc: d.below("spec", "values")})
	}
	if d.text("spec", "install", "crds") == "Skip" {
		u.SkipCRDs = true
	}
	post, fault, pos := d.postRenderers()
	if fault != "" {
		p.fail(d, KindHelm, dir, pos, fault, "set the fields by values, or exclude the unit")
		return
	}
	u.PostRenderers = post
	p.deploy(u)
}

// valuesFrom adds the values of ConfigMaps and Secrets in the tree.
func (f flux) valuesFrom(d deployer, u *Unit) (fault string, pos source.Position) {
	for i, e := range asList(d.get("spec", "valuesFrom")) {
		ref := asMap(e)
		pos = d.place("spec", "valuesFrom", i)
		o, ok := f.object(pick(ref, "kind"), d.text("metadata", "namespace"), pick(ref, "name"))
		key := orElse(pick(ref, "valuesKey"), "values.yaml")
		text, has := o.data()[key]
		if !ok || !has {
			if optional, _ := ref["optional"].(bool); optional {
				u.tell(pos, fmt.Sprintf("the optional values of %s %q are not in the tree, so they are taken as not set", pick(ref, "kind"), pick(ref, "name")))
				continue
			}
			return fmt.Sprintf("values come from key %q of %s %q, which is not in the tree", key, pick(ref, "kind"), pick(ref, "name")), pos
		}
		if o.encrypted() {
			if pick(ref, "targetPath") == "" {
				return fmt.Sprintf("values come from %s %q, which is encrypted", pick(ref, "kind"), pick(ref, "name")), pos
			}
			u.tell(pos, fmt.Sprintf("the value of %s %q is encrypted, so its ciphertext stands for it", pick(ref, "kind"), pick(ref, "name")))
		}
		if target := pick(ref, "targetPath"); target != "" {
			vals := map[string]any{}
			if err := setPath(target, text, vals); err != nil {
				return fmt.Sprintf("target path %q: %v", target, err), pos
			}
			u.Inline = append(u.Inline, InlineValues{Values: vals, Loc: o.below("data", key), Text: true})
			continue
		}
		vals, err := parseValues(text)
		if err != nil {
			return "values: " + err.Error(), o.place("data", key)
		}
		u.Inline = append(u.Inline, InlineValues{Values: vals, Loc: o.below("data", key), Text: true})
	}
	return "", pos
}

func (f flux) vendorHint(d deployer, chart string) string {
	if chart == "" {
		return "vendor the chart and name it under units in .gate.yaml"
	}
	repo := ""
	if o, ok := f.object("HelmRepository", "", d.text("spec", "chart", "spec", "sourceRef", "name")); ok {
		repo = " --repo " + o.text("spec", "url")
	}
	version := ""
	if v := d.text("spec", "chart", "spec", "version"); v != "" {
		version = fmt.Sprintf(" --version '%s'", v)
	}
	return fmt.Sprintf("vendor it: helm pull %s%s%s --untar --untardir vendor, and name vendor/%s under units in .gate.yaml", chart, repo, version, path.Base(chart))
}

func orElse(s, other string) string {
	if s == "" {
		return other
	}
	return s
}
