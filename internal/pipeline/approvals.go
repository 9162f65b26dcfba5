package pipeline

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"gate/internal/approve"
	"gate/internal/attest"
	"gate/internal/decide"
)

// evidence is what was handed in of approvals. It is no part of the decision, which they
// refer to: its digests do not stand there.
type evidence struct {
	approve.Evidence
	any bool
}

// readEvidence reads the files of reviews, deployments and approvals. One that cannot be
// read leaves open what it may have met.
func readEvidence(o *Options, said *Record) (out evidence) {
	out.any = o.Reviews != "" || o.Deployments != "" || o.Whole || len(o.Approvals) > 0
	read := func(name, file string, parse func([]byte) error) {
		data, err := o.readInput(file)
		if err == nil {
			err = parse(data)
		}
		if err != nil {
			said.failed("input", name, err)
		}
	}
	if o.Reviews != "" {
		read("reviews", o.Reviews, func(data []byte) (err error) {
			out.Reviews, err = approve.ReadReviews(data)
			return err
		})
	}
	if o.Deployments != "" {
		read("deployments", o.Deployments, func(data []byte) (err error) {
			out.Deployments, err = approve.ReadDeployments(data)
			return err
		})
	}
	for _, file := range o.Approvals {
		read("approval "+file, file, func(data []byte) error {
			a, err := approve.Parse(data)
			if err == nil {
				out.Approvals = append(out.Approvals, a)
			}
			return err
		})
	}
	out.Now, out.Whole = o.Now, o.Whole
	return out
}

// evidenceOf is what was handed in under the trust of the target branch, for one place. The
// error says why it cannot be told what it meets: a collector's key that cannot be read, or
// evidence that is required and was not handed in.
func (c *chain) evidenceOf(repository, environment string) (approve.Evidence, error) {
	e, p := c.opened.evidence.Evidence, c.opened.policy
	e.Revoked = p.Trust.Revoked
	var faults []error
	e.Collectors, faults = approve.Collectors(p.Trust, repository, environment, p.Tree.ReadFile)
	return e, errors.Join(append(faults, approve.Missing(p.Config, e))...)
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
	if !c.opened.evidence.any {
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
		handedIn, unknown := c.evidenceOf(o.Result.Change.Repository, e.Environment)
		answers := approve.Match(people, ask, handedIn)
		for j := range e.Requirements {
			meet(&e.Requirements[j], answers, unknown)
		}
		all = append(all, e.Requirements...)
	}
	o.Result.Requirements = slices.Clip(all)
	return nil
}

// meet takes over what became of a requirement. unknown says why it cannot be told that it
// is met; nil: it can.
func meet(q *decide.Requirement, answers []approve.Answer, unknown error) {
	i := slices.IndexFunc(answers, func(a approve.Answer) bool { return a.ID == q.ID })
	if i < 0 {
		return
	}
	a := answers[i]
	for _, v := range a.Given {
		q.Given = append(q.Given, v.String())
	}
	q.Open, q.Why = a.Open, a.Why
	q.Unknown = a.Open == 0 && unknown != nil
	q.Satisfied = a.Open == 0 && unknown == nil
	if unknown != nil {
		q.Why = append(q.Why, strings.Split(unknown.Error(), "\n")...)
	}
}
