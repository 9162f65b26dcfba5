package pipeline

import (
	"errors"
	"maps"
	"slices"

	"gate/internal/facts"
	"gate/internal/secrets"
	"gate/internal/source"
)

// Record is what a stage has to say beside its value.
type Record struct {
	Ledger []facts.Entry // what became of each thing
	Notes  []string      // what a reader has to know
	// Locators lead from subjects to their places.
	Locators source.Index
}

func newRecord() Record { return Record{Locators: source.Index{}} }

// add takes over what another stage said; a later locator replaces an earlier
// one of the same subject.
func (r *Record) add(other Record) {
	r.Ledger = append(r.Ledger, other.Ledger...)
	r.Notes = append(r.Notes, other.Notes...)
	maps.Copy(r.Locators, other.Locators)
}

// failed enters a fault, at its place if it has one.
func (r *Record) failed(kind, id string, err error) {
	e := facts.Entry{Kind: kind, ID: id, State: facts.Failed, Reason: err.Error()}
	var at *source.Error
	if errors.As(err, &at) {
		e.Place, e.Hint, e.Cause = at.Position, at.Hint, at.Cause
	}
	r.Ledger = append(r.Ledger, e)
}

// Redacted is the record without known secrets: a template that fails may say
// what it was given. Of what could not be read nothing is known: what is said of it is
// looked through for what looks like a secret, too. What an entry is about is named.
func (r Record) Redacted(redact func(string) string) Record {
	out := Record{Ledger: slices.Clone(r.Ledger), Notes: slices.Clone(r.Notes), Locators: r.Locators}
	for i, e := range out.Ledger {
		clean := redact
		if e.State == facts.Failed {
			clean = func(text string) string { return secrets.WithoutTokens(redact(text)) }
		}
		names := append(namesIn(e.ID), e.Place.File)
		out.Ledger[i].Reason, out.Ledger[i].Hint = secrets.Keeping(clean, e.Reason, names...), secrets.Keeping(clean, e.Hint, names...)
	}
	for i, n := range out.Notes {
		out.Notes[i] = redact(n)
	}
	return out
}

// complete says whether everything could be read.
func (r *Record) complete() bool {
	for _, e := range r.Ledger {
		if e.State == facts.Failed {
			return false
		}
	}
	return true
}
