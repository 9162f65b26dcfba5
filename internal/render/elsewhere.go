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
