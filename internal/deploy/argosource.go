package deploy

import (
	"cmp"
	"fmt"
	"path"
	"slices"
	"strings"

	"gate/internal/doc"
	"gate/internal/facts"
	"gate/internal/render"
	"gate/internal/source"
)

// override is a file beside a source of an Application that changes how it is
// rendered: https://argo-cd.readthedocs.io/en/stable/user-guide/parameters/#store-overrides-in-git
type override struct {
	file string
	doc  *source.Document
}

// argoOverrides are the names of the files in a directory that change how an
// Application renders it, the later ones with the last word. An Application of
// another namespace than the controller's is called after both there; which
// namespace that is, is not in the tree.
func argoOverrides(dir string, app deployer) []string {
	names := []string{".argocd-source.yaml"}
	if app.name != "" {
		names = append(names, ".argocd-source-"+app.name+".yaml")
	}
	if ns := doc.Text(app.obj, "metadata", "namespace"); ns != "" && app.name != "" {
		names = append(names, ".argocd-source-"+ns+"_"+app.name+".yaml")
	}
	var out []string
	for _, name := range names {
		if !strings.Contains(name, "/") {
			out = append(out, path.Join(dir, name))
		}
	}
	return out
}

// overridden lays what stands beside a source over it, and has the fields that
// come from there placed there. What it names besides how the source is rendered
// does not count.
func (p *planner) overridden(d deployer, u *render.Unit, src map[string]any, at source.Path) (deployer, map[string]any, *source.Error) {
	names := argoOverrides(u.Path, d)
	u.Beside = slices.Concat(u.Beside, names, kustomizationsIn(u.Path), []string{path.Join(u.Path, "Chart.yaml")})
	var list []override
	for _, file := range names {
		if _, ok := p.tree.Lookup(file); !ok {
			continue
		}
		o, err := p.override(file)
		if err != nil {
			return d, src, err
		}
		u.From = append(u.From, file)
		if o.doc != nil {
			list = append(list, o)
		}
	}
	if len(list) == 0 {
		return d, src, nil
	}
	if len(list) > 1 && len(names) > 2 && list[len(list)-1].file == names[2] && list[len(list)-2].file == names[1] {
		return d, src, &source.Error{
			Position: source.Position{File: names[2], Line: 1}, Msg: fmt.Sprintf("which one of this file and %s overrides the source of %s cannot be told", names[1], d.id()),
			Hint: "delete the one that Argo CD does not read",
		}
	}
	out := src
	for _, o := range list {
		out = mergedPatch(out, doc.Map(o.doc.Value))
	}
	for _, fixed := range []string{"chart", "path", "repoURL", "targetRevision"} {
		out[fixed] = src[fixed]
	}
	d.loc = besideSource(d.loc, at, list)
	return d, out, nil
}

// override reads one such file: its first document counts. Nothing is overridden
// by an empty one.
func (p *planner) override(file string) (override, *source.Error) {
	o := override{file: file}
	fault := func(pos source.Position, msg string) *source.Error {
		return &source.Error{Position: pos, Msg: msg, Hint: "mend the file: it says how Argo CD renders what stands beside it"}
	}
	start := source.Position{File: file, Line: 1}
	data, err := p.tree.ReadFile(file)
	if err != nil {
		return o, fault(start, render.ReadError(file, err).Error())
	}
	docs, err := source.ParseYAML(file, data)
	if err != nil {
		return o, fault(start, err.Error())
	}
	if len(docs) == 0 || docs[0].Value == nil {
		return o, nil
	}
	if doc.Map(docs[0].Value) == nil {
		return o, fault(start, "the override of a source is no mapping")
	}
	if at, meant := misspelt(docs[0].Value, nil); at != nil {
		return o, fault(docs[0].Locator().Locate(at).Position, fmt.Sprintf("Argo CD reads the key %q as %q", asText(at[len(at)-1]), meant))
	}
	o.doc = docs[0]
	return o, nil
}

// besideSource places the fields of a source where they are overridden, the last
// file first.
func besideSource(loc source.Locator, at source.Path, list []override) source.Locator {
	return source.LocatorFunc(func(p source.Path) source.Location {
		if len(p) <= len(at) || !slices.Equal(p[:len(at)], at) {
			return loc.Locate(p)
		}
		for _, o := range slices.Backward(list) {
			if _, ok := doc.Lookup(o.doc.Value, p[len(at):]...); ok {
				return o.doc.Locator().Locate(p[len(at):])
			}
		}
		return loc.Locate(p)
	})
}

// sourceFields are the fields of a source that say how it is rendered, at any
// depth.
var sourceFields = strings.Fields(`helm kustomize directory plugin
	valueFiles values valuesObject parameters fileParameters name value forceString path releaseName namespace
	ignoreMissingValueFiles skipCrds skipTests kubeVersion apiVersions version passCredentials
	namePrefix nameSuffix images commonLabels commonAnnotations commonAnnotationsEnvsubst components patches replicas count
	labelWithoutSelector labelIncludeTemplates ignoreMissingComponents
	recurse include exclude jsonnet extVars tlas libs code`)

// misspelt finds a key that is a field in another case: Argo CD reads the file
// into its own type as encoding/json does, which takes either.
func misspelt(v any, at source.Path) (where source.Path, meant string) {
	below := func(k any) source.Path { return append(at[:len(at):len(at)], k) }
	switch v := v.(type) {
	case map[string]any:
		for _, k := range sortedKeys(v) {
			if i := slices.IndexFunc(sourceFields, func(f string) bool { return f != k && strings.EqualFold(f, k) }); i >= 0 {
				return below(k), sourceFields[i]
			}
			if k == "valuesObject" || k == "commonLabels" || k == "commonAnnotations" {
				continue
			}
			if where, meant = misspelt(v[k], below(k)); where != nil {
				return where, meant
			}
		}
	case []any:
		for i, e := range v {
			if where, meant = misspelt(e, below(i)); where != nil {
				return where, meant
			}
		}
	}
	return nil, ""
}

// overriding says whether a file overrides sources by its name, and of which
// Application, "" if that is any.
func overriding(file string) (app string, ok bool) {
	name, ok := strings.CutPrefix(path.Base(file), ".argocd-source")
	if !ok {
		return "", false
	}
	if name, ok = strings.CutSuffix(name, ".yaml"); !ok || name != "" && name[0] != '-' {
		return "", false
	}
	name = strings.TrimPrefix(name, "-")
	if _, inNamespace, ok := strings.Cut(name, "_"); ok {
		name = inNamespace
	}
	return name, true
}

// unclaimedOverrides adds what the files that override sources make of directories
// that no Application of the tree deploys: one of another repository may.
func (p *planner) unclaimedOverrides() {
	if len(p.overrides) == 0 {
		return
	}
	claimed := map[string]bool{}
	for _, u := range p.units {
		claimed[u.Path] = claimed[u.Path] || strings.HasPrefix(u.Controller, "Application/")
	}
	p.at, p.from = map[place][]int{}, nil
	for _, file := range p.overrides {
		app, _ := overriding(file)
		dir := path.Dir(file)
		if claimed[dir] {
			continue
		}
		p.aside = &facts.Variant{By: facts.VariantOverride, With: file, At: []string{file}}
		at := source.Position{File: file, Line: 1}
		name := cmp.Or(app, strings.ToLower(path.Base(dir)))
		d := deployer{loc: source.Fixed(at), file: file, kind: "Application", name: app, obj: map[string]any{"metadata": map[string]any{"name": name}}}
		src := map[string]any{"path": dir}
		p.argoSource(d, render.Unit{Release: name, Place: at, Defined: at}, src, source.Path{"spec", "source"}, nil)
	}
}
