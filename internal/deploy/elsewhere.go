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
const elsewhereHint = "judge it in its own repository; where production may lack that here, say optional: [repositories] in .gate.yaml, or exclude the unit"

// absentHint is for a path that the tree lacks.
const absentHint = "judge it in its own repository and exclude the unit here, or correct the path"

// absent is the hint for a path that the tree lacks, of an address: of one that has an
// identity, in a tree that has none, nothing says that it is this one.
func (p *planner) absent(url string) string {
	if len(p.repositories) == 0 && git.Identity(url) != "" {
		return elsewhereHint
	}
	return absentHint
}

// causeOf is the kind of what a fault lacks.
func causeOf(hint string) source.Cause {
	switch hint {
	case elsewhereHint:
		return source.CauseElsewhere
	case artifactHint:
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
	return f.planner.elsewhere(f.address(d, at...))
}

// address is that of the GitRepository that an object names at a path, "" if it names none
// that is known.
func (f flux) address(d deployer, at ...any) string {
	ref := doc.Map(d.obj, append(at, "sourceRef")...)
	if doc.Text(ref, "kind") != "GitRepository" {
		return ""
	}
	o, ok := f.object(d, "GitRepository", cmp.Or(doc.Text(ref, "namespace"), doc.Text(d.obj, "metadata", "namespace")), doc.Text(ref, "name"))
	if !ok {
		return ""
	}
	return doc.Text(o.obj, "spec", "url")
}
