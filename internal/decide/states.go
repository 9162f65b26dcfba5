package decide

import (
	"slices"
	"strings"

	"gate/internal/facts"
)

// The states of a finding beside the base of the change.
const (
	New      = "new"
	Existing = "existing"
	Fixed    = "fixed"
)

// Before is what the base of a change was found to be, judged by the same
// rules, configuration and inputs as the head.
type Before struct {
	Findings []Finding
	// Renamed leads from ids of subjects of the base to those that they have in
	// the head, where the two differ.
	Renamed map[string]string
	// Touched says whether the change touches what a finding of the head is
	// about, or where it stands.
	Touched func(*Finding) bool
	// Unreached says of what could not be judged whether it was so at the base and
	// the change has no influence on it.
	Unreached func(facts.Entry) bool
}

// touched says whether the change may touch what a finding is about.
func (b *Before) touched(f *Finding) bool { return b == nil || b.Touched == nil || b.Touched(f) }

// excuse marks what could not be judged of the base either, where the change
// does not reach it.
func (r *ruling) excuse() {
	if r.Before == nil || r.Before.Unreached == nil {
		return
	}
	for i := range r.ledger {
		if e := &r.ledger[i]; e.State == facts.Failed || e.State == facts.Skipped && !isRule(*e) {
			e.Existing = r.Before.Unreached(*e)
		}
	}
}

// states says of each finding whether the base has it as well, and has existing
// ones lead to no more than the configuration lets them. What only the base has
// is fixed.
func (r *ruling) states() (fixed []Finding) {
	if r.Before == nil {
		return nil
	}
	was := newKnown(r.Before)
	for n := range likenesses {
		for i := range r.findings {
			f := &r.findings[i]
			if f.State == "" && !ofTheChange(f) && was.take(n, f) {
				f.State = Existing
			}
		}
	}
	for i := range r.findings {
		f := &r.findings[i]
		switch {
		case f.State == "" && r.Subjects[f.Subject.ID].Planned && r.Subjects[f.Subject.ID].Action == "unchanged":
			f.State = Existing // the base has no plan that could say it
		case f.State == "":
			f.State = New
		}
		if f.State == Existing && !r.unexcused(f) {
			f.Excused = Effect(r.Config.ExistingEffect(f.Rule, r.Now)).Rank() < f.Effect.Rank()
			f.Effect = weaker(f.Effect, Effect(r.Config.ExistingEffect(f.Rule, r.Now)))
			if f.Effect != RequireApproval {
				f.Requires = ""
			}
		}
	}
	return was.left()
}

// unexcused says whether an existing finding leads to all that it would: what the
// change touches is never excused where nothing may waive it, or where it is a
// secret.
func (r *ruling) unexcused(f *Finding) bool {
	_, spec := r.rule(f.Rule)
	return (spec.Waivable == "never" || strings.HasPrefix(f.Rule, "secrets/")) && r.Before.Touched != nil && r.Before.Touched(f)
}

// ofTheChange says whether a finding is about the change as such: its base has
// none of it. What a rule about changes says of an environment, such as that it
// is frozen, is so; others say what holds for all that is in it.
func ofTheChange(f *Finding) bool {
	return slices.Contains([]string{"change", "evidence"}, f.Subject.Kind) || f.Subject.Kind == "environment" && strings.HasPrefix(f.Rule, "change/")
}

// likenesses are in which way a finding of the base may be one of the head, the
// surest first: by its identity; where a list was renumbered, by what it says;
// where its words name what was renamed, by its subject.
var likenesses = []func(f *Finding, subject string) string{
	func(f *Finding, subject string) string {
		return hash(append(idOf(f, subject), f.Path.String(), f.Message))
	},
	func(f *Finding, subject string) string { return hash(append(idOf(f, subject), f.Path.String())) },
	func(f *Finding, subject string) string { return hash(append(idOf(f, subject), "says", f.Message)) },
}

func idOf(f *Finding, subject string) []string {
	return []string{f.Rule, f.Environment, f.Target, subject}
}

// known are the findings of the base that none of the head is yet.
type known struct {
	findings []Finding
	taken    []bool
	by       []map[string][]int // likeness -> key -> indices
}

func newKnown(b *Before) *known {
	k := &known{findings: b.Findings, taken: make([]bool, len(b.Findings)), by: make([]map[string][]int, len(likenesses))}
	for n, like := range likenesses {
		k.by[n] = map[string][]int{}
		for i := range b.Findings {
			f := &b.Findings[i]
			key := like(f, b.renamed(f.Subject.ID))
			k.by[n][key] = append(k.by[n][key], i)
		}
	}
	return k
}

// renamed is the id that a subject of the base has in the head: that of its
// object with what stands behind that, for a container or an image.
func (b *Before) renamed(id string) string {
	if to := b.Renamed[id]; to != "" {
		return to
	}
	if of, rest, ok := cutLast(id, "/"); ok {
		if to := b.Renamed[of]; to != "" {
			return to + "/" + rest
		}
	}
	return id
}

func cutLast(s, sep string) (before, after string, found bool) {
	i := strings.LastIndex(s, sep)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+len(sep):], true
}

// take takes the first one that is left and that a finding of the head is, in
// one of the ways.
func (k *known) take(n int, f *Finding) bool {
	for _, i := range k.by[n][likenesses[n](f, f.Subject.ID)] {
		if !k.taken[i] {
			k.taken[i] = true
			return true
		}
	}
	return false
}

func (k *known) left() []Finding {
	var out []Finding
	for i, f := range k.findings {
		if !k.taken[i] && !ofTheChange(&f) {
			f.State = Fixed
			out = append(out, f)
		}
	}
	return out
}
