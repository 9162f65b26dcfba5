package deploy

import (
	"bytes"
	"cmp"
	"path"
	"slices"
	"strings"

	"gate/internal/discover"
	"gate/internal/doc"
	"gate/internal/render"
	"gate/internal/source"

	"github.com/fluxcd/pkg/sourceignore"
	"github.com/fluxcd/pkg/sourceignore/gitignore"
)

// packed is what the source controller makes of a layout by some rules.
type packed struct {
	*layout
	from     *layout
	artifact *render.Artifact // nil where nothing is left out that could be deployed
}

// fromArtifact plans what is deployed from the GitRepository that an object names
// at a path, as the source controller packs it: without links, and without the
// files that ignore rules leave out:
// https://fluxcd.io/flux/components/source/gitrepositories/#excluding-files
func (f flux) fromArtifact(p *planner, d deployer, plan func(*planner), at ...any) {
	var rules packing
	ref := doc.Map(d.obj, append(at, "sourceRef")...)
	if repository, ok := f.object(d, "GitRepository", cmp.Or(doc.Text(ref, "namespace"), doc.Text(d.obj, "metadata", "namespace")), doc.Text(ref, "name")); ok {
		rules = packingOf(repository.obj)
	}
	if kind := doc.Text(ref, "kind"); kind != "GitRepository" && kind != "ExternalArtifact" {
		plan(p)
		return
	}
	p.inArtifact(rules, plan)
}

// packing is what a source says of what its artifact holds, beside what the files
// of the repository say.
type packing struct {
	ignore string
	sparse string // the beginnings of paths that are checked out, one a line; all if empty
}

// packingOf reads it: https://fluxcd.io/flux/components/source/gitrepositories/#sparse-checkout
func packingOf(repository map[string]any) packing {
	out := packing{ignore: doc.Text(repository, "spec", "ignore")}
	var dirs []string
	for _, dir := range doc.Texts(repository, "spec", "sparseCheckout") {
		if dir = strings.TrimPrefix(path.Clean(dir), "/"); dir == "." {
			return out
		}
		dirs = append(dirs, dir)
	}
	out.sparse = strings.Join(dirs, "\n")
	return out
}

// leavesOut says whether a file is not checked out.
func (k packing) leavesOut(file string) bool {
	return k.sparse != "" && !slices.ContainsFunc(strings.Split(k.sparse, "\n"), func(dir string) bool { return strings.HasPrefix(file, dir) })
}

// inArtifact plans what is deployed from this repository as the source controller
// packs it by the rules of a source.
func (p *planner) inArtifact(rules packing, plan func(*planner)) {
	made := p.layout.packed(rules)
	p.with(func(q *planner) { q.packed, q.layout = made, made.layout }, plan)
}

// with plans by a planner that differs.
func (p *planner) with(change func(*planner), plan func(*planner)) {
	q := *p
	change(&q)
	plan(&q)
	p.units, p.ledger, p.known, p.expanded = q.units, q.ledger, q.known, q.expanded
}

// packed is what the source controller makes of a tree by the rules of a source
// beside its own.
func (l *layout) packed(rules packing) *packed {
	if l.packs[rules] != nil {
		return l.packs[rules]
	}
	out := &packed{layout: l, from: l}
	l.packs[rules] = out
	text, patterns := l.ignoreRules(rules)
	var matcher gitignore.Matcher
	if len(patterns) == 0 {
		matcher = sourceignore.NewDefaultMatcher(nil, nil)
	} else { // what is said once more is the only thing that counts, but for Git's own files
		matcher = sourceignore.NewMatcher(append(sourceignore.VCSPatterns(nil), patterns...))
	}
	leftOut := func(e source.Entry) bool {
		return e.Symlink || rules.leavesOut(e.Path) || matcher.Match(strings.Split(e.Path, "/"), false)
	}
	if !slices.ContainsFunc(l.tree.Entries(), func(e source.Entry) bool { return l.mayCount(e, len(patterns) > 0 || rules.sparse != "") && leftOut(e) }) {
		return out
	}
	gone := map[string]bool{}
	tree := source.Without(l.tree, func(e source.Entry) bool {
		gone[e.Path] = leftOut(e)
		return gone[e.Path]
	})
	out.artifact = &render.Artifact{Rules: text, Tree: tree}
	out.layout = newLayout(tree, l.inv.Without(func(p string) bool { return gone[p] }))
	return out
}

// mayCount says whether it can make a difference that a file is left out: by the
// rules that are always there only what is deployed itself does, by those of the
// repository also what is read for it.
func (l *layout) mayCount(e source.Entry, said bool) bool {
	switch l.kinds()[e.Path] {
	case discover.KindChart, discover.KindChartTemplate, discover.KindKustomization, discover.KindManifest:
		return true
	case discover.KindChartFile, discover.KindOther, discover.KindSymlink:
		return said || e.Symlink
	}
	return false
}

// kinds says what each file is.
func (l *layout) kinds() map[string]discover.Kind {
	if l.kindAt == nil {
		l.kindAt = make(map[string]discover.Kind, len(l.inv.Files))
		for _, f := range l.inv.Files {
			l.kindAt[f.Path] = f.Kind
		}
	}
	return l.kindAt
}

// ignoreRules are those of the files of a tree, each for its directory, and then
// those of the source itself; later ones win. The text tells them apart.
func (l *layout) ignoreRules(rules packing) (text string, out []gitignore.Pattern) {
	var files []string
	for _, e := range l.tree.Entries() {
		if path.Base(e.Path) == ignoreFile && !rules.leavesOut(e.Path) {
			files = append(files, e.Path)
		}
	}
	// A directory's own come before those of the directories in it, whatever their names.
	slices.SortStableFunc(files, func(a, b string) int { return cmp.Compare(strings.Count(a, "/"), strings.Count(b, "/")) })
	var b strings.Builder
	for _, file := range files {
		data, err := l.tree.ReadFile(file)
		if err != nil {
			continue // then the source has no artifact at all
		}
		var domain []string
		if dir := path.Dir(file); dir != "." {
			domain = strings.Split(dir, "/")
		}
		out = append(out, sourceignore.ReadPatterns(bytes.NewReader(data), domain)...)
		b.WriteString(file + "\n" + string(data) + "\n")
	}
	out = append(out, sourceignore.ReadPatterns(strings.NewReader(rules.ignore), nil)...)
	b.WriteString("\n" + rules.ignore + "\n\n" + rules.sparse)
	return b.String(), out
}

// ignoreFile is the name of a file with rules.
const ignoreFile = sourceignore.IgnoreFile

// ignoring gives a unit the files that say what is left out of what it is
// deployed from.
func (p *planner) ignoring(u render.Unit) render.Unit {
	if p.packed == nil {
		return u
	}
	u.Artifact = p.packed.artifact
	u.Beside = append(u.Beside, kustomizationsIn(u.Path)...)
	for dir := u.Path; ; dir = path.Dir(dir) {
		file := path.Join(dir, ignoreFile)
		u.Beside = append(u.Beside, file)
		if _, ok := p.packed.from.tree.Lookup(file); ok {
			u.From = append(u.From, file)
		}
		if dir == "." || dir == "/" {
			return u
		}
	}
}

// kustomizationsIn are the names that the kustomization of a directory may have.
func kustomizationsIn(dir string) []string {
	return []string{path.Join(dir, "kustomization.yaml"), path.Join(dir, "kustomization.yml"), path.Join(dir, "Kustomization")}
}

// holdsAny says whether one of some files is in a tree.
func holdsAny(tree source.Tree, files []string) bool {
	return slices.ContainsFunc(files, func(f string) bool { _, ok := tree.Lookup(f); return ok })
}
