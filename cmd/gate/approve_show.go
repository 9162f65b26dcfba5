package main

import (
	"context"
	"fmt"
	"io"
	"strings"

	"gate/internal/approve"
	"gate/internal/attest"
	"gate/internal/config"
)

// show writes what is approved, and who else has to approve it as the target branch
// says now, where that can be read.
func (f *approveFlags) show(ctx context.Context, s *streams, d *attest.Decision) error {
	if err := attest.Show(s.Out, d); err != nil {
		return err
	}
	v := verifyFlags{policyRef: f.policyRef}
	var c *config.Config
	policy, done, err := v.policy(ctx, s)
	defer done()
	if err == nil {
		c = policy.Config
	}
	return showVoters(s.Out, d, c, err)
}

// showVoters writes for each requirement how many have to approve and who can; unread says
// why that is not known beyond the name of the role.
func showVoters(w io.Writer, d *attest.Decision, c *config.Config, unread error) error {
	var b strings.Builder
	for _, q := range approve.Asked(d, c) {
		if q.Count == 0 {
			continue
		}
		fmt.Fprintf(&b, "  %s  %d of %s\n", oneLine(q.ID), q.Count, oneLine(voters(q, c)))
	}
	if b.Len() == 0 {
		return nil
	}
	if unread != nil {
		fmt.Fprintf(&b, "  who holds which role could not be read from the target branch: %s\n", oneLine(unread.Error()))
	}
	_, err := fmt.Fprintf(w, "\nwho has to approve\n%s", b.String())
	return err
}

// voters are those who can meet a requirement.
func voters(q attest.Requirement, c *config.Config) string {
	switch {
	case q.Role == "":
		return "anybody but who wrote the change"
	case q.Role == config.OwnersRole:
		var groups []string
		for _, g := range q.Owners {
			groups = append(groups, strings.Join(g, " or "))
		}
		return "the code owners: one each of " + strings.Join(groups, "; ")
	case c == nil:
		return q.Role
	}
	role, defined := c.Roles[q.Role]
	if !defined {
		return q.Role + ", which nobody holds"
	}
	out := q.Role + ": " + strings.Join(append(append([]string{}, role.Members...), role.Teams...), ", ")
	if len(role.Source) > 0 {
		out += " (" + strings.Join(approve.Wanted(role), " or ") + ")"
	}
	return out
}
