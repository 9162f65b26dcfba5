package deploy

import (
	"path"
	"slices"
	"strings"

	"gate/internal/render"
)

// holders are the directories whose files are deployed as a whole, each with the
// files from which that is said: what stands there and is not part of it was left
// out on purpose.
type holders struct {
	kustomized map[string]bool            // directories that hold a kustomization
	by         map[string]map[string]bool // directory -> files with which its deployers begin
	plain      map[string]bool            // those of plain manifests
	part       map[string]bool            // files that are deployed
}

// holders are those of a round.
func (t *rounds) holders(list []*rendering) *holders {
	h := &holders{kustomized: map[string]bool{}, by: map[string]map[string]bool{}, plain: map[string]bool{}, part: map[string]bool{}}
	refs := map[string][]string{}
	for _, k := range t.inventory.Kustomizations {
		h.kustomized[k.Dir], refs[k.Dir] = true, k.Refs
	}
	for _, r := range list {
		if r.unit.Controller == "" || r.unit.Revision != nil {
			continue
		}
		root := deployer{file: r.unit.ControllerFile, by: r.by}.root()
		switch r.unit.Kind {
		case render.KindKustomize:
			seen := map[string]bool{}
			h.kustomization(r.unit.Path, root, refs, seen)
			for dir := range refs {
				if r.unit.Generate && h.lists(r.unit.Path, dir) {
					h.kustomization(dir, root, refs, seen)
				}
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
	if seen[dir] || !h.kustomized[dir] {
		return
	}
	seen[dir] = true
	h.add(dir, root)
	for _, next := range refs[dir] {
		h.kustomization(next, root, refs, seen)
	}
}

// lists says whether the kustomization that a controller makes of a directory
// lists that of another one below it: none stands between the two.
// https://fluxcd.io/flux/components/kustomize/kustomizations/#generating-a-kustomizationyaml-file
func (h *holders) lists(dir, below string) bool {
	if below == dir || dir != "." && !strings.HasPrefix(below, dir+"/") {
		return false
	}
	for at := path.Dir(below); at != dir && at != "."; at = path.Dir(at) {
		if h.kustomized[at] {
			return false
		}
	}
	return true
}

// holds says whether a file that nothing lists stands where others are deployed
// by something else than the file itself.
func (h *holders) holds(file string) bool {
	if h.part[file] {
		return false
	}
	dir := path.Dir(file)
	for at := dir; ; at = path.Dir(at) {
		if h.kustomized[at] || at == dir && h.plain[at] {
			for root := range h.by[at] {
				if root != file {
					return true
				}
			}
		}
		if h.kustomized[at] || at == "." {
			return false
		}
	}
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
	return slices.DeleteFunc(slices.Clone(t.raw), func(d deployer) bool { return taken[d.file] || h.holds(d.file) })
}
