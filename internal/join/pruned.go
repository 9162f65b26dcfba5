package join

import (
	"cmp"
	"path"
	"slices"
	"strings"

	"gate/internal/config"
	"gate/internal/doc"
	"gate/internal/facts"
)

// pruned names for every object the controller object that deletes it when it
// leaves the tree: one with prune whose path is that of the object's unit.
//
// It reads the objects of Argo CD and Flux and the path and release of the
// units, and writes PrunedBy of all objects.
func pruned(d *document) {
	byUnit := map[string]string{}
	for _, i := range deliverers(d) {
		o := d.Objects[i]
		for _, p := range prunes(o) {
			for _, u := range d.Units {
				if byUnit[u.ID] == "" && meet(u.Scope, o.Scope) && p.matches(u.Path) && (u.Release == "" || p.release == "" || p.release == u.Release) {
					byUnit[u.ID] = o.ID
				}
			}
		}
	}
	if len(byUnit) == 0 {
		return
	}
	for i, o := range d.Objects {
		d.Objects[i].PrunedBy = byUnit[o.Unit]
	}
}

// prunedPath is a path that a controller object prunes. release is empty if
// any release of the chart is meant.
type prunedPath struct {
	path    string // literal, or a glob
	glob    bool
	release string
}

func (p prunedPath) matches(dir string) bool {
	if p.glob {
		return config.Match(p.path, dir)
	}
	return p.path == dir
}

// prunes are the paths that a controller object prunes.
func prunes(o facts.Object) []prunedPath {
	if o.Kind == "Kustomization" {
		if doc.Bool(o.Manifest, "spec", "prune") {
			return []prunedPath{{path: path.Clean(strings.TrimPrefix(doc.Text(o.Manifest, "spec", "path"), "/"))}}
		}
		return nil
	}
	spec := doc.At(o.Manifest, applicationSpec(o)...)
	if o.Group != argoGroup || !doc.Bool(spec, "syncPolicy", "automated", "prune") {
		return nil
	}
	var out []prunedPath
	for _, s := range append(slices.Clone(doc.List(spec, "sources")), doc.At(spec, "source")) {
		dir := doc.Text(s, "path")
		switch {
		case dir == "":
			continue
		case o.Kind == "Application":
			out = append(out, prunedPath{path: path.Clean(dir), release: cmp.Or(doc.Text(s, "helm", "releaseName"), o.Name)})
		case strings.TrimSpace(templateAction().ReplaceAllString(dir, "")) == "":
			out = append(out, generated(o)...)
		default:
			out = append(out, prunedPath{path: withoutTemplate(dir), glob: true})
		}
		if o.Kind == "Application" && doc.Bool(s, "directory", "recurse") {
			out = append(out, prunedPath{path: escapeGlob(path.Clean(dir)) + "/**", glob: true})
		}
	}
	return out
}

// generated are the directories that the git generators of an ApplicationSet
// name, for a template whose path is one of them.
func generated(o facts.Object) []prunedPath {
	var out []prunedPath
	for _, g := range doc.List(o.Manifest, "spec", "generators") {
		for _, dir := range doc.List(g, "git", "directories") {
			if !doc.Bool(dir, "exclude") {
				out = append(out, prunedPath{path: doc.Text(dir, "path"), glob: true})
			}
		}
	}
	return out
}

var (
	templateAction = pattern(`\{\{[^{}]*\}\}`)
	globMeta       = pattern(`[*?\[\]{}\\]`)
)

// withoutTemplate is a path with "*" in place of what a generator fills in.
func withoutTemplate(p string) string {
	var out strings.Builder
	last := 0
	for _, m := range templateAction().FindAllStringIndex(p, -1) {
		out.WriteString(escapeGlob(p[last:m[0]]) + "*")
		last = m[1]
	}
	return path.Clean(out.String() + escapeGlob(p[last:]))
}

func escapeGlob(s string) string { return globMeta().ReplaceAllString(s, `\$0`) }
