package compare

import (
	"cmp"
	"context"
	"maps"
	"path"
	"slices"
	"strings"

	"gate/internal/facts"
	"gate/internal/source"
	"gate/internal/terraform"
)

// DeclaredInput are the configurations of stacks at the head, and how those of
// the base are read.
type DeclaredInput struct {
	Trees  *Trees
	Head   *terraform.Collected
	Inputs terraform.Inputs // of the head
}

// Declarations is what the change does to the stacks that have no plan, as their
// configurations tell it.
type Declarations struct {
	// Resources are those of the head, with their change where it is known. Of a
	// stack with a plan they are as they were.
	Resources []facts.Resource
	Deleted   []facts.Resource // by id
	Changes   []facts.DeclaredChange
	// Locators lead to what is gone, and to Changes; Places to where people
	// changed what stands somewhere else.
	Locators, Places source.Index
	Unknown          []facts.UnknownChange // by stack
	Ledger           []facts.Entry
	// Unreached are the stacks that read nothing of what is changed, by path.
	Unreached map[string]bool
}

// Declared compares the configurations of the stacks that the change reaches. What
// it does not reach is as it was.
func Declared(ctx context.Context, in DeclaredInput) (*Declarations, error) {
	d := &declared{
		DeclaredInput: in, files: newTouched(in.Trees), byStack: map[string][]int{}, kept: map[string]bool{},
		out: &Declarations{Resources: slices.Clone(in.Head.Resources), Locators: source.Index{}, Places: source.Index{}, Unreached: map[string]bool{}},
	}
	reached := d.reached()
	gone := d.gone()
	if len(reached)+len(gone) == 0 {
		return d.out, nil
	}
	base, err := d.readBase(ctx, slices.Concat(reached, gone))
	if err != nil {
		return nil, err
	}
	was := d.renamed(base, reached, gone)
	for _, stack := range reached {
		if err := d.compare(ctx, base, cmp.Or(was[stack], stack), stack); err != nil {
			return nil, err
		}
	}
	for _, stack := range gone {
		if !d.kept[stack] {
			if err := d.compare(ctx, base, stack, stack); err != nil {
				return nil, err
			}
		}
	}
	slices.SortFunc(d.out.Deleted, func(a, b facts.Resource) int { return strings.Compare(a.ID, b.ID) })
	slices.SortFunc(d.out.Changes, func(a, b facts.DeclaredChange) int { return strings.Compare(a.ID, b.ID) })
	return d.out, nil
}

// declared is a comparison of configurations in the making.
type declared struct {
	DeclaredInput
	files   *touched
	byStack map[string][]int // indices of resources that have no plan
	kept    map[string]bool  // stacks of the base that live on under another name
	out     *Declarations
}

// reached are the stacks without a plan that read what is changed. Resources of the
// others are unchanged.
func (d *declared) reached() []string {
	var out []string
	planned := map[string]bool{}
	at := map[string]bool{}
	for _, st := range d.Head.Stacks {
		reads := d.Head.Reads(st.Path)
		switch {
		case st.Plan:
			planned[st.Path] = true
		case d.files.reach(reads):
			at[st.Path] = true
			out = append(out, st.Path)
		case reads.Whole || !slices.ContainsFunc(d.Trees.Files, func(f facts.File) bool { return mayBeInput(f.Path) }):
			d.out.Unreached[st.Path] = true
		}
	}
	for i := range d.out.Resources {
		switch x := &d.out.Resources[i]; {
		case x.Origin != "hcl" || planned[x.Stack]:
		case at[x.Stack]:
			d.byStack[x.Stack] = append(d.byStack[x.Stack], i)
		default:
			x.Change = &same
		}
	}
	slices.Sort(out)
	return out
}

// gone are the directories that hold a stack at the base and no configuration at
// the head.
func (d *declared) gone() []string {
	here := map[string]bool{}
	for _, st := range d.Head.Stacks {
		here[st.Path] = true
	}
	for _, e := range d.Trees.Head.Entries() {
		if terraform.IsConfiguration(e.Path) {
			here[path.Dir(e.Path)] = true
		}
	}
	var dirs, callers []string
	for file := range d.files.names {
		if !terraform.IsConfiguration(file) {
			continue
		}
		if _, ok := d.Trees.Base.Lookup(file); !ok {
			continue
		}
		dir := path.Dir(file)
		callers = append(callers, dir)
		if !here[dir] && !strings.Contains("/"+dir+"/", "/.terraform/") && (d.Inputs.Excluded == nil || !d.Inputs.Excluded(dir)) {
			dirs = append(dirs, dir)
		}
	}
	slices.Sort(dirs)
	return terraform.Roots(d.Trees.Base, slices.Compact(dirs), callers)
}

func (d *declared) readBase(ctx context.Context, stacks []string) (*terraform.Collected, error) {
	in := d.Inputs
	in.Plans, in.Stacks, in.Only = nil, nil, map[string]bool{}
	for _, dir := range stacks {
		in.Only[dir] = true
	}
	for _, e := range d.Trees.Base.Entries() {
		if dir := path.Dir(e.Path); in.Only[dir] && terraform.IsConfiguration(e.Path) && !slices.Contains(in.Stacks, dir) {
			in.Stacks = append(in.Stacks, dir)
		}
	}
	return terraform.Collect(ctx, d.Trees.Base, in)
}

// renamed finds which stack of the base a new one was: that of which the most files
// went there. Two that say so equally say nothing.
func (d *declared) renamed(base *terraform.Collected, reached, gone []string) map[string]string {
	out := map[string]string{}
	k := newKin(Input{Trees: d.Trees}, nil, nil)
	for _, stack := range reached {
		if base.Holds(stack) {
			continue
		}
		best, most, twice := "", 0, false
		for _, dir := range gone {
			switch n := k.count(k.gone[dir], dir, stack); {
			case n > most:
				best, most, twice = dir, n, false
			case n == most:
				twice = true
			}
		}
		if best != "" && !twice && !d.kept[best] {
			out[stack], d.kept[best] = best, true
		}
	}
	return out
}

// compare compares a stack of the base with one of the head.
func (d *declared) compare(ctx context.Context, base *terraform.Collected, from, to string) error {
	after, err := d.Head.Declared(ctx, to, nil)
	if err != nil {
		return err
	}
	before, err := base.Declared(ctx, from, after)
	if err != nil {
		return err
	}
	list, doubts, err := d.Head.Differences(ctx, before, after, d.files.changed)
	if err != nil {
		return err
	}
	for _, x := range doubts {
		d.out.Unknown = append(d.out.Unknown, facts.UnknownChange{Subject: facts.Subject{ID: "stack:" + to}, Side: x.Side, Reason: x.Reason})
		if x.Fault && x.Side == "base" {
			d.out.Ledger = append(d.out.Ledger, facts.Entry{
				Kind: "base", ID: "stack:" + to, State: facts.Failed, Hint: "compare with the last commit that can be read: --base COMMIT",
				Reason: "what the change does here is not known, the base cannot be read: " + x.Reason,
			})
		}
	}
	byAddress := map[string]*terraform.Difference{}
	for i := range list {
		x := &list[i]
		switch {
		case x.Kind != "resource":
			d.other(to, x, after.Exists)
		case x.Action == "deleted" || x.Action == "forgotten":
			d.deleted(to, x, after.Exists)
		default:
			byAddress[x.Address] = x
		}
	}
	for _, i := range d.byStack[to] {
		if x := byAddress[d.out.Resources[i].Address]; x != nil {
			d.resource(&d.out.Resources[i], x, from)
		}
	}
	return nil
}

// reordered is why a step may do nothing.
const reordered = "only the order differs"

// resource says of a resource of the head what becomes of it.
func (d *declared) resource(r *facts.Resource, x *terraform.Difference, from string) {
	c := &facts.ResourceChange{Action: x.Action, Paths: x.Paths, Outcome: facts.OutcomeApplied}
	if c.Paths == nil {
		c.Paths = []string{}
	}
	r.Change, r.Importing = c, x.Imports
	if x.From != "" {
		r.PreviousAddress = x.From
	}
	if x.Action != "unchanged" {
		r.Before = x.Before
	}
	if x.ProtectionRemoved {
		r.Lifecycle = maps.Clone(r.Lifecycle)
		if r.Lifecycle == nil {
			r.Lifecycle = map[string]any{}
		}
		r.Lifecycle["prevent_destroy_removed"] = true
	}
	if from != r.Stack || x.From != "" {
		if x.Action != "created" {
			c.Action, c.From = "moved", "terraform:"+from+":"+cmp.Or(x.From, x.Address)
		}
	}
	switch {
	case c.Action == "unchanged":
		c.Outcome = ""
	case x.Reordered:
		c.Why = reordered
	case x.Ignored:
		c.Outcome, c.Why = facts.OutcomeNotApplied, "ignore_changes covers all that differs"
	}
	if c.Action != "unchanged" || x.Imports {
		d.out.Places[r.ID] = d.place(x.Place, d.Head.Locators[r.ID])
	}
}

// deleted adds a resource that only the base declares.
func (d *declared) deleted(stack string, x *terraform.Difference, exists bool) {
	r := x.Resource
	r.Stack, r.ID = stack, "terraform:"+stack+":"+r.Address
	r.Before, r.After, r.Actions = r.After, nil, []string{"delete"}
	r.Change = &facts.ResourceChange{Action: "deleted", Paths: []string{}, Outcome: facts.OutcomeApplied}
	switch {
	case !exists:
		r.Actions, r.Change.Outcome, r.Change.Why = []string{"forget"}, facts.OutcomeOrphaned, "the stack is gone: nothing applies its deletion"
	case x.Action == "forgotten":
		r.Actions, r.Change.Outcome, r.Change.Why = []string{"forget"}, facts.OutcomeOrphaned, "a removed block leaves what exists as it is"
	}
	d.out.Deleted = append(d.out.Deleted, r)
	d.out.Locators[r.ID] = d.placeOfGone(x)
}

// other adds what is no resource.
func (d *declared) other(stack string, x *terraform.Difference, exists bool) {
	if x.Action == "unchanged" {
		return
	}
	c := facts.DeclaredChange{
		Subject: facts.Subject{ID: "terraform:" + stack + ":" + x.Address}, Stack: stack, Kind: x.Kind, Address: x.Address,
		Before: x.Before, After: x.After, Change: facts.ResourceChange{Action: x.Action, Paths: x.Paths, Outcome: facts.OutcomeUnknown},
	}
	if c.Change.Paths == nil {
		c.Change.Paths = []string{}
	}
	if x.From != "" {
		c.Change.From = "terraform:" + stack + ":" + x.From
	}
	switch {
	case x.Action == "forgotten":
		c.Change.Action, c.Change.Outcome, c.Change.Why = "deleted", facts.OutcomeOrphaned, "a removed block leaves what exists as it is"
	case !exists:
		c.Change.Outcome, c.Change.Why = facts.OutcomeOrphaned, "the stack is gone: nothing applies its deletion"
	case x.Kind == "module":
		c.Change.Why = "the module is not in the tree: what it makes is not known"
	case x.Kind == "backend":
		c.Change.Why = "whether the state goes along is not known: without it, everything is created anew"
	case strings.Contains(x.Address, "["):
		c.Change.Why = "what another version of the provider does is not known"
	default:
		c.Change.Why = "what the provider then does to its resources is not known"
	}
	d.out.Changes = append(d.out.Changes, c)
	if x.Action == "deleted" || x.Action == "forgotten" {
		d.out.Locators[c.ID] = d.placeOfGone(x)
	} else {
		d.out.Locators[c.ID] = d.place(x.Place, d.inStack(stack, x.Place.Position))
	}
}
