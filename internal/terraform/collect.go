package terraform

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"path"
	"slices"
	"sort"
	"strings"
	"time"

	"gate/internal/facts"
	"gate/internal/source"
)

// Inputs is what is to be read.
type Inputs struct {
	Stacks []string // directories of the tree that are root modules
	// VarFiles are the variable files that a command line names, by directory
	// of the stack, as paths of the tree.
	VarFiles map[string][]string
	// Named are the directories that the configuration names as stacks.
	Named map[string]bool
	// RefreshOnly says that plans must plan nothing: they tell of drift.
	RefreshOnly bool
	// Excluded are directories of Terragrunt units that are not to be read.
	Excluded func(dir string) bool
	// Only are the directories of the stacks to be read; nil: all are.
	Only map[string]bool
	// Idle says of a stack without a plan, by its directory and by what it would be
	// read from, whether it need not be evaluated; nil: none is.
	Idle func(dir string, r Reads) bool
	// StandIns are the variables of the environment that a Terragrunt unit is
	// taken to run with; nil: none is known.
	StandIns func(dir string) map[string]string
	Plans    []PlanFile

	// StartedPlan and StartedStack are called when a plan (by name) or a stack
	// (by directory) is begun, and done when nothing works on it any more;
	// StuckStack for a stack that cannot be stopped. Each may be nil.
	StartedPlan, StartedStack func(id string) (done func())
	StuckStack                func(id string)
	// PlanFaults and StackFaults are what must not be read, with the reason.
	PlanFaults, StackFaults map[string]error
}

// PlanFile is one plan JSON that was handed in.
type PlanFile struct {
	Stack string // directory of its root module, "" if it was not named
	Name  string // of the file, for messages and places
	Data  []byte
	// Binary is the plan that apply consumes, nil if it was not handed in.
	Binary *BinaryFile
}

// BinaryFile is one binary plan that was handed in.
type BinaryFile struct {
	Name string
	Data []byte
}

// Collected is what Collect read. Slices are sorted by id; scopes are empty.
type Collected struct {
	Resources []facts.Resource
	Stacks    []facts.Stack
	Locators  source.Index // of resources and stacks
	Ledger    []facts.Entry
	Idle      []string // directories of the stacks that were not evaluated
	// Plans leads from the path of a stack to the index of its plan in Inputs.
	Plans map[string]int
	// SecretLines are the lines of files, from 1, in which the configuration
	// holds a value that it calls sensitive.
	SecretLines map[string]map[int]bool

	in     Inputs
	inputs map[string]*stackInput // by path of the stack
}

// readTimeout limits the evaluation of one stack's configuration.
const readTimeout = 20 * time.Second

// Collect reads every plan and, for stacks without one, the configuration.
// Faults of inputs become ledger entries of state failed; the error is only
// that of ctx.
func Collect(ctx context.Context, tree source.Tree, in Inputs) (*Collected, error) {
	c := &collector{in: in, loader: newLoader(tree), out: &Collected{Locators: source.Index{}, Plans: map[string]int{}, SecretLines: map[string]map[int]bool{}}}
	c.loader.standIns = in.StandIns
	c.terragrunt()
	c.stacks(in)
	c.plans(in.Plans)
	for _, name := range slices.Sorted(maps.Keys(c.byPath)) {
		if err := ctx.Err(); err != nil {
			return nil, fmt.Errorf("read terraform: %w", err)
		}
		if s := c.byPath[name]; !c.idle(s) {
			c.stack(ctx, s)
		}
	}
	c.out.Ledger = append(c.out.Ledger, c.rowlessEntries()...)
	c.faults()
	c.out.in, c.out.inputs = c.in, c.byPath
	c.out.in.Plans = nil
	sort.Slice(c.out.Resources, func(i, j int) bool { return c.out.Resources[i].ID < c.out.Resources[j].ID })
	sort.Slice(c.out.Stacks, func(i, j int) bool { return c.out.Stacks[i].ID < c.out.Stacks[j].ID })
	sort.SliceStable(c.out.Ledger, func(i, j int) bool {
		a, b := c.out.Ledger[i], c.out.Ledger[j]
		if a.Kind != b.Kind {
			return a.Kind < b.Kind
		}
		return a.ID < b.ID
	})
	return c.out, ctx.Err()
}

type collector struct {
	in      Inputs
	loader  *loader
	others  []*loader                  // of stacks that have a snapshot of their sources, and of Terragrunt units
	units   map[string]*terragruntUnit // by directory
	inUnit  map[string]bool            // directories of modules that units apply
	byPath  map[string]*stackInput
	rows    *rowTypes      // nil before the first resource
	rowless map[string]int // managed resources without a row, by type
	out     *Collected
}

type stackInput struct {
	path    string
	sources *Sources
	plan    *Plan
	failed  []string
	skip    bool            // not to be read; failed says why
	reads   map[string]bool // files that expressions read; nil if they were not evaluated
}

func (c *collector) stacks(in Inputs) {
	for _, s := range in.Stacks {
		if p := path.Clean(s); !c.inUnit[p] || c.units[p] != nil || slices.ContainsFunc(in.Plans, func(f PlanFile) bool { return f.Stack == p }) {
			c.add(p)
		}
	}
}

// terragrunt finds the units. Their modules are no stacks of their own: who
// applies them says with which inputs.
func (c *collector) terragrunt() {
	c.byPath, c.inUnit = map[string]*stackInput{}, map[string]bool{}
	if c.in.Only != nil && !c.loader.mayHoldUnits(c.in.Only) {
		return
	}
	c.units = c.loader.terragruntUnits()
	for _, dir := range slices.Sorted(maps.Keys(c.units)) {
		if c.in.Excluded != nil && c.in.Excluded(dir) {
			delete(c.units, dir)
			continue
		}
		if c.in.Only == nil || c.in.Only[dir] {
			c.add(dir)
		}
		if u := c.units[dir]; u.moduleDir != "" && u.moduleDir != dir {
			c.inUnit[u.moduleDir] = true
		}
	}
}

func (c *collector) add(p string) *stackInput {
	if s, ok := c.byPath[p]; ok {
		return s
	}
	s := &stackInput{path: p}
	if err := c.in.StackFaults[p]; err != nil {
		s.failed, s.skip = append(s.failed, err.Error()), true
		s.sources = &Sources{loader: c.loader, stack: p, manifest: map[string]string{}}
	} else {
		defer begin(c.in.StartedStack, p)()
		if u := c.units[p]; u != nil {
			s.sources = c.loader.terragruntSources(u)
			c.others = append(c.others, s.sources.loader)
			for _, err := range u.faults {
				s.failed = append(s.failed, err.Error())
			}
		} else {
			s.sources, _ = c.loader.sources(p)
		}
	}
	s.sources.varFiles = append(s.sources.varFiles, c.in.VarFiles[p]...)
	c.byPath[p] = s
	return s
}

// begin calls a hook that may be nil.
func begin(hook func(string) func(), id string) (done func()) {
	if hook == nil {
		return func() {}
	}
	return hook(id)
}

// fail adds a unit that could not be read.
func (c *collector) fail(id string, err error) {
	e := facts.Entry{Kind: "unit", ID: id, State: facts.Failed, Reason: err.Error()}
	var at *source.Error
	if errors.As(err, &at) {
		e.Place, e.Reason, e.Hint = at.Position, at.Msg, at.Hint
	}
	c.out.Ledger = append(c.out.Ledger, e)
}

func (c *collector) stack(ctx context.Context, s *stackInput) {
	st := facts.Stack{Complete: true}
	var given map[string]planVariable
	if s.plan != nil {
		st, given = s.plan.Stack, s.plan.variables
		s.failed = append(s.failed, s.plan.Problems...)
	}
	st.ID, st.Path = "stack:"+s.path, s.path
	var resources []facts.Resource
	var reads map[string]bool
	var unread []unreadCall
	var guesses []assumed
	work := func() []string {
		ev := newEvaluation(s.sources, given)
		ev.describeStack(&st)
		if s.plan != nil {
			resources = s.plan.Resources
			ev.complete(resources, st.Providers)
			s.sources.loader.translate(resources)
			resources = append(resources, ev.looseDocuments(resources)...)
		} else {
			s.sources.varFileValues = ev.varFiles
			resources, unread = ev.resources(), ev.unread()
			guesses = ev.assumed(unread)
			calls, more := ev.ofUnit()
			unread, guesses = append(calls, unread...), append(guesses, more...)
		}
		reads = ev.reads
		return ev.faults
	}
	var faults []string
	var err error
	if !s.skip {
		faults, err = limited(ctx, c.in, s.path, work)
	}
	if s.skip || err != nil {
		// The evaluation may still write to what it was given: leave it alone.
		resources, unread, guesses, st = nil, nil, nil, facts.Stack{Complete: false}
		st.ID, st.Path = "stack:"+s.path, s.path
		if s.plan != nil {
			st.Plan = true
		}
	}
	if err != nil {
		s.failed = append(s.failed, err.Error())
	} else {
		s.reads = reads
		s.sources.secretLines(c.out.SecretLines)
	}
	if s.plan != nil { // which was made with what is encrypted
		faults = slices.DeleteFunc(faults, saysSealed)
	}
	s.failed = append(s.failed, faults...)
	if s.plan == nil && s.sources.root == nil && !s.skip && !s.sources.unit.elsewhere() {
		s.failed = append(s.failed, s.nothing())
	}
	firstGuess := len(resources)
	for _, g := range guesses {
		resources = append(resources, g.Resource)
	}
	firstPart := len(resources)
	resources = append(resources, s.sources.loader.parts(resources)...)
	addCompanions(resources)
	st.ResourceCounts = map[string]int{}
	planPlace := c.planPlace(s)
	for i := range resources {
		r := &resources[i]
		r.Stack = s.path
		r.ID = "terraform:" + s.path + ":" + r.Address
		if r.Deposed != "" {
			r.ID += "#deposed-" + r.Deposed
		}
		if i >= firstPart {
			r.ID += "#" + r.Type
		}
		if r.Mode == "managed" && r.After != nil && !r.Partial {
			st.ResourceCounts[r.Type]++
		}
		if i >= firstGuess && i < firstPart {
			c.out.Locators[r.ID] = guesses[i-firstGuess].at
		} else {
			c.out.Locators[r.ID] = orPlan(s.sources, r, planPlace)
		}
		if r.DeclaredType != "" {
			c.out.Locators[r.ID] = s.sources.loader.translatedLocator(r, c.out.Locators[r.ID])
		}
		c.out.Ledger = append(c.out.Ledger, s.programEntries(r, c.out.Locators[r.ID])...)
	}
	c.out.Ledger = append(c.out.Ledger, c.entries(resources)...)
	for i := range st.Drift {
		st.Drift[i].Stack = s.path
		st.Drift[i].ID = "terraform:" + s.path + ":" + st.Drift[i].Address + "#drift"
		c.out.Locators[st.Drift[i].ID] = orPlan(s.sources, &st.Drift[i], planPlace)
	}
	c.out.Ledger = append(c.out.Ledger, s.unreadEntries(unread)...)
	for i, m := range st.Modules {
		if j := slices.IndexFunc(unread, func(u unreadCall) bool { return u.address == m.Address }); j >= 0 {
			st.Modules[i].Unread, st.Modules[i].ID = unread[j].reason, unreadID(s.path, m.Address)
		}
	}
	st.Problems, st.Role = s.failed, c.role(s)
	c.out.Locators[st.ID] = s.sources.stackLocator(st, planPlace)
	c.out.Resources = append(c.out.Resources, resources...)
	c.out.Stacks = append(c.out.Stacks, st)
	entry := facts.Entry{Kind: "unit", ID: st.ID, State: facts.Evaluated, Place: s.sources.fallback(), Count: firstPart}
	if len(s.failed) > 0 {
		entry.State, entry.Reason = facts.Failed, strings.Join(s.failed, "; ")
		entry.Hint = cmp.Or(s.sealedHint(), s.sources.unit.hint())
	}
	c.out.Ledger = append(c.out.Ledger, entry)
}

// nothing says why nothing of the stack could be read.
func (s *stackInput) nothing() string {
	if s.sources.unit == nil {
		return "no configuration files"
	}
	return s.sources.unit.fault(s.sources) + "; hand in its plan: --plan " + source.ShellWord(s.path) + "=FILE"
}

// limited runs work with a deadline. An evaluation cannot be stopped from
// outside; one that does not end is left behind and its stack is failed.
func limited(ctx context.Context, in Inputs, stack string, work func() []string) ([]string, error) {
	type result struct {
		faults []string
		err    error
	}
	done := make(chan result, 1)
	run := func() (res result) {
		defer begin(in.StartedStack, stack)()
		defer func() {
			if r := recover(); r != nil {
				res = result{err: fmt.Errorf("configuration cannot be evaluated: %s", source.Panicked(r))}
			}
		}()
		return result{faults: work()}
	}
	go func() { done <- run() }()
	timer := time.NewTimer(readTimeout)
	defer timer.Stop()
	select {
	case res := <-done:
		return res.faults, res.err
	case <-ctx.Done():
		return nil, fmt.Errorf("configuration was not evaluated: %w", ctx.Err())
	case <-timer.C:
		if in.StuckStack != nil {
			in.StuckStack(stack)
		}
		return nil, errors.New(TooSlow())
	}
}

// TooSlow is what is said about a stack that takes longer than its time.
func TooSlow() string { return fmt.Sprintf("configuration was not evaluated within %s", readTimeout) }

// faults adds the files that could not be read as they should, each fault once.
// What only a snapshot holds was read by the program that wrote the plan.
func (c *collector) faults() {
	seen := map[facts.Entry]bool{}
	for _, l := range append([]*loader{c.loader}, c.others...) {
		for _, dir := range slices.Sorted(maps.Keys(l.dirs)) {
			m := l.dirs[dir]
			if m == nil {
				continue
			}
			for _, err := range m.faults {
				e := facts.Entry{Kind: "file", State: facts.Failed, Reason: err.Error()}
				var at *source.Error
				if errors.As(err, &at) {
					e.ID, e.Place, e.Reason, e.Hint = at.File, at.Position, at.Msg, at.Hint
				}
				if _, inTree := c.loader.tree.Lookup(e.ID); seen[e] || e.ID != "" && !inTree {
					continue
				}
				seen[e] = true
				c.out.Ledger = append(c.out.Ledger, e)
			}
		}
	}
}
