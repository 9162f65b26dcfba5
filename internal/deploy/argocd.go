package deploy

import (
	"bytes"
	"cmp"
	"fmt"
	"os"
	"path"
	"slices"
	"sort"
	"strings"

	"gate/internal/doc"
	"gate/internal/render"
	"gate/internal/render/jsonnet"
	"gate/internal/source"
)

// application adds the units of an Argo CD Application:
// https://argo-cd.readthedocs.io/en/stable/operator-manual/application.yaml
func (p *planner) application(d deployer) {
	spec := doc.Map(d.obj, "spec")
	dest := doc.Map(spec, "destination")
	base := render.Unit{
		Controller: d.id(), ControllerFile: d.file, Release: d.name, Place: d.place(),
		Namespace: doc.Text(dest, "namespace"), Cluster: doc.Text(dest, "name"), Server: doc.Text(dest, "server"),
	}
	base.Place.EndLine, base.Place.EndColumn = 0, 0
	if base.Namespace != "" {
		base.NamespaceAt = d.place("spec", "destination", "namespace")
	}
	if d.from != "" {
		base.From = []string{d.from}
	}
	var sources []locatedSource
	if s := doc.Map(spec, "source"); s != nil && len(doc.List(spec, "sources")) == 0 { // sources win
		sources = append(sources, locatedSource{s, source.Path{"spec", "source"}})
	}
	refs := map[string]map[string]any{}
	for i, e := range doc.List(spec, "sources") {
		s := doc.Map(e)
		if s == nil {
			continue
		}
		sources = append(sources, locatedSource{s, source.Path{"spec", "sources", i}})
		if name := doc.Text(s, "ref"); name != "" {
			refs[name] = s
		}
	}
	// What a hydrator commits to its branch is what the dry source renders to:
	// https://argo-cd.readthedocs.io/en/stable/user-guide/source-hydrator/
	if dry := doc.Map(spec, "sourceHydrator", "drySource"); dry != nil {
		sources = []locatedSource{{dry, source.Path{"spec", "sourceHydrator", "drySource"}}}
	}
	for _, s := range append(sources, p.operation(d, sources)...) {
		plan := func(q *planner) { q.argoSource(d, base, s.src, s.at, refs) }
		if _, other := p.elsewhere(doc.Text(s.src, "repoURL")); other || doc.Text(s.src, "chart") != "" {
			plan(p)
			continue
		}
		p.pinnedTo(doc.Text(s.src, "targetRevision"), d.place(append(s.at[:len(s.at):len(s.at)], "targetRevision")...), plan)
	}
}

// argoSource adds the unit of one source of an Application.
func (p *planner) argoSource(d deployer, u render.Unit, src map[string]any, at source.Path, refs map[string]map[string]any) {
	pos := d.place(at...)
	repo, chart := doc.Text(src, "repoURL"), doc.Text(src, "chart")
	if chart != "" {
		version := doc.Text(src, "targetRevision")
		hint := pullHint(chart, repo, version)
		if !strings.Contains(repo, "://") || strings.HasPrefix(repo, "oci://") {
			hint = pullHint("oci://"+strings.TrimPrefix(repo, "oci://")+"/"+chart, "", version)
		}
		if p.configures(d, render.KindHelm, chart) {
			return
		}
		u.Kind, u.Path, u.Place = render.KindHelm, chart, pos
		u.Fault = &source.Error{Position: pos, Msg: fmt.Sprintf("chart %q of %s is not in the repository; nothing is fetched", chart, repo), Hint: hint}
		if !strings.Contains(repo, "://") {
			repo = "oci://" + repo
		}
		u.Fetch = render.RemoteChart(repo, chart, version)
		p.argoHelm(d, u, src, at, refs)
		return
	}
	if other, ok := p.elsewhere(repo); ok && doc.Text(src, "path") != "" {
		p.fail(d, render.KindManifests, path.Clean(doc.Text(src, "path")), pos, fmt.Sprintf("path %q is deployed from %s, which is another repository", doc.Text(src, "path"), other), elsewhereHint)
		return
	}
	dir := path.Clean(strings.TrimPrefix(doc.Text(src, "path"), "/"))
	if doc.Text(src, "path") == "" {
		if doc.Text(src, "ref") != "" {
			return // only lends its value files
		}
		dir = "."
	}
	if !p.dirs[dir] {
		p.fail(d, render.KindManifests, dir, pos, fmt.Sprintf("path %q of %s is not in this tree", dir, repo),
			p.absent(repo))
		return
	}
	p.known.directories()
	u.Path = dir
	d, src, fault := p.overridden(d, &u, src, at)
	if fault != nil {
		p.unjudged(d, p.kindOf(dir), dir, fault.Position, fault.Msg, fault.Hint)
		return
	}
	if plugin := doc.Map(src, "plugin"); plugin != nil {
		p.fail(d, render.KindManifests, dir, d.place(append(at[:len(at):len(at)], "plugin")...), "a config management plugin cannot be run", "commit what it renders")
		return
	}
	switch {
	case src["helm"] != nil:
		u.Kind = render.KindHelm
	case src["kustomize"] != nil:
		u.Kind = render.KindKustomize
	case src["directory"] != nil:
		u.Kind = render.KindManifests
	default:
		u.Kind = p.kindOf(dir)
	}
	switch u.Kind {
	case render.KindHelm:
		p.argoHelm(d, u, src, at, refs)
	case render.KindKustomize:
		p.argoKustomize(d, u, src, at)
	default:
		p.argoDirectory(d, u, src, at)
	}
}

// argoDirectory adds plain manifests.
func (p *planner) argoDirectory(d deployer, u render.Unit, src map[string]any, at source.Path) {
	dir := doc.Map(src, "directory")
	recurse := doc.Bool(dir, "recurse")
	globs := directoryGlobs{include: doc.Text(dir, "include"), exclude: doc.Text(dir, "exclude")}
	u.Kind, u.Below = render.KindManifests, recurse
	files := slices.DeleteFunc(p.files(u.Path, recurse), func(f string) bool { return !argoReads(f) })
	files = append(files, p.programs(u.Path, recurse)...)
	sort.Strings(files)
	for _, f := range files {
		rel := f
		if u.Path != "." {
			rel = strings.TrimPrefix(f, u.Path+"/")
		}
		takes, doubted := globs.takes(rel)
		if !takes || p.marked(f) {
			continue
		}
		if doubted != "" && len(u.Notes) == 0 {
			u.Notes = append(u.Notes, render.Note{Place: d.place(append(at[:len(at):len(at)], "directory")...), Hint: "write its alternatives out",
				Msg: fmt.Sprintf("releases of Argo CD differ on whether %q means %s, which is judged", doubted, rel)})
		}
		u.Files = append(u.Files, f)
	}
	if slices.ContainsFunc(u.Files, jsonnet.IsProgram) {
		options, fault, at := p.argoJsonnet(d, src, at)
		if fault != "" {
			p.fail(d, render.KindManifests, u.Path, at, fault, "")
			return
		}
		u.Jsonnet = options
	}
	if len(u.Files) == 0 {
		p.note(d, fmt.Sprintf("no manifest below %q", u.Path))
		return
	}
	p.deploy(u)
}

// skipMark is what keeps a file out of directory sources, wherever it stands in
// it: https://argo-cd.readthedocs.io/en/stable/user-guide/directory/#skipping-file-rendering
const skipMark = "+argocd:skip-file-rendering"

// marked says whether a file says that it is not to be deployed.
func (l *layout) marked(file string) bool {
	marked, known := l.marks[file]
	if !known {
		data, err := l.tree.ReadFile(file)
		marked = err == nil && bytes.Contains(data, []byte(skipMark))
		l.marks[file] = marked
	}
	return marked
}

// argoEnvironment replaces the build environment in a text:
// https://argo-cd.readthedocs.io/en/stable/user-guide/build-environment/
// What only a sync knows is unknown.
func (p *planner) argoEnvironment(d deployer, src map[string]any, text string) (replaced, unknown string) {
	dest := doc.Map(d.obj, "spec", "destination")
	known := map[string]string{
		"ARGOCD_APP_NAME": d.name, "ARGOCD_APP_NAMESPACE": doc.Text(dest, "namespace"), "ARGOCD_APP_PROJECT_NAME": cmp.Or(doc.Text(d.obj, "spec", "project"), "default"),
		"ARGOCD_APP_SOURCE_PATH": doc.Text(src, "path"), "ARGOCD_APP_SOURCE_REPO_URL": doc.Text(src, "repoURL"),
		"ARGOCD_APP_SOURCE_TARGET_REVISION": doc.Text(src, "targetRevision"),
	}
	replaced = os.Expand(text, func(name string) string {
		if v, ok := known[name]; ok {
			return v
		}
		if name == "$" {
			return "$"
		}
		if strings.HasPrefix(name, "ARGOCD_") || strings.HasPrefix(name, "KUBE_") {
			unknown = name
		}
		return ""
	})
	return replaced, unknown
}
