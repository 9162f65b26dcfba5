package pipeline

import (
	"context"
	"fmt"
	"slices"
	"time"

	"gate/internal/approve"
	"gate/internal/attest"
	"gate/internal/decide"
)

// evidence is what was handed in of reviews and approvals. It is no part of the decision,
// which they refer to: its digests do not stand there.
type evidence struct {
	reviews   *approve.Snapshot // nil without
	approvals []*approve.Approval
}

func (e *evidence) any() bool { return e.reviews != nil || len(e.approvals) > 0 }

// readEvidence reads the files of reviews and approvals. One that cannot be read leaves
// open what it may have met.
func readEvidence(o *Options, said *Record) (out evidence) {
	if o.Reviews != "" {
		data, err := o.readInput(o.Reviews)
		if err == nil {
			out.reviews, err = approve.ReadReviews(data)
		}
		if err != nil {
			said.failed("input", "reviews", err)
		}
	}
	for _, file := range o.Approvals {
		data, err := o.readInput(file)
		if err == nil {
			var a *approve.Approval
			if a, err = approve.Parse(data); err == nil {
				out.approvals = append(out.approvals, a)
				continue
			}
		}
		said.failed("input", "approval "+file, err)
	}
	return out
}

// authors are those who made the change: the account that asks for it, and the addresses
// of its commits, none if they are not known.
func (c *chain) authors(ctx context.Context) (handle string, mails []string) {
	s := c.opened
	if e := s.inputs.event; e != nil && e.PullRequest != nil && e.PullRequest.Author != "" && e.Forge != "" {
		handle = e.Forge + ":" + e.PullRequest.Author
	}
	if c.changed == nil || s.repo == nil || !c.changed.Change.Known || c.changed.Change.MergeBase == "" || c.changed.Change.Head == "" {
		return handle, nil
	}
	mails, err := s.repo.Authors(ctx, c.changed.Change.MergeBase, c.changed.Change.Head)
	if err != nil {
		return handle, nil
	}
	return handle, mails
}

// anyTime is how long decisions last that are only compared with approvals.
const anyTime = time.Hour

// approvals says which requirements are met by what was handed in. It changes nothing of
// what decisions are made of.
func (o *Outcome) approvals() error {
	c := o.chain
	if !c.opened.evidence.any() {
		return nil
	}
	people := approve.NewPeople(c.opened.policy.Config)
	var all []decide.Requirement
	for i, e := range o.Result.Environments {
		payload, err := o.decision(i, anyTime, nil)
		if err != nil {
			return err
		}
		ask := approve.Case{Requirements: attest.Requirements(e.Requirements), Author: o.handle, Mails: o.mails, Head: o.Result.Change.Head}
		if payload != nil {
			d, err := attest.Parse(payload)
			if err != nil {
				return fmt.Errorf("read the decision that approvals are of: %w", err)
			}
			ask = approve.CaseOf(d)
		} else if len(o.mails) == 0 {
			ask.Unread = "it is not known who wrote the commits"
		}
		answers := approve.Match(people, ask, approve.Evidence{Reviews: c.opened.evidence.reviews, Approvals: c.opened.evidence.approvals, Now: c.opened.Now, Revoked: c.opened.policy.Trust.Revoked})
		for j := range e.Requirements {
			meet(&e.Requirements[j], answers)
		}
		all = append(all, e.Requirements...)
	}
	o.Result.Requirements = slices.Clip(all)
	return nil
}

// meet takes over what became of a requirement.
func meet(q *decide.Requirement, answers []approve.Answer) {
	i := slices.IndexFunc(answers, func(a approve.Answer) bool { return a.ID == q.ID })
	if i < 0 {
		return
	}
	a := answers[i]
	for _, v := range a.Given {
		q.Given = append(q.Given, v.String())
	}
	q.Open, q.Why, q.Satisfied = a.Open, a.Why, a.Open == 0
}
