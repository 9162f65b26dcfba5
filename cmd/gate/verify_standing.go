package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"gate/internal/attest"
	"gate/internal/git"
	"gate/internal/policysource"
	"gate/internal/source"
	"gate/internal/standing"
)

// standing is what the target branch says now, and what it says of the facts that were
// judged where it is asked.
func (f *verifyFlags) standing(ctx context.Context, s *streams, policy *policysource.Source, d *attest.Decision, now time.Time) (*attest.Standing, error) {
	is, err := standing.Of(policy, d, now)
	if err != nil || !f.reevaluate {
		return is, err
	}
	data, err := source.ReadInput(f.facts, s.In)
	if err != nil {
		is.Again = &attest.Reevaluation{Unread: err.Error()}
		return is, nil
	}
	repo, err := git.Open(ctx, ".")
	if err != nil {
		return nil, err
	}
	defer repo.Close()
	is.Again = standing.Again(ctx, repo, policy, d, data, now)
	return is, nil
}

// token is the identity token of the job, empty without one.
func (f *verifyFlags) token(s *streams) (string, error) {
	if f.runnerToken == "" {
		return "", nil
	}
	data, err := source.ReadInput(f.runnerToken, s.In)
	if err != nil {
		return "", fmt.Errorf("--runner-token: %w", err)
	}
	if len(data) == 0 {
		return "", fmt.Errorf("--runner-token %s: it is empty", f.runnerToken)
	}
	return string(data), nil
}

// reported is what controllers report, nil if nothing of it was handed in.
// Its revisions are looked up until done is called.
func (f *verifyFlags) reported(ctx context.Context, s *streams, d *attest.Decision) (o *attest.Observed, done func(), err error) {
	done = func() {}
	if f.observed == "" {
		return nil, done, nil
	}
	data, err := source.ReadInput(f.observed, s.In)
	if err != nil {
		return nil, done, fmt.Errorf("--observed: %w", err)
	}
	if o, err = standing.ReadObserved(f.observed, data, d.Predicate.Identity.Repository); err != nil {
		return nil, done, fmt.Errorf("--observed %s: %w", f.observed, err)
	}
	repo, err := git.Open(ctx, ".")
	if err != nil {
		o.Tree = func(string) (source.Tree, error) { return nil, err }
		return o, done, nil
	}
	o.Tree = func(revision string) (source.Tree, error) { return repo.Tree(ctx, revision) }
	return o, func() { repo.Close() }, nil
}

// verification is the answer of verify as JSON, described by
// schemas/verification.schema.json.
type verification struct {
	Decision   string         `json:"decision"` // sha256 of its payload, in hex
	Authorised bool           `json:"authorised"`
	ExitCode   int            `json:"exitCode"`
	At         string         `json:"at"`       // RFC 3339, UTC
	SignedBy   string         `json:"signedBy"` // fingerprint of the key; empty: by none that is trusted
	Checks     []attest.Check `json:"checks"`
	Approvals  []string       `json:"approvals"` // who approved what, as counted
	Notes      []string       `json:"notes"`
}

// tellJSON writes what verify has found as JSON.
func tellJSON(w io.Writer, d *attest.Decision, v *attest.Verification, now time.Time) error {
	notes := append([]string{}, v.Notes...)
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(verification{
		Decision: d.Digest, Authorised: v.Authorised(), ExitCode: v.ExitCode(), At: now.UTC().Format(time.RFC3339), SignedBy: v.KeyID,
		Checks: v.Checks(), Approvals: v.Given, Notes: notes,
	}); err != nil {
		return exit(exitIncomplete, fmt.Errorf("write the answer: %w", err))
	}
	if v.Authorised() {
		return nil
	}
	return exit(v.ExitCode(), nil)
}
