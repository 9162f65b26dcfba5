package deploy

import (
	"cmp"
	"path"
	"strings"

	"gate/internal/doc"
	"gate/internal/source"
)

// artifact is what an ArtifactGenerator makes of this repository:
// https://fluxcd.io/flux/components/source/artifactgenerators/
type artifact struct {
	copies []copied
	// whole says that nothing else is copied into it: only then is it known
	// what stands at a path.
	whole bool
}

// copied are the files below a directory of the tree, at a path of an artifact.
type copied struct{ from, to string }

// artifact finds the artifact that an object names at a path, if that is an
// ExternalArtifact that a generator of the tree makes.
func (f flux) artifact(d deployer, at ...any) (artifact, bool) {
	ref := doc.Map(d.obj, append(at, "sourceRef")...)
	if doc.Text(ref, "kind") != "ExternalArtifact" {
		return artifact{}, false
	}
	namespace := cmp.Or(doc.Text(ref, "namespace"), doc.Text(d.obj, "metadata", "namespace"))
	var best artifact
	near := [2]int{-1, -1}
	for _, o := range f.objects {
		if ns := doc.Text(o.obj, "metadata", "namespace"); o.kind != "ArtifactGenerator" || ns != "" && namespace != "" && ns != namespace {
			continue
		}
		for _, a := range doc.List(o.obj, "spec", "artifacts") {
			n := [2]int{inCommon(d.root(), o.root()), inCommon(d.file, o.file)}
			if doc.Text(a, "name") == doc.Text(ref, "name") && (n[0] > near[0] || n[0] == near[0] && n[1] > near[1]) {
				best, near = f.copies(o, a), n
			}
		}
	}
	return best, near[0] >= 0
}

// copies reads the copy operations of an artifact. What is said by other globs
// than those of whole directories, is merged, or comes from another source than
// this repository leaves open what stands where.
func (f flux) copies(generator deployer, a any) artifact {
	here := map[string]bool{}
	for _, s := range doc.List(generator.obj, "spec", "sources") {
		if doc.Text(s, "kind") != "GitRepository" {
			continue
		}
		o, ok := f.object(generator, "GitRepository", cmp.Or(doc.Text(s, "namespace"), doc.Text(generator.obj, "metadata", "namespace")), doc.Text(s, "name"))
		if _, other := f.planner.elsewhere(doc.Text(o.obj, "spec", "url")); !ok || !other { // as for what names it itself
			here[doc.Text(s, "alias")] = true
		}
	}
	out := artifact{whole: true}
	for _, c := range doc.List(a, "copy") {
		alias, from, _ := strings.Cut(strings.TrimPrefix(doc.Text(c, "from"), "@"), "/")
		to, inside := strings.CutPrefix(doc.Text(c, "to"), "@artifact/")
		dir, all := strings.CutSuffix("/"+from, "/**")
		if !here[alias] {
			out.whole = false
			continue
		}
		if !all || !inside || strings.ContainsAny(dir, "*?[{") || len(doc.List(c, "exclude")) > 0 {
			out.whole = false
			dir = path.Dir("/" + strings.SplitN(from, "*", 2)[0] + "x")
		}
		out.copies = append(out.copies, copied{from: path.Clean("." + dir), to: path.Clean("./" + to)})
	}
	return out
}

// find is the directory of the tree that stands at a path of the artifact; false
// if that cannot be told.
func (a artifact) find(p string) (string, bool) {
	found := ""
	for _, c := range a.copies {
		if p != c.to && c.to != "." && !strings.HasPrefix(p, c.to+"/") {
			continue
		}
		if found != "" {
			return "", false
		}
		dir, ok := source.Join(c.from, strings.TrimPrefix(strings.TrimPrefix(p, c.to), "/"))
		if c.to == "." {
			dir, ok = source.Join(c.from, p)
		}
		if !ok {
			return "", false
		}
		found = dir
	}
	return found, found != "" && a.whole
}

// sources are the directories of the tree that the artifact is copied from.
func (a artifact) sources() []string {
	var out []string
	for _, c := range a.copies {
		out = append(out, c.from)
	}
	return out
}
