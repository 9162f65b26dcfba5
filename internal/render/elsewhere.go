package render

import (
	"slices"
	"strings"

	"gate/internal/git"
)

// elsewhereHint is for what another repository deploys.
const elsewhereHint = "judge it in its own repository and exclude the unit here, or name this repository"

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
	ref := asMap(d.get(append(at, "sourceRef")...))
	if pick(ref, "kind") != "GitRepository" {
		return "", false
	}
	o, ok := f.object("GitRepository", orElse(pick(ref, "namespace"), d.text("metadata", "namespace")), pick(ref, "name"))
	if !ok {
		return "", false
	}
	return f.planner.elsewhere(o.text("spec", "url"))
}

// referredChart is the address of the chart that chartRef leads to, else the
// name of what it leads to.
func (f flux) referredChart(d deployer) string {
	ref := asMap(d.get("spec", "chartRef"))
	o, ok := f.object(pick(ref, "kind"), orElse(pick(ref, "namespace"), d.text("metadata", "namespace")), pick(ref, "name"))
	if !ok {
		return pick(ref, "name")
	}
	if url := o.text("spec", "url"); url != "" { // OCIRepository
		return url
	}
	return orElse(o.text("spec", "chart"), pick(ref, "name")) // HelmChart
}
