package pipeline

import (
	"context"
	"slices"

	"gate/internal/git"
)

// repositories are the identities under which objects of Argo CD and Flux may
// name this repository: those of its remotes and of the event. In a clone of a
// fork the remote of the fork's origin is one of them.
func (r *run) repositories(ctx context.Context) []string {
	var out []string
	if r.repo != nil {
		out = r.repo.Identities(ctx)
	}
	if id := git.Identity("https://" + r.facts.Change.Repository); r.facts.Change.Repository != "" && id != "" {
		out = append(out, id)
	}
	if r.event != nil && r.event.Repository != "" {
		if id := git.Identity("https://" + r.event.Repository); id != "" {
			out = append(out, id)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}
