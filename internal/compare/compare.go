// Package compare sets the base of a change beside its head: which object of
// the one is which of the other, what differs, where a person took out what is
// gone, and what of it is not known. What cannot be read or rendered on a side
// is unknown on that side: it is neither deleted nor created.
package compare

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"gate/internal/deploy"
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
	Made      []render.Outcome // the Applications that ApplicationSets make
	// Kinds are the kinds of units of which is known who deploys them: others
	// are taken to be deployed by themselves.
	Kinds []string
	// Collected are the units and objects of Outcomes, with their scopes. Those
	// of the base are not redacted; of what is unchanged it may hold less.
	Collected *render.Collected
	// Applications are the same of Made; nil if there are none.
	Applications *render.Collected
}

// Reuse returns what a unit of the base renders to without rendering it: the
// outcome of the same unit of the head, where the change cannot have an
// influence on it. What the head took for deployed on the way counts as well: so
// will the base.
func Reuse(head []render.Outcome, reach *Reach) func(render.Unit) (render.Outcome, bool) {
	type place struct{ kind, path, release string }
	at := map[place][]render.Outcome{}
	for _, o := range head {
		p := place{o.Unit.Kind, o.Unit.Path, o.Unit.Release}
		at[p] = append(at[p], o)
	}
	return func(u render.Unit) (render.Outcome, bool) {
		for _, o := range at[place{u.Kind, u.Path, u.Release}] {
			if o.Unit.Same(u) && !reach.touches(o) {
				return o, true
			}
		}
		return render.Outcome{}, false
	}
}

// Untouched says of units of the base whether they are the head's own, and by
// whom they are deployed, if at all.
func Untouched(t *Trees, base, head Side, reach *Reach) func(render.Unit) bool {
	byID := outcomesByID(head.Outcomes)
	was, is := settle(t, &base, &head)
	return func(u render.Unit) bool {
		o, ok := byID[u.ID]
		return ok && o.Unit.Controller == u.Controller && o.Unit.ControllerFile == u.ControllerFile && o.Unit.Undeployed == u.Undeployed && was.units[u.ID] == is.units[u.ID] && o.Unit.Same(u) && !reach.touches(o)
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
	// Applications are what ApplicationSets of the head make, redacted, by id,
	// with what the change does to them.
	Applications []facts.Object
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
	// Lacking are the units of the head whose controller names another revision
	// than before, which the clone does not have.
	Lacking []render.Unit
	// Before is what updated, moved and deleted objects were, unredacted, by
	// the id that they have in the facts; nil unless it is asked for.
	Before map[string]map[string]any
	// Failed are the ids of units of which a side does not say everything.
	Failed map[string]bool
	// Unreached are the ids of units of the head that are those of the base: the
	// change has no influence on what they render to, or why they do not.
	Unreached map[string]bool
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
	c := &Comparison{Changes: make([]*facts.ResourceChange, len(head.Collected.Objects)), Locators: source.Index{}, Unreached: map[string]bool{}}
	for _, o := range head.Outcomes {
		c.Unreached[o.Unit.ID] = true
	}
	for i := range c.Changes {
		c.Changes[i] = &same
	}
	c.applications(head, func(int) *facts.ResourceChange { return &same })
	return c
}

// applications adds what ApplicationSets of the head make.
func (c *Comparison) applications(head Side, change func(i int) *facts.ResourceChange) {
	if head.Applications == nil {
		return
	}
	c.Applications = slices.Clone(head.Applications.Objects)
	for i := range c.Applications {
		c.Applications[i].Change = change(i)
	}
	maps.Copy(c.Locators, head.Applications.Locators)
}

// Objects compares the two sides, object by object.
func Objects(in Input) *Comparison {
	p := pairing{Input: in, unchanged: map[string]bool{}}
	for _, o := range in.Base.Outcomes {
		p.unchanged[o.Unit.ID] = in.Unchanged(o.Unit)
	}
	was, is := settle(p.Trees, &p.Base, &p.Head)
	p.was, p.is = newView("base", &p.Base, was), newView("head", &p.Head, is)
	p.doubts, p.fates = newDoubts(&p), newFates(&p)
	for _, o := range p.was.objects {
		if !p.unchanged[o.Unit] && !p.was.left(&o) {
			p.before = append(p.before, o)
		}
	}
	c := &Comparison{
		Locators: source.Index{}, Failed: p.doubts.failed, Places: source.Index{}, Unknown: p.doubts.units(), Unreached: p.unchanged,
	}
	if in.Before {
		c.Before = map[string]map[string]any{}
	}
	changes, kept := p.head(c)
	n := len(in.Head.Collected.Objects)
	c.Changes = changes[:n:n]
	c.applications(in.Head, func(i int) *facts.ResourceChange { return changes[n+i] })
	p.base(c, kept)
	c.Unknown = append(c.Unknown, p.doubts.files()...)
	c.Unread, c.Lacking = p.doubts.unread(), p.doubts.lacking
	slices.SortFunc(c.Deleted, func(a, b facts.Object) int { return strings.Compare(a.ID, b.ID) })
	slices.SortFunc(c.Unknown, func(a, b facts.UnknownChange) int {
		return cmp.Or(strings.Compare(a.ID, b.ID), strings.Compare(a.Side, b.Side), strings.Compare(a.Reason, b.Reason))
	})
	return c
}

// pairing is a comparison in the making.
type pairing struct {
	Input
	was, is   *view
	doubts    *doubts
	fates     *fates
	unchanged map[string]bool  // by unit
	before    []facts.Object   // of the base, but for what is unchanged
	became    map[int][]string // by index of before, what it may have become
	listed    map[string][]string
}

// head says of each object of the head, and of the Applications behind them,
// what became of it, and returns which objects of the base live on.
func (p *pairing) head(c *Comparison) (changes []*facts.ResourceChange, kept []bool) {
	changes = make([]*facts.ResourceChange, len(p.is.objects))
	var differ []facts.Object
	var at []int // index in the head's objects of each that may differ
	for i, o := range p.is.objects {
		switch {
		case p.is.left(&o):
			changes[i] = &apart
		case p.unchanged[o.Unit]:
			changes[i] = &same
			if to := p.fates.ofUnit(o.Unit, o.Unit); to.Outcome != "" {
				changes[i] = sent(to, o.ID)
			}
		default:
			differ, at = append(differ, o), append(at, i)
		}
	}
	base := p.before
	kept = make([]bool, len(base))
	matches := p.match(differ)
	for i, j := range matches.Base {
		if j >= 0 {
			p.fates.pair(base[j].ID, differ[i].ID)
		}
	}
	for i, j := range matches.Base {
		o, maybe := &differ[i], candidates(base, matches.MayBe[i])
		if j < 0 {
			switch why := p.doubts.created(o); {
			case p.doubts.failed[o.Unit]: // is told of the unit
			case why != (doubt{}):
				c.Unknown = append(c.Unknown, p.doubts.about(why, o.Subject))
			default:
				changes[at[i]] = &facts.ResourceChange{Action: "created", Paths: []string{}, Candidates: maybe}
				p.fates.tell(changes[at[i]], nil, o)
				if l := p.cause(o); l != nil {
					c.Places[o.ID] = l
				}
			}
			continue
		}
		kept[j] = true
		if p.doubts.lacks(o.Unit) { // is told of the unit
			continue
		}
		if base[j].ID != o.ID {
			if why := p.doubts.deleted(&base[j]); why != (doubt{}) { // is it deployed as well as before?
				c.Unknown = append(c.Unknown, p.doubts.about(why, o.Subject))
				continue
			}
		}
		raw := p.was.raw(base[j].ID)
		change := p.object(raw, o, &base[j])
		change.Candidates = maybe
		if to := p.fates.ofUnit(base[j].Unit, o.Unit); change.Action == "unchanged" && to.Outcome != "" {
			change = sent(to, base[j].ID)
		} else {
			p.fates.tell(change, &base[j], o)
		}
		if l := p.placeOfUpdate(change, o, &base[j]); l != nil {
			c.Places[o.ID] = l
		}
		changes[at[i]] = change
		if c.Before != nil && change.Action != "unchanged" {
			c.Before[o.ID] = raw
		}
	}
	return changes, kept
}

// sent is the change of an object that is as it was, in another cluster.
func sent(to deploy.Fate, was string) *facts.ResourceChange {
	return &facts.ResourceChange{Action: "moved", Paths: []string{}, From: was, Outcome: to.Outcome, Why: to.Why}
}

// match says which object of the base each of those of the head is that may
// differ.
func (p *pairing) match(differ []facts.Object) transition.Matches {
	k := newKin(p.Input, p.was, p.is)
	m := transition.Match(transition.Sides{
		Base: p.before, Head: differ,
		Kin:             func(b, h int) transition.Kinship { return k.of(&p.before[b], &differ[h]) },
		GeneratedInBase: func(i int) string { return k.generated(k.base, &p.before[i], p.was.raw(p.before[i].ID)) },
		GeneratedInHead: func(i int) string { return k.generated(k.head, &differ[i], p.is.raw(differ[i].ID)) },
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
	for i := range p.is.objects {
		taken[p.is.objects[i].ID] = true
	}
	for j, o := range p.before {
		if kept[j] || p.doubts.failed[o.Unit] || p.adopted(&o) {
			continue
		}
		if why := p.doubts.deleted(&o); why != (doubt{}) {
			c.Unknown = append(c.Unknown, p.doubts.about(why, o.Subject))
			continue
		}
		change := &facts.ResourceChange{Action: "deleted", Paths: []string{}, Candidates: p.became[j]}
		p.fates.tell(change, &o, nil)
		l := p.placeInHead(p.was.outcomes[o.Unit], p.was.locator(o.ID))
		for taken[o.ID] { // the same unit holds it in another target now
			o.ID += "~deleted"
		}
		taken[o.ID] = true
		if c.Before != nil {
			c.Before[o.ID] = o.Manifest
		}
		o.Manifest = p.Redact(o.Manifest)
		o.Change = change
		c.Deleted = append(c.Deleted, o)
		c.Locators[o.ID] = l
	}
}

// adopted says whether an object of the base was only taken to be deployed, by
// default, and what it is made from is deployed in another way from now on.
func (p *pairing) adopted(o *facts.Object) bool {
	_, stands := p.Trees.Head.Lookup(p.was.files[o.ID])
	return stands && p.was.leaving.alone[o.Unit]
}

// object says what became of an object. Whether it differs is told from what
// it really holds; what is kept of it is redacted.
func (p *pairing) object(before map[string]any, o, was *facts.Object) *facts.ResourceChange {
	after := p.is.raw(o.ID)
	t := &facts.ResourceChange{Action: "unchanged", Paths: []string{}}
	switch {
	case was.ID == o.ID:
	case was.Unit == o.Unit && was.Name != o.Name, p.sameDeployer(o, was): // the name is generated, or what is deployed is sought elsewhere
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

// sameDeployer says whether one object deploys what is one object in the
// cluster, before and after.
func (p *pairing) sameDeployer(o, was *facts.Object) bool {
	u, v := p.was.outcomes[was.Unit].Unit, p.is.outcomes[o.Unit].Unit
	return u.Controller != "" && u.Controller == v.Controller && (u.ControllerFile == v.ControllerFile || p.Trees.nameInHead(u.ControllerFile) == v.ControllerFile) &&
		was.Group == o.Group && was.Kind == o.Kind && was.Namespace == o.Namespace && was.Name == o.Name && was.Environment == o.Environment && was.Target == o.Target
}
