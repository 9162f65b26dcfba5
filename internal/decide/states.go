package decide

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"gate/internal/facts"
	"gate/internal/source"
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
	// Was and Is are what stands at a place of the base and of the head; "" if
	// that is not known. nil: never known.
	Was, Is func(source.Position) string
	// Redact takes the secrets of both sides out of the words of a finding, of which
	// only those of its own side are out. nil: there are none.
	Redact func(string) string
	// Cause is where the change makes a finding of the head that stands where
	// the change does not reach; false if nothing tells. nil: nothing ever does.
	Cause func(*Finding) (source.Position, bool)
	// Changed says of a place of the head whether the change touches its line. nil:
	// it is not known.
	Changed func(source.Position) bool
	// Touched says whether the change touches what a finding of the head is
	// about, or where it stands.
	Touched func(*Finding) bool
	// Unreached says of what could not be judged whether it was so at the base and
	// the change has no influence on it.
	Unreached func(facts.Entry) bool
}

// changed says whether a finding stands where the change does.
func (b *Before) changed(f *Finding) bool {
	return b.Changed != nil && b.Changed(f.Location.Position)
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
	for _, changed := range []bool{false, true} { // of two that are alike the one is new that stands where the change does
		for _, like := range append(slices.Clone(likenesses), besideOthers) {
			was.index(like)
			for i := range r.findings {
				f := &r.findings[i]
				if f.State == "" && !ofTheChange(f) && r.Before.changed(f) == changed && r.counts(f, like) && was.take(like, f) {
					f.State = Existing
				}
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
	was.tellApart(r.findings)
	return was.left(r.unread())
}

// unread says of findings of the base whether the head would not have them for
// want of being read or judged: what is not looked at is not mended.
func (r *ruling) unread() func(*Finding) bool {
	failed, cut := map[string]bool{}, false
	for _, e := range r.ledger {
		if e.State == facts.Failed {
			failed[strings.TrimPrefix(e.ID, "file:")] = true
			cut = cut || e.Kind == "run"
		}
	}
	head, _ := r.Before.sides()
	return func(f *Finding) bool {
		if cut || failed[f.Rule] || failed[path.Dir(f.Rule)] || failed[path.Dir(path.Dir(f.Rule))] { // of a policy: entry/namespace/rule
			return true
		}
		for _, id := range []string{f.Subject.ID, head.renamed(f.Subject.ID)} {
			id = bare(id)
			unit, _, _ := strings.Cut(id, "#")
			stack, ok := strings.CutPrefix(id, "terraform:")
			stack, _, _ = strings.Cut(stack, ":")
			if failed[id] || failed[unit] || failed[strings.TrimPrefix(id, "file:")] || ok && failed["stack:"+stack] {
				return true
			}
		}
		return false
	}
}

// atTheChange moves what is new to the line of the change that it comes from: a
// value, not the template that prints it. Where it stands itself is told besides.
func (r *ruling) atTheChange() {
	if r.Before == nil || r.Before.Cause == nil {
		return
	}
	for i := range r.findings {
		f := &r.findings[i]
		if f.State != New {
			continue
		}
		at, ok := r.Before.Cause(f)
		if !ok {
			continue
		}
		related := []source.Related{{Role: "definition", Position: f.Location.Position}}
		for _, x := range f.Location.Related {
			if x.Position != at {
				related = append(related, x)
			}
		}
		f.Location.Position, f.Location.Related = at, related
	}
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
	return slices.Contains([]string{"change", "evidence", "contract"}, f.Subject.Kind) || f.Subject.Kind == "environment" && strings.HasPrefix(f.Rule, "change/")
}

// known are the findings of the base that none of the head is yet.
type known struct {
	before     *Before
	base, head side
	taken      []bool
	by         map[string][]int // identity -> indices of the findings that are left
}

func newKnown(b *Before) *known {
	k := &known{before: b, taken: make([]bool, len(b.Findings))}
	k.base, k.head = b.sides()
	return k
}

// index sorts the findings that are left by what makes them alike.
func (k *known) index(like likeness) {
	k.by = map[string][]int{}
	for i := range k.before.Findings {
		if !k.taken[i] {
			id := k.base.identity(&k.before.Findings[i], like)
			k.by[id] = append(k.by[id], i)
		}
	}
}

// take takes the first one that is left and that a finding of the head is. The
// finding goes on under its fingerprint: a forge that compares two reports by
// them sees what was there, wherever it stands now.
func (k *known) take(like likeness, f *Finding) bool {
	for _, i := range k.by[k.head.identity(f, like)] {
		b := &k.before.Findings[i]
		if !k.taken[i] && f.Effect.Rank() <= b.Effect.Rank() && severityRank(f.Severity) >= severityRank(b.Severity) {
			k.taken[i] = true
			f.Fingerprint = b.Fingerprint
			return true
		}
	}
	return false
}

// tellApart gives a new finding that stands where another one stood in the base
// a fingerprint of its own, so that it is new wherever fingerprints are compared.
func (k *known) tellApart(list []Finding) {
	seen := map[string]bool{}
	for _, f := range k.before.Findings {
		seen[f.Fingerprint] = true
	}
	for i := range list {
		f := &list[i]
		if f.State == Existing && seen[f.Fingerprint] {
			continue
		}
		own := f.Fingerprint
		for n := 2; seen[f.Fingerprint]; n++ {
			f.Fingerprint = hash([]string{own, fmt.Sprint(n)})
		}
		seen[f.Fingerprint] = true
	}
}

func (k *known) left(unread func(*Finding) bool) []Finding {
	var out []Finding
	for i, f := range k.before.Findings {
		if !k.taken[i] && !ofTheChange(&f) && !unread(&f) {
			f.State = Fixed
			out = append(out, f)
		}
	}
	return out
}
