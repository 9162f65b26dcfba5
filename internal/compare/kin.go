package compare

import (
	"crypto/sha256"
	"path"
	"slices"
	"strings"

	"gate/internal/facts"
	"gate/internal/git"
	"gate/internal/render"
	"gate/internal/source"
	"gate/internal/transition"
)

// kin tells what speaks for an object of the base and one of the head being one
// object: who deploys them, and where the change moved their files.
type kin struct {
	trees      *Trees
	base, head *view
	renamed    map[string]string            // new names of files, as git has them
	gone       map[string][]string          // files that only the base has, by each directory above them
	fresh      map[string]bool              // files that only the head has
	left       map[string]bool              // the same files
	sums       map[string][sha256.Size]byte // of files that are gone or fresh
	units      map[[2]string]transition.Kinship
	above      map[[2]string]int // files that went from one directory to another
}

func newKin(in Input, was, is *view) *kin {
	k := &kin{
		trees: in.Trees, base: was, head: is, renamed: map[string]string{},
		gone: map[string][]string{}, fresh: map[string]bool{},
		left: map[string]bool{}, sums: map[string][sha256.Size]byte{}, units: map[[2]string]transition.Kinship{}, above: map[[2]string]int{},
	}
	for _, f := range in.Trees.Files {
		switch {
		case f.Previous != "":
			k.renamed[f.Previous] = f.Path
			k.leaves(f.Previous)
			k.fresh[f.Path] = true
		case f.Status == git.Deleted:
			k.leaves(f.Path)
		case f.Status == git.Added:
			k.fresh[f.Path] = true
		}
	}
	return k
}

func (k *kin) leaves(file string) {
	k.left[file] = true
	for d := path.Dir(file); ; d = path.Dir(d) {
		k.gone[d] = append(k.gone[d], file)
		if d == "." {
			return
		}
	}
}

// of says what speaks for b of the base and h of the head being one object.
func (k *kin) of(b, h *facts.Object) transition.Kinship {
	u, v := k.base.outcomes[b.Unit].Unit, k.head.outcomes[h.Unit].Unit
	out, ok := k.units[[2]string{u.ID, v.ID}]
	if !ok {
		out = k.ofUnits(u, v)
		k.units[[2]string{u.ID, v.ID}] = out
	}
	// A file that stands for itself takes its objects with it; what a chart or
	// an overlay makes of a file stays theirs.
	if out.Unit || u.Kind == render.KindManifests || v.Kind == render.KindManifests {
		f, g := k.base.files[b.ID], k.head.files[h.ID]
		out.File = f == g || k.moved(f, g)
	}
	return out
}

func (k *kin) ofUnits(u, v render.Unit) transition.Kinship {
	out := transition.Kinship{
		Unit:     u.ID == v.ID,
		Deployer: u.Controller != "" && u.Controller == v.Controller && u.ControllerFile == v.ControllerFile && u.Cluster == v.Cluster,
	}
	for _, alike := range []bool{
		u.Kind == v.Kind, u.Release == v.Release, u.Namespace == v.Namespace, u.Environment == v.Environment,
		u.Target == v.Target, u.Cluster == v.Cluster, u.CIValues == v.CIValues, u.Controller == v.Controller,
	} {
		if alike {
			out.Alike++
		}
	}
	p, q := words(u.Path), words(v.Path)
	back := agree(reversed(p), reversed(q))
	out.Path = back + agree(p[:len(p)-back], q[:len(q)-back])
	if u.Path == v.Path {
		return out
	}
	files := u.Files
	if u.Kind != render.KindManifests {
		files = k.gone[u.Path]
	}
	out.Moved = k.count(files, u.Path, v.Path)
	from, to := directory(p[:len(p)-back]), directory(q[:len(q)-back])
	n, known := k.above[[2]string{from, to}]
	if !known {
		n = k.count(k.gone[from], from, to)
		k.above[[2]string{from, to}] = n
	}
	out.Above = n
	return out
}

// count is how many of the files went from one directory to another, whole or
// with the way that leads from there to them.
func (k *kin) count(files []string, from, to string) int {
	n := 0
	for _, f := range files {
		if g := k.renamed[f]; g != "" && below(g, to) || k.moved(f, path.Join(to, strings.TrimPrefix(f, from+"/"))) {
			n++
		}
	}
	return n
}

// moved says whether a file is another one now: as git has it, or because it
// holds the same. Of several that hold the same git names any.
func (k *kin) moved(f, g string) bool {
	if f == "" || g == "" {
		return false
	}
	if k.renamed[f] == g {
		return true
	}
	if !k.left[f] || !k.fresh[g] {
		return false
	}
	before, ok1 := k.sum(k.trees.Base, f)
	after, ok2 := k.sum(k.trees.Head, g)
	return ok1 && ok2 && before == after
}

// sum is the digest of a file that only one tree has; false for one that cannot
// be read or is empty.
func (k *kin) sum(t source.Tree, file string) (sum [sha256.Size]byte, ok bool) {
	sum, ok = k.sums[file]
	if !ok {
		if data, err := t.ReadFile(file); err == nil && len(data) > 0 {
			sum = sha256.Sum256(data)
		}
		k.sums[file] = sum
	}
	return sum, sum != [sha256.Size]byte{}
}

// generated is the name of an object without what a tool made up of it, and
// the template that makes it.
func (k *kin) generated(side *view, o *facts.Object, raw map[string]any) string {
	unit, file := side.outcomes[o.Unit].Unit, side.files[o.ID]
	tree, name := k.trees.Head, file
	if side == k.base {
		tree, name = k.trees.Base, k.trees.nameInHead(file)
	}
	out := render.GeneratedName(unit, raw, file, tree.ReadFile)
	if out != "" && unit.Kind == render.KindHelm { // a helper may name the objects of several templates
		out += " " + name
	}
	return out
}

// words are the names in a path; the root has none.
func words(p string) []string {
	if p == "." || p == "" {
		return nil
	}
	return strings.Split(p, "/")
}

func directory(words []string) string { return path.Join(".", strings.Join(words, "/")) }

func reversed(list []string) []string {
	out := slices.Clone(list)
	slices.Reverse(out)
	return out
}

// agree is how many of the first elements are the same.
func agree(a, b []string) int {
	n := 0
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	return n
}
