package deploy

import (
	"maps"
	"path"
	"slices"
	"strings"

	"gate/internal/discover"
	"gate/internal/render/jsonnet"
	"gate/internal/source"
)

// layout is a tree with what was discovered in it, by directory: each object of
// a controller asks for a few of them, and there may be thousands of both.
type layout struct {
	tree source.Tree
	inv  *discover.Inventory
	dirs map[string]bool // that hold a file, at any depth
	// sorted are dirs in their order.
	sorted          []string
	chartAt         map[string]discover.Chart
	kustomizationAt map[string]discover.Kustomization
	refs            map[string][]string // of all kustomizations of a directory
	// kustomized are the directories of kustomizations in their order, above
	// those that have one below them.
	kustomized []string
	above      map[string]bool
	unreadable map[place]bool             // of files of a kind that cannot be read
	templates  map[string]bool            // charts that have something to be rendered
	values     map[string]map[string]bool // keys that a chart knows; see knows
	manifests  listing
	jsonnet    listing
	kindAt     map[string]discover.Kind // see kinds
	packs      map[packing]*packed      // by what the source says
	overrides  []string                 // files that change how an Application renders a directory
	marks      map[string]bool          // files that a directory source would read; see marked
}

func newLayout(tree source.Tree, inv *discover.Inventory) *layout {
	l := &layout{
		tree: tree, inv: inv, dirs: source.Directories(tree), chartAt: map[string]discover.Chart{}, kustomizationAt: map[string]discover.Kustomization{},
		refs: map[string][]string{}, above: map[string]bool{}, unreadable: map[place]bool{}, templates: map[string]bool{}, values: map[string]map[string]bool{}, marks: map[string]bool{}, packs: map[packing]*packed{},
	}
	l.sorted = slices.Sorted(maps.Keys(l.dirs))
	for _, c := range slices.Backward(inv.Charts) { // of several the first one counts
		l.chartAt[c.Dir] = c
	}
	for _, k := range slices.Backward(inv.Kustomizations) {
		l.kustomizationAt[k.Dir] = k
		for d := path.Dir(k.Dir); !l.above[d]; d = path.Dir(d) {
			l.above[d] = true
		}
	}
	for _, k := range inv.Kustomizations {
		l.refs[k.Dir] = append(l.refs[k.Dir], k.Refs...)
	}
	l.kustomized = slices.Sorted(maps.Keys(l.kustomizationAt))
	for _, u := range inv.Unreadable {
		l.unreadable[place{string(u.Kind), path.Dir(u.Path)}] = true
	}
	for _, f := range inv.Files {
		if f.Kind == discover.KindChartTemplate && !strings.HasPrefix(path.Base(f.Path), "_") && path.Base(f.Path) != "NOTES.txt" {
			l.templates[f.Owner] = true
		}
	}
	var manifests, programs []string
	for _, m := range inv.Manifests {
		manifests = append(manifests, m.Path)
	}
	manifests = append(manifests, inv.Templates...)
	for _, e := range tree.Entries() {
		if jsonnet.IsProgram(e.Path) {
			programs = append(programs, e.Path)
		}
		if _, ok := overriding(e.Path); ok {
			l.overrides = append(l.overrides, e.Path)
		}
	}
	l.manifests, l.jsonnet = newListing(manifests), newListing(programs)
	return l
}

// lists says whether the kustomization that a controller makes of a directory
// lists that of another one below it: none stands between the two.
// https://fluxcd.io/flux/components/kustomize/kustomizations/#generating-a-kustomizationyaml-file
func (l *layout) lists(dir, below string) bool {
	if below == dir || dir != "." && !strings.HasPrefix(below, dir+"/") {
		return false
	}
	for at := path.Dir(below); at != dir && at != "."; at = path.Dir(at) {
		if _, ok := l.kustomizationAt[at]; ok {
			return false
		}
	}
	return true
}

// listed are the directories of the kustomizations that the one lists which a
// controller makes of a directory.
func (l *layout) listed(dir string) []string {
	var out []string
	for _, below := range under(l.kustomized, dir) {
		if l.lists(dir, below) {
			out = append(out, below)
		}
	}
	return out
}

// listing are files, sorted and by directory.
type listing struct {
	all []string
	in  map[string][]string
}

func newListing(files []string) listing {
	l := listing{slices.Sorted(slices.Values(files)), map[string][]string{}}
	for _, f := range l.all {
		dir := path.Dir(f)
		l.in[dir] = append(l.in[dir], f)
	}
	return l
}

// of are the files in a directory, or at any depth below it; none is nil. The
// list is the caller's.
func (l listing) of(dir string, recurse bool) []string {
	if recurse {
		return slices.Clone(under(l.all, dir))
	}
	return slices.Clone(l.in[dir])
}

// under are the paths of a sorted list that stand below a directory, at any
// depth; nil if none does.
func under(sorted []string, dir string) []string {
	if dir == "." {
		return sorted
	}
	from, _ := slices.BinarySearch(sorted, dir+"/")
	n, _ := slices.BinarySearch(sorted[from:], dir+"0") // what follows a slash
	if n == 0 {
		return nil
	}
	return sorted[from : from+n]
}
