package deploy

import (
	"cmp"
	"slices"
	"strings"

	"gate/internal/doc"
	"gate/internal/git"
	"gate/internal/source"
)

// elsewhereHint is for what another repository deploys.
const elsewhereHint = "judge it in its own repository and exclude the unit here, or name this repository"

// causeOf is the kind of what a fault lacks.
func causeOf(hint string) source.Cause {
	if hint == elsewhereHint || hint == artifactHint {
		return source.CauseRemote
	}
	return ""
}

// elsewhere says whether an address is that of another repository than the
// tree's, and which. An address without an identity, and a tree without one,
// leave it open: then it is not.
func (p *planner) elsewhere(url string) (string, bool) {
	id := git.Identity(url)
	if id == "" || len(p.repositories) == 0 {
		return "", false
	}
	here := slices.ContainsFunc(p.repositories, func(r string) bool { return strings.EqualFold(r, id) })
	return id, !here
}

// elsewhere says whether the GitRepository that a Flux object names at a path
// is another repository than the tree's, and which.
func (f flux) elsewhere(d deployer, at ...any) (string, bool) {
	ref := doc.Map(d.obj, append(at, "sourceRef")...)
	if doc.Text(ref, "kind") != "GitRepository" {
		return "", false
	}
	o, ok := f.object(d, "GitRepository", cmp.Or(doc.Text(ref, "namespace"), doc.Text(d.obj, "metadata", "namespace")), doc.Text(ref, "name"))
	if !ok {
		return "", false
	}
	return f.planner.elsewhere(doc.Text(o.obj, "spec", "url"))
}
