package source

import (
	"path"
	"sort"
	"strings"
)

// Join joins a path of a tree with a relative one. ok is false if the result
// leaves the tree.
func Join(dir, rel string) (p string, ok bool) {
	p = path.Join(dir, rel)
	return p, p != ".." && !strings.HasPrefix(p, "../") && !path.IsAbs(p)
}

// Below returns the entries of a tree under dir ("." for all), sorted by path.
func Below(tree Tree, dir string) []Entry {
	all := tree.Entries()
	if dir == "." || dir == "" {
		return all
	}
	prefix := dir + "/"
	from := sort.Search(len(all), func(i int) bool { return all[i].Path >= prefix })
	to := from
	for to < len(all) && strings.HasPrefix(all[to].Path, prefix) {
		to++
	}
	return all[from:to]
}

// Directories returns every directory of a tree that holds a file, at any
// depth; the root is ".".
func Directories(tree Tree) map[string]bool {
	out := map[string]bool{".": true}
	for _, e := range tree.Entries() {
		for d := path.Dir(e.Path); !out[d]; d = path.Dir(d) {
			out[d] = true
		}
	}
	return out
}
