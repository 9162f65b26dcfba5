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

// holders are the directories whose files are deployed as a whole, each with the
// files from which that is said: what stands there and is not part of it was left
// out on purpose.
type holders struct {
	*layout
	by      map[string]map[string]bool // directory -> files with which its deployers begin
	plain   map[string]bool            // those of plain manifests
	part    map[string]bool            // files that are deployed
	listing map[string]bool            // directories whose kustomization lists what leads to paths
	packs   []render.Unit              // that are made of all that an artifact has of their directories
	leading map[string][]deployer      // file -> the objects in it that lead to paths
}

// holders are those of a round.
func (t *rounds) holders(list []*rendering) *holders {
	h := &holders{layout: t.layout, by: map[string]map[string]bool{}, plain: map[string]bool{}, part: map[string]bool{}, listing: map[string]bool{}, leading: map[string][]deployer{}}
	refs := map[string][]string{}
	for _, d := range t.raw {
		if leads(d.obj) {
			h.leading[d.file] = append(h.leading[d.file], d)
		}
	}
	for _, dir := range t.listing {
		h.listing[dir] = true
	}
	for _, k := range t.layout.inv.Kustomizations {
		refs[k.Dir] = k.Refs
	}
	seen := map[string]map[string]bool{} // by root: one way down from each is enough
	for _, r := range list {
		if r.unit.Controller == "" || r.unit.Revision != nil {
			continue
		}
		root := deployer{file: r.unit.ControllerFile, by: r.by}.root()
		if r.unit.Artifact != nil && (r.unit.Generate || r.unit.Kind == render.KindManifests) {
			h.packs = append(h.packs, r.unit)
		}
		switch r.unit.Kind {
		case render.KindKustomize:
			if seen[root] == nil {
				seen[root] = map[string]bool{}
			}
			h.kustomization(r.unit.Path, root, refs, seen[root])
			if !r.unit.Generate {
				continue
			}
			for _, dir := range t.layout.listed(r.unit.Path) {
				h.kustomization(dir, root, refs, seen[root])
			}
		case render.KindManifests:
			if len(r.unit.Files) > 0 {
				h.add(r.unit.Path, root)
				h.plain[r.unit.Path] = true
			}
			for _, f := range r.unit.Files {
				h.part[f] = true
			}
		}
	}
	return h
}

func (h *holders) add(dir, root string) {
	if h.by[dir] == nil {
		h.by[dir] = map[string]bool{}
	}
	h.by[dir][root] = true
}

// kustomization adds the directories that a kustomization is built from.
func (h *holders) kustomization(dir, root string, refs map[string][]string, seen map[string]bool) {
	if _, ok := h.kustomizationAt[dir]; !ok || seen[dir] {
		return
	}
	seen[dir] = true
	h.add(dir, root)
	for _, next := range refs[dir] {
		h.kustomization(next, root, refs, seen)
	}
}

// holds says whether a file that nothing lists stands where others are deployed
// by something else than the file itself.
func (h *holders) holds(file string) bool {
	if h.part[file] {
		return false
	}
	dir := path.Dir(file)
	if h.leftOut(file, dir) || h.ignored(file) {
		return true
	}
	for at := dir; ; at = path.Dir(at) {
		_, kustomized := h.kustomizationAt[at]
		if kustomized || at == dir && h.plain[at] {
			for root := range h.by[at] {
				if root != file {
					return true
				}
			}
		}
		if kustomized || at == "." {
			return false
		}
	}
}

// ignored says whether a file stands in a directory that is deployed as a whole,
// and is left out of the artifact that is deployed.
func (h *holders) ignored(file string) bool {
	return slices.ContainsFunc(h.packs, func(u render.Unit) bool {
		return u.ControllerFile != file && within(file, u.Path) && !holdsAny(u.Artifact.Tree, []string{file})
	})
}

// leftOut says whether a file of objects that lead to paths stands beside a
// kustomization that lists others and not this one, whoever builds that. What
// deploys that directory is where it all begins.
func (h *holders) leftOut(file, dir string) bool {
	if !h.listing[dir] || len(h.leading[file]) == 0 {
		return false
	}
	return !slices.ContainsFunc(h.leading[file], func(d deployer) bool {
		to := d.leadsTo()
		return to != "" && (to == "." || to == dir || strings.HasPrefix(dir, to+"/")) || doc.At(d.obj, "spec", "sources") != nil
	})
}

// leadsTo is the path that an object deploys, "" if that is not a single one.
func (d deployer) leadsTo() string {
	for _, p := range [][]any{{"spec", "path"}, {"spec", "source", "path"}, {"spec", "template", "spec", "source", "path"}} {
		if to := doc.Text(d.obj, p...); to != "" {
			return path.Clean(strings.TrimPrefix(to, "/"))
		}
	}
	return ""
}

// forlorn are the paths that only objects lead to which were left out.
func (t *rounds) forlorn(h *holders) map[string]bool {
	out := map[string]bool{}
	for _, d := range t.raw {
		if leads(d.obj) && h.holds(d.file) {
			if to := d.leadsTo(); to != "" {
				out[to] = true
			}
		}
	}
	return out
}

// listings are the directories whose kustomization lists files with objects
// that lead to paths.
func listings(inv *discover.Inventory) []string {
	leading := map[string]bool{}
	for _, m := range inv.Manifests {
		for _, document := range m.Docs {
			items, _ := manifest.Objects(document.Value, nil)
			for _, it := range items {
				leading[m.Path] = leading[m.Path] || leads(it.Manifest)
			}
		}
	}
	var out []string
	for _, k := range inv.Kustomizations {
		if slices.ContainsFunc(k.Refs, func(r string) bool { return leading[r] }) {
			out = append(out, k.Dir)
		}
	}
	return out
}

// all says whether all of some files are held; no files are not.
func (h *holders) all(files []string) bool {
	return len(files) > 0 && !slices.ContainsFunc(files, func(f string) bool { return !h.holds(f) })
}

// rooted are the objects of the tree that somebody applies, as far as the last
// round tells: not those that were left out of what is deployed around them. What
// a kustomization took in that a controller made is known as it is rendered.
func (t *rounds) rooted(last []*rendering) []deployer {
	h := t.holders(last)
	taken := map[string]bool{}
	for _, r := range last {
		if r.unit.Generate && r.outcome.Rendered != nil {
			for _, f := range r.outcome.Rendered.Sources {
				taken[f] = true
			}
		}
	}
	var out []deployer
	held := map[string]bool{} // by file
	for _, d := range t.raw {
		left, known := held[d.file]
		if !known {
			left = taken[d.file] || h.holds(d.file)
			held[d.file] = left
		}
		if !left {
			out = append(out, d)
		}
	}
	return out
}
