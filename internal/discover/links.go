package discover

import (
	"path"
	"strings"

	"gate/internal/source"
)

// maxLinks bounds the links to directories that are followed, those behind others
// included: a link to a directory above it has no end.
const maxLinks = 200

// Link is a path below which the files of another directory are found, too.
type Link struct {
	Path string
	Dir  string // of the tree, without links
}

// directoryLinks are the symbolic links of a tree that lead to directories of it, and
// those that stand below such a directory once more by the way of the link to it.
func directoryLinks(tree source.Tree) []Link {
	reader, ok := tree.(interface{ Link(string) (string, error) })
	if !ok {
		return nil
	}
	dirs := map[string]bool{".": true}
	links := map[string]string{}
	for _, e := range tree.Entries() {
		if e.Symlink {
			if text, err := reader.Link(e.Path); err == nil {
				links[e.Path] = text
			}
		}
		for d := path.Dir(e.Path); !dirs[d]; d = path.Dir(d) {
			dirs[d] = true
		}
	}
	var out []Link
	for _, e := range tree.Entries() {
		if dir, ok := leadsTo(e.Path, links); ok && e.Symlink && dirs[dir] && len(out) < maxLinks {
			out = append(out, Link{e.Path, dir})
		}
	}
	for i := 0; i < len(out); i++ {
		for j := 0; j < len(out) && len(out) < maxLinks; j++ {
			rest, below := strings.CutPrefix(out[j].Path, out[i].Dir+"/")
			if at := path.Join(out[i].Path, rest); below && strings.Count(at, "/") < 40 && !strings.HasPrefix(out[j].Dir+"/", out[i].Dir+"/") {
				out = append(out, Link{at, out[j].Dir})
			}
		}
	}
	return out
}

// leadsTo is the path that a link leads to; links on the way are followed, too. It is
// not ok for one that leaves the tree or comes back to itself.
func leadsTo(p string, links map[string]string) (string, bool) {
	for range 40 {
		at, rest, found := "", "", false
		for d := p; d != "."; d = path.Dir(d) { // the link furthest up
			if _, ok := links[d]; ok {
				at, rest, found = d, strings.TrimPrefix(p, d), true
			}
		}
		if !found {
			return p, true
		}
		text := links[at]
		if p = path.Join(path.Dir(at), text, rest); path.IsAbs(text) || p == ".." || strings.HasPrefix(p, "../") {
			return "", false
		}
	}
	return "", false
}
