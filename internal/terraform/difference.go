package terraform

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"gate/internal/doc"
	"gate/internal/facts"
	"gate/internal/source"
)

// Difference is what becomes of one thing that a configuration declares.
type Difference struct {
	Kind    string // resource, module, provider, backend
	Address string // at the head; of what is gone, at the base
	From    string // the address at the base, if it is another one
	Action  string // created, updated, deleted, forgotten, moved, unchanged
	Paths   []string
	// Ignored says that all that differs is told to be ignored (ignore_changes).
	Ignored bool
	// Reordered says that all that differs is the order of lists.
	Reordered bool
	// Imports says that an import block of the head, and none of the base, takes
	// over what exists.
	Imports bool
	// ProtectionRemoved says that only the base has prevent_destroy.
	ProtectionRemoved bool
	// Resource is what a resource is at the head, or was if it is gone; Before and
	// After are values, of resources too, without secrets.
	Resource      facts.Resource
	Before, After map[string]any
	// Place is where a person changed it: a line of the head, or of the base if
	// only that shows it. The zero value is where the block itself stands.
	Place ChangedPlace
	// Was leads to places in the base of what is gone.
	Was source.Locator
}

// ChangedPlace is a place in one of two trees.
type ChangedPlace struct {
	source.Position
	InBase bool
}

// Doubt is why something of a stack cannot be told.
type Doubt struct {
	Side   string // base or head
	Reason string
	Fault  bool // what stands in the tree has to be mended
}

// Differences compares what a stack declares in two trees, c being that of the head.
// changed says of a file whether it differs between them. A side that has faults of
// its own says nothing but that; faults that both have alike, in files that are the
// same, hide the same. The error is that of ctx.
func (c *Collected) Differences(ctx context.Context, base, head *Declared, changed func(file string) bool) ([]Difference, []Doubt, error) {
	var out []Difference
	var doubts []Doubt
	_, err := limited(ctx, c.in, head.Stack, func() []string {
		out, doubts = differences(base, head, changed)
		return nil
	})
	switch {
	case ctx.Err() != nil:
		return nil, nil, ctx.Err()
	case err != nil:
		return nil, []Doubt{{Side: "head", Reason: err.Error()}}, nil
	}
	return out, doubts, nil
}

func differences(base, head *Declared, changed func(file string) bool) ([]Difference, []Doubt) {
	p := pairs{base: base, head: head, changed: changed, of: map[string]*declaration{}, loops: map[string]ChangedPlace{}}
	settled := p.faults()
	if !settled {
		return nil, p.doubts
	}
	p.pair()
	for _, address := range slices.Sorted(maps.Keys(head.items)) {
		h := head.items[address]
		b := p.of[address]
		switch {
		case b != nil:
			p.updated(b, h)
		case !p.hidden(h, head, base, "base"):
			p.created(h)
		}
	}
	kept := map[string]bool{}
	for _, b := range p.of {
		kept[b.address] = true
	}
	for _, address := range slices.Sorted(maps.Keys(base.items)) {
		if b := base.items[address]; !kept[address] && !p.hidden(b, base, head, "head") {
			p.deleted(b)
		}
	}
	slices.SortFunc(p.doubts, func(a, b Doubt) int { return cmp.Or(cmp.Compare(a.Side, b.Side), cmp.Compare(a.Reason, b.Reason)) })
	return p.out, slices.Compact(p.doubts)
}

// pairs is a comparison in the making.
type pairs struct {
	base, head *Declared
	changed    func(string) bool
	of         map[string]*declaration // by the address of head, what it was
	out        []Difference
	doubts     []Doubt
	loops      map[string]ChangedPlace // by address without keys
	traced     int                     // values whose place was sought
}

// faults says whether what the sides could not read hides the same of both.
func (p *pairs) faults() (settled bool) {
	settled = true
	doubt := func(side string, mine, other []string) {
		for _, text := range mine {
			file, _, _ := strings.Cut(strings.TrimPrefix(text, variablesFault), ":")
			if !slices.Contains(other, text) || p.changed(file) {
				settled = false
			}
			p.doubts = append(p.doubts, Doubt{side, text, true})
		}
	}
	doubt("base", p.base.Faults, p.head.Faults)
	doubt("head", p.head.Faults, p.base.Faults)
	return settled
}

// pair finds what each thing of the head was: what had its address, else what a
// moved block or a new or dropped count leads to it.
func (p *pairs) pair() {
	var left []*declaration
	for _, address := range slices.Sorted(maps.Keys(p.base.items)) {
		if b := p.base.items[address]; p.head.items[address] != nil && p.head.items[address].kind == b.kind {
			p.of[address] = b
		} else {
			left = append(left, b)
		}
	}
	for _, b := range left {
		to := p.moved(b)
		if h := p.head.items[to]; h != nil && h.kind == b.kind && p.of[to] == nil {
			p.of[to] = b
		}
	}
}

// moved is the address that something of the base has at the head.
func (p *pairs) moved(b *declaration) string {
	a, ok := b.parsed()
	if !ok || p.base.open[b.config] {
		return b.address
	}
	return p.head.later(a).text()
}

func (d *declaration) parsed() (Address, bool) {
	switch d.kind {
	case kindResource:
		a, err := ParseAddress(d.address)
		return a, err == nil
	case kindModule:
		steps, _, ok := moduleSteps(d.address)
		return Address{Mode: "managed", Module: steps}, ok
	}
	return Address{}, false
}

// hidden says whether it cannot be told that something of one side is not on the
// other one, and why: its module cannot be read there, or which instances there are
// is not known.
func (p *pairs) hidden(d *declaration, own, other *Declared, side string) bool {
	doubt := func(format string, args ...any) bool {
		p.doubts = append(p.doubts, Doubt{Side: side, Reason: fmt.Sprintf(format, args...)})
		return true
	}
	opposite := map[string]string{"base": "head", "head": "base"}[side]
	if other.unreadable[""] != own.unreadable[""] && (d.applied() || d.kind == kindProvider) { // what is not read may set it as well
		if d.address == terragruntModule {
			side = opposite
		}
		return other.Exists && doubt("the module of the stack cannot be read at the %s", side)
	}
	a, ok := d.parsed()
	if !ok {
		return false
	}
	if d.kind == kindModule && other.readable[d.config] {
		side = opposite
		return doubt("%s cannot be read at the %s", d.config, side)
	}
	for _, at := range p.leads(a, side) {
		for n := range at.Module {
			call := modulePathAddress(Address{Module: at.Module[:n+1]}.ModulePath())
			if other.unreadable[call] && d.config != call {
				return doubt("%s cannot be read at the %s", call, side)
			}
		}
		config := withoutKeys(at.text())
		if other.open[config] {
			return doubt("which instances of %s there are is not known at the %s", config, side)
		}
		if own.open[config] && other.declares(config) {
			side = opposite
			return doubt("which instances of %s there are is not known at the %s", config, side)
		}
	}
	return false
}

// leads are the addresses that something may have on the other side, head or base.
func (p *pairs) leads(a Address, side string) []Address {
	out := []Address{a}
	if side == "head" {
		if to := p.head.moved(a); to.text() != a.text() {
			out = append(out, to)
		}
		return out
	}
	for _, m := range p.head.moves { // backwards
		if from, ok := (moveStatement{m.in, m.to, m.from}).applied(a); ok {
			out = append(out, from)
		}
	}
	return out
}

func (d *Declared) declares(config string) bool { return d.first[config] != nil }

// applied says whether apply makes something of a declaration, or with it.
func (d *declaration) applied() bool { return d.kind == kindResource || d.kind == kindModule }

// settles says whether a setting that only one side has says something by itself:
// the backend, and how a provider is configured that the environment configured
// before. What uses another configuration of a provider says so.
func (d *declaration) settles() bool {
	return d.kind == kindBackend || strings.HasPrefix(d.address, "provider.") && strings.Count(d.address, ".") == 1
}

func (p *pairs) created(h *declaration) {
	if !h.applied() && (!p.base.Exists || !h.settles()) {
		return
	}
	d := Difference{Kind: h.kind, Address: h.address, Action: "created", Resource: h.resource, Imports: p.head.isImported(h)}
	d.After, _ = h.values()
	if h.applied() {
		d.Place = p.loopPlace(h, p.base.sibling(h))
	}
	if d.Place.File == "" && h.kind != kindResource {
		d.Place.Position = p.head.position(h.at)
	}
	p.out = append(p.out, d)
}

func (p *pairs) deleted(b *declaration) {
	if !b.applied() && (!p.head.Exists || !b.settles()) {
		return
	}
	d := Difference{Kind: b.kind, Address: b.address, Action: "deleted", Resource: b.resource, Was: p.base.locator(b)}
	if a, ok := b.parsed(); ok && p.head.forgets(a) {
		d.Action = "forgotten"
	}
	d.Before, _ = b.values()
	if h := p.head.sibling(b); h != nil && b.applied() {
		d.Place = p.loopPlace(h, b)
	}
	p.out = append(p.out, d)
}

// sibling is the first instance of the same block, nil if there is none.
func (d *Declared) sibling(x *declaration) *declaration {
	if y := d.first[x.config]; y != nil && y.kind == x.kind {
		return y
	}
	return nil
}

// locator leads to places of a declaration.
func (d *Declared) locator(x *declaration) source.Locator {
	if x.kind == kindResource {
		return d.ev.sources.Locator(x.address)
	}
	return source.Fixed(d.position(x.at))
}

// values are those of a declaration without secrets, and where there were some.
func (d *declaration) values() (map[string]any, [][]any) {
	if d.kind == kindResource {
		return d.resource.After, d.resource.Sensitive
	}
	out, found := d.shown()
	return out, found.sorted()
}

func (p *pairs) updated(b, h *declaration) {
	d := Difference{Kind: h.kind, Address: h.address, Action: "unchanged", Resource: h.resource, Imports: p.head.isImported(h) && !p.base.isImported(b)}
	if b.address != h.address {
		d.From, d.Action = b.address, "moved"
	}
	d.ProtectionRemoved = doc.Bool(b.after, "lifecycle", "prevent_destroy") && !doc.Bool(h.after, "lifecycle", "prevent_destroy")
	var hiddenBefore, hiddenAfter [][]any
	d.Before, hiddenBefore = b.values()
	d.After, hiddenAfter = h.values()
	paths, reordered := changedValues(b, h)
	counted := slices.DeleteFunc(slices.Clone(paths), func(at source.Path) bool { return ignores(h.after, at) })
	d.Ignored = len(paths) > 0 && len(counted) == 0
	if !d.Ignored {
		paths = counted
	}
	d.Reordered = len(paths) > 0 && !slices.ContainsFunc(paths, func(at source.Path) bool { return !reordered[pathKey(at)] })
	d.Paths = shownPaths(paths, slices.Concat(hiddenBefore, hiddenAfter))
	if h.kind != kindResource {
		d.Place.Position = p.head.position(h.at)
	}
	if len(paths) > 0 {
		if d.Action == "unchanged" {
			d.Action = "updated"
		}
		d.Place = p.place(b, h, paths)
	}
	p.out = append(p.out, d)
}
