package standing

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"gate/internal/attest"
	"gate/internal/config"
	"gate/internal/oidc"
	"gate/internal/policysource"
)

// RunnerOf says who the job is that applies, and whether an entry of the target branch lets
// it. token is that of its CI, empty for none. It is nil where the target branch has no
// entry for the repository and environment of the decision, and there is no token.
func RunnerOf(p *policysource.Source, d *attest.Decision, token string, now time.Time) *attest.Runner {
	place := d.Predicate.Target.Environment
	var entries []config.RunnerTrust
	for _, x := range p.Trust.Runners {
		if listed(x.Repositories, d.Predicate.Identity.Repository) && listed(x.Environments, place) {
			entries = append(entries, x)
		}
	}
	switch {
	case len(entries) == 0 && token == "":
		return nil
	case len(entries) == 0:
		return &attest.Runner{Unread: fmt.Errorf("runners of %s has no entry for environment %q, so that nobody says whose tokens count", config.DefaultTrust, place)}
	case token == "":
		return &attest.Runner{Unread: errors.New("the target branch says which jobs may apply, and there is no token: --runner-token FILE")}
	}
	out := &attest.Runner{}
	var refused []string
	for _, x := range entries {
		keys, err := p.Tree.ReadFile(x.Keys)
		if err != nil {
			out.Unread = err
			continue
		}
		job, err := oidc.Verify(token, keys, x.Issuer, x.Audience, now)
		switch {
		case errors.Is(err, oidc.ErrInvalid):
			refused = append(refused, fmt.Sprintf("has no token for %s: %v", x.Name, err))
			continue
		case err != nil:
			out.Unread = err
			continue
		}
		if no := unfit(x, job); no != "" {
			refused = append(refused, no+" by its token, and "+x.Name+" wants another one")
			continue
		}
		return &attest.Runner{Repository: job.Repository}
	}
	if out.Unread == nil {
		out.Refused = strings.Join(refused, "; it ")
	}
	return out
}

// unfit says in what a job is not one of an entry, or "".
func unfit(x config.RunnerTrust, j *oidc.Job) string {
	switch {
	case !listed(x.Deployments, j.Environment):
		return fmt.Sprintf("is of environment %q", j.Environment)
	case !listed(x.Workflows, j.Workflow):
		return fmt.Sprintf("is defined by %q", j.Workflow)
	case !listed(x.Refs, j.Ref):
		return fmt.Sprintf("runs on %q", j.Ref)
	}
	return ""
}

func listed(globs []string, name string) bool {
	return len(globs) == 0 || slices.ContainsFunc(globs, func(g string) bool { return config.Match(g, name) })
}
