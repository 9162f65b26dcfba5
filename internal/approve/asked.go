package approve

import (
	"cmp"
	"slices"
	"strings"

	"gate/internal/attest"
	"gate/internal/config"
)

// byApprovals is the cause of what the configuration asks for at least.
const byApprovals = "approvals"

// Asked is what a decision asks for, and what the configuration asks for at least now for
// its class and risk and by its roles: never less than the decision.
func Asked(d *attest.Decision, c *config.Config) []attest.Requirement {
	t := d.Predicate.Target
	out := slices.Clone(d.Predicate.Decision.Requirements)
	for i, q := range out {
		if q.Role != "" && q.Role != config.OwnersRole && q.Count > 0 {
			out[i].Count = max(q.Count, c.RoleCount(q.Role))
		}
	}
	atLeast := func(role string, count int) {
		i := slices.IndexFunc(out, func(q attest.Requirement) bool { return q.Role == role })
		if i < 0 {
			id := cmp.Or(t.Environment, "-") + "/" + cmp.Or(t.Name, "-") + "/" + cmp.Or(role, "-")
			out = append(out, attest.Requirement{ID: id, Role: role, Because: []string{byApprovals}, Owners: [][]string{}})
			i = len(out) - 1
		}
		out[i].Count = max(out[i].Count, count)
	}
	need := c.ApprovalFor(config.Class(t.Class), d.Predicate.Classification.RiskClass)
	if need.Count > 0 {
		atLeast("", need.Count)
		for _, role := range need.Roles {
			atLeast(role, c.RoleCount(role))
		}
	}
	slices.SortFunc(out, func(a, b attest.Requirement) int { return strings.Compare(a.ID, b.ID) })
	return out
}
