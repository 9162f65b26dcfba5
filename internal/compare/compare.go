// Package compare sets the base of a change beside its head: which object of
// the one is which of the other, what differs, where a person took out what is
// gone, and what of it is not known. What cannot be read or rendered on a side
// is unknown on that side: it is neither deleted nor created.
package compare

import (
	"cmp"
	"reflect"
	"slices"
	"strings"

	"gate/internal/discover"
	"gate/internal/facts"
	"gate/internal/render"
	"gate/internal/source"
	"gate/internal/transition"
)

// Side is what one tree of a change was read and rendered to.
type Side struct {
	Inventory *discover.Inventory
	Outcomes  []render.Outcome // by unit id
	// Collected are the units and objects of Outcomes, with their scopes. Those
	// of the base are not redacted; of what is unchanged it may hold less.
	Collected *render.Collected
}

// Reuse returns what a unit of the base renders to without rendering it: the
// outcome of the same unit of the head, where the change cannot have an
// influence on it.
func Reuse(head []render.Outcome, reach *Reach) func(render.Unit) (render.Rendered, bool) {
	byID := outcomesByID(head)
	return func(u render.Unit) (render.Rendered, bool) {
		o, ok := byID[u.ID]
		if !ok || o.Err != nil || o.Rendered == nil || reach.touches(o) || !reflect.DeepEqual(u, o.Unit) {
			return render.Rendered{}, false
		}
		return *o.Rendered, true
	}
}

func outcomesByID(outs []render.Outcome) map[string]render.Outcome {
	byID := make(map[string]render.Outcome, len(outs))
	for _, o := range outs {
		byID[o.Unit.ID] = o
	}
	return byID
}

// Redact is a manifest without secret values.
type Redact func(manifest map[string]any) map[string]any

// Input are the two sides of a change.
type Input struct {
	Trees *Trees
	Head  Side
	Base  Side
	// Unchanged says of a unit of the base that it is the head's own.
	Unchanged func(render.Unit) bool
	Redact    Redact
	// Scope says where a file belongs, Excluded whether it is not judged on
	// either side; nil: nowhere, none is.
	Scope    func(file string) facts.Scope
	Excluded func(file string) bool
	// Before asks for what objects were, unredacted.
	Before bool
}

// Comparison is what the change does to each object.
type Comparison struct {
	// Changes has one element for each of the head's objects, in their order;
	// nil where it is not known.
	Changes []*facts.ResourceChange
	// Deleted are the objects that only the base has, redacted, by id; Locators
	// lead to where they were taken out.
	Deleted  []facts.Object
	Locators source.Index
	// Places are where people changed what has a generated name, by id: the
	// object itself stands where it is generated.
	Places source.Index
	// Unknown is what either side leaves open, by subject.
	Unknown []facts.UnknownChange
	// Unread are the files because of which something is unknown, those of the
	// base first.
	Unread []Unread
	// Before is what updated, moved and deleted objects were, unredacted, by
	// the id that they have in the facts; nil unless it is asked for.
	Before map[string]map[string]any
	// Failed are the ids of units of which a side does not say everything.
	Failed map[string]bool
}

// Unread is a file that cannot be read on a side.
type Unread struct {
	Side string // base or head
	discover.UnreadableFile
}

// same is what is said of every object that the change does not reach.
var same = facts.ResourceChange{Action: "unchanged", Paths: []string{}}

// Unchanged is the comparison of a head that the change has no influence on.
func Unchanged(head Side) *Comparison {
	c := &Comparison{Changes: make([]*facts.ResourceChange, len(head.Collected.Objects)), Locators: source.Index{}}
	for i := range c.Changes {
		c.Changes[i] = &same
	}
	return c
}

// Objects compares the two sides, object by object.
func Objects(in Input) *Comparison {
	p := pairing{Input: in, doubts: newDoubts(in), unchanged: map[string]bool{}}
	for _, o := range in.Base.Outcomes {
		p.unchanged[o.Unit.ID] = in.Unchanged(o.Unit)
	}
	for _, o := range in.Base.Collected.Objects {
		if !p.unchanged[o.Unit] {
			p.before = append(p.before, o)
		}
	}
	c := &Comparison{
		Changes: make([]*facts.ResourceChange, len(in.Head.Collected.Objects)), Locators: source.Index{}, Failed: p.doubts.failed,
		Places: source.Index{}, Unknown: p.doubts.units(),
	}
	if in.Before {
		c.Before = map[string]map[string]any{}
	}
	kept := p.head(c)
	p.base(c, kept)
	c.Unknown = append(c.Unknown, p.doubts.files()...)
	c.Unread = p.doubts.unread()
	slices.SortFunc(c.Deleted, func(a, b facts.Object) int { return strings.Compare(a.ID, b.ID) })
	slices.SortFunc(c.Unknown, func(a, b facts.UnknownChange) int {
		return cmp.Or(strings.Compare(a.ID, b.ID), strings.Compare(a.Side, b.Side), strings.Compare(a.Reason, b.Reason))
	})
	return c
}

// pairing is a comparison in the making.
type pairing struct {
	Input
	doubts    *doubts
	unchanged map[string]bool  // by unit
	before    []facts.Object   // of the base, but for what is unchanged
	became    map[int][]string // by index of before, what it may have become
}

// head says of each object of the head what became of it, and returns which
// objects of the base live on.
func (p *pairing) head(c *Comparison) (kept []bool) {
	var differ []facts.Object
	var at []int // index in the head's objects of each that may differ
	for i, o := range p.Head.Collected.Objects {
		if p.unchanged[o.Unit] {
			c.Changes[i] = &same
			continue
		}
		differ, at = append(differ, o), append(at, i)
	}
	base := p.before
	kept = make([]bool, len(base))
	outcomes, matches := outcomesByID(p.Base.Outcomes), p.match(differ)
	for i, j := range matches.Base {
		o, maybe := &differ[i], candidates(base, matches.MayBe[i])
		if j < 0 {
			switch why := p.doubts.created(o); {
			case p.doubts.failed[o.Unit]: // is told of the unit
			case why != (doubt{}):
				c.Unknown = append(c.Unknown, p.doubts.about(why, o.Subject))
			default:
				c.Changes[at[i]] = &facts.ResourceChange{Action: "created", Paths: []string{}, Candidates: maybe}
			}
			continue
		}
		kept[j] = true
		if base[j].ID != o.ID {
			if why := p.doubts.deleted(&base[j]); why != (doubt{}) { // is it deployed as well as before?
				c.Unknown = append(c.Unknown, p.doubts.about(why, o.Subject))
				continue
			}
		}
		raw := p.Base.Collected.Raw[base[j].ID]
		change := p.object(raw, o, &base[j])
		change.Candidates = maybe
		if change.Action == "updated" && change.From != "" {
			c.Places[o.ID] = p.placeInHead(outcomes[base[j].Unit], p.Base.Collected.Locators[base[j].ID])
		}
		c.Changes[at[i]] = change
		if c.Before != nil && change.Action != "unchanged" {
			c.Before[o.ID] = raw
		}
	}
	return kept
}

// match says which object of the base each of those of the head is that may
// differ.
func (p *pairing) match(differ []facts.Object) transition.Matches {
	k := newKin(p.Input)
	m := transition.Match(transition.Sides{
		Base: p.before, Head: differ,
		Kin:             func(b, h int) transition.Kinship { return k.of(&p.before[b], &differ[h]) },
		GeneratedInBase: func(i int) string { return k.generated(&k.base, &p.before[i], p.Base.Collected.Raw[p.before[i].ID]) },
		GeneratedInHead: func(i int) string { return k.generated(&k.head, &differ[i], p.Head.Collected.Raw[differ[i].ID]) },
	})
	p.became = map[int][]string{}
	for j, list := range m.MayBecome {
		p.became[j] = candidates(differ, list)
	}
	return m
}

// maxCandidates bounds what is told of an object that may be several.
const maxCandidates = 8

// candidates are the ids of the first few of a list, nil for none.
func candidates(of []facts.Object, list []int) []string {
	var out []string
	for _, i := range list[:min(len(list), maxCandidates)] {
		out = append(out, of[i].ID)
	}
	return out
}

// base says of each object that only the base has that it is deleted, or that
// this is not known.
func (p *pairing) base(c *Comparison, kept []bool) {
	taken := map[string]bool{}
	for i := range p.Head.Collected.Objects {
		taken[p.Head.Collected.Objects[i].ID] = true
	}
	outcomes := outcomesByID(p.Base.Outcomes)
	for j, o := range p.before {
		if kept[j] || p.doubts.failed[o.Unit] {
			continue
		}
		if why := p.doubts.deleted(&o); why != (doubt{}) {
			c.Unknown = append(c.Unknown, p.doubts.about(why, o.Subject))
			continue
		}
		l := p.placeInHead(outcomes[o.Unit], p.Base.Collected.Locators[o.ID])
		for taken[o.ID] { // the same unit holds it in another target now
			o.ID += "~deleted"
		}
		taken[o.ID] = true
		if c.Before != nil {
			c.Before[o.ID] = o.Manifest
		}
		o.Manifest = p.Redact(o.Manifest)
		o.Change = &facts.ResourceChange{Action: "deleted", Paths: []string{}, Candidates: p.became[j]}
		c.Deleted = append(c.Deleted, o)
		c.Locators[o.ID] = l
	}
}

// object says what became of an object. Whether it differs is told from what
// it really holds; what is kept of it is redacted.
func (p *pairing) object(before map[string]any, o, was *facts.Object) *facts.ResourceChange {
	after := p.Head.Collected.Raw[o.ID]
	t := &facts.ResourceChange{Action: "unchanged", Paths: []string{}}
	switch {
	case was.ID == o.ID:
	case was.Unit == o.Unit && was.Name != o.Name: // the name is generated
		t.From = was.ID
	default:
		t.Action, t.From = "moved", was.ID
	}
	if transition.Equal(before, after) {
		if t.Action == "moved" {
			t.Before = o.Manifest
		}
		return t
	}
	shown := p.Redact(before)
	t.Paths = transition.Paths(transition.Diff(transition.Side{Raw: before, Shown: shown}, transition.Side{Raw: after, Shown: o.Manifest}))
	t.Before = shown
	if t.Action == "unchanged" {
		t.Action = "updated"
	}
	return t
}
