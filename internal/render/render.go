// Package render renders a unit, which is a chart, a kustomization, raw
// manifests or a program, into the objects that a controller would apply, each
// field with the place where a person would change it. What the units of a
// repository are, and who deploys them, is package deploy's.
//
// Everything is done in process and from a source.Tree: no network, no helm,
// kustomize or git program, no file outside the tree. What cannot be rendered
// fails with a reason and a place.
package render

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"gate/internal/cputime"
	"gate/internal/discover"
	"gate/internal/facts"
	"gate/internal/results"
	"gate/internal/source"
)

// DefaultKubeVersion is the cluster version that charts see if a unit does
// not tell one.
const DefaultKubeVersion = "v1.33.0"

// Limits are the budgets of one unit. Zero fields take the defaults.
type Limits struct {
	Time        time.Duration // by the clock and of processors, see cputime.WithTimeout; default 60 s
	OutputBytes int           // rendered text; default 64 MiB
	Objects     int           // default 50,000
	ChartBytes  int64         // files of one chart, unpacked; default 64 MiB
}

const defaultTime = 60 * time.Second

// Options say how units are rendered. The zero value is usable.
type Options struct {
	Limits  Limits
	Workers int       // default 2
	Now     time.Time // what templates see as the time; default 2000-01-01

	// Charts returns charts that are not in the tree; nil: they fail.
	Charts Charts

	// Repositories are the identities of the repository that the tree is of;
	// see deploy.Units.
	Repositories []string

	// Revision says what a controller delivers that names a revision of this
	// repository: nil if that is the tree itself, as it follows the change; see
	// deploy.Tree. A nil function: everything does.
	Revision func(name string) *Revision

	// Started is called when a unit is begun, and done when nothing works on
	// it any more; positions may begin it again later. Both may be nil.
	Started func(unit string) (done func())
	// Stuck is called for a unit that does not end in its time, from the
	// goroutine that waits for it; nil leaves the unit behind.
	Stuck func(unit string)
	// Skip are units that are not to be rendered, by id, with the reason.
	Skip map[string]error
	// Reuse returns what becomes of a unit where that is known already; nil:
	// every unit is rendered.
	Reuse func(Unit) (Outcome, bool)
	// Idle says that a unit need not be rendered, and from which files it would
	// be; nil: every unit is rendered.
	Idle func(Unit) (files []string, idle bool)

	// Results keeps what is built from run to run; nil: nothing is kept. Nothing
	// that is made from a file, or is a text, that is not Clean is kept: there may
	// be a secret in it.
	Results *results.Store
	Clean   func(file string, data []byte) bool
}

// Revision is another state of the repository than the tree that is rendered: a
// tag, a commit, another branch.
type Revision struct {
	Name string
	// Tree is what stands there, with its inventory; nil if it is not in the
	// clone.
	Tree      source.Tree
	Inventory *discover.Inventory
	// Assumed says that nothing is known of the name, so that it is taken for
	// the tree itself.
	Assumed bool
}

// What stands before the name of a Revision that can be nothing but a tag, or
// that is a range of versions.
const (
	TagRevision   = "refs/tags/"
	RangeRevision = "semver:"
)

func (o Options) withDefaults() Options {
	if o.Limits.Time <= 0 {
		o.Limits.Time = defaultTime
	}
	if o.Limits.OutputBytes <= 0 {
		o.Limits.OutputBytes = 64 << 20
	}
	if o.Limits.Objects <= 0 {
		o.Limits.Objects = 50_000
	}
	if o.Limits.ChartBytes <= 0 {
		o.Limits.ChartBytes = maxChartBytes
	}
	if o.Workers <= 0 {
		o.Workers = 2
	}
	if o.Started == nil {
		o.Started = func(string) func() { return func() {} }
	}
	if o.Now.IsZero() {
		o.Now = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)
	}
	return o
}

// Rendered is a unit with its objects, in the order of its files.
type Rendered struct {
	Unit    Unit
	Objects []Object
	Sources []string // files that were read, sorted
	// Closure is sha256 (hex) over sorted "mode path sha256" lines of Sources.
	Closure string
	// Digest is sha256 (hex) over the objects, each as one line of canonical JSON.
	Digest string
	// Seeded says that random, time or key functions were called, so that the
	// output contains stand-ins and must not be deployed; SeededBy names them.
	Seeded   bool
	SeededBy []string
	// Placeholders are the stand-in values in the output.
	Placeholders []string
	// Repeats are the keys that stand twice in a mapping of its values.
	Repeats []source.Repeat
	// Faults are the files of a unit of raw manifests that could not be read, and
	// what of a chart is not known because its values are encrypted; the other
	// objects are there. Else charts and kustomizations fail as a whole.
	Faults []error
	// Skipped counts documents that are no Kubernetes objects (raw manifests only).
	Skipped int
	// Unused are files that a kustomization names as patches, and of which nothing
	// is in what is built.
	Unused []string
	// Notes are what a reader has to know though nothing failed, sorted.
	Notes []Note
	// Variants are the unit under other circumstances that nothing rules out, with
	// the objects that differ then; Open are the branches of which not even that is
	// known. Inputs are what templates were told, and who fixed that.
	Variants []*Rendered
	Open     []OpenBranch
	Inputs   []facts.Input
	found    []explored
	called   string // of a variant: what its id ends in
	// AsBefore says that the unit was not rendered, since the change has no
	// influence on it (Options.Idle): Sources are the files that it would be
	// rendered from, and nothing else is known.
	AsBefore bool
}

// Files are the files that the objects come from; of what was not rendered those
// that they may come from. They repeat.
func (r *Rendered) Files() []string {
	if r.AsBefore {
		return r.Sources
	}
	out := make([]string, len(r.Objects))
	for i, o := range r.Objects {
		out[i] = o.File
	}
	return out
}

// Object is one Kubernetes object.
type Object struct {
	Manifest map[string]any
	Locator  source.Locator
	File     string // the file that it comes from
	Hook     string // value of helm.sh/hook
	// Place is where the object begins; of a chart only the file is known
	// without asking Locator, which renders the chart once more.
	Place source.Position

	// Repeats are the paths of keys that stand twice in what the chart rendered, or
	// in the file.
	Repeats []source.Path

	crd  bool // from crds/ of a chart
	made bool // is not what stands in the file, though the unit is of manifests
}

// Outcome is what became of one unit: Rendered, or Err.
type Outcome struct {
	Unit     Unit
	Rendered *Rendered
	Err      error
}

// Render renders one unit of tree. Faults of the input are *source.Error with
// a place in the input.
func Render(ctx context.Context, tree source.Tree, unit Unit, opts Options) (*Rendered, error) {
	return NewRenderer(tree, opts).Render(ctx, unit)
}

// All renders units in parallel; the outcomes are in the order of units.
func All(ctx context.Context, tree source.Tree, units []Unit, opts Options) []Outcome {
	return NewRenderer(tree, opts).All(ctx, units)
}

// Renderer renders the units of one tree; what they share is read once.
type Renderer struct {
	tree   source.Tree
	opts   Options
	charts sync.Map // directory -> *chartFiles
	dirs   func() map[string]bool
}

// NewRenderer returns a Renderer of a tree.
func NewRenderer(tree source.Tree, opts Options) *Renderer {
	return &Renderer{
		tree: tree, opts: opts.withDefaults(),
		dirs: sync.OnceValue(func() map[string]bool { return source.Directories(tree) }),
	}
}

// All renders units in parallel; the outcomes are in the order of units.
func (s *Renderer) All(ctx context.Context, units []Unit) []Outcome {
	out := make([]Outcome, len(units))
	var group errgroup.Group // of functions that do not fail: the outcomes hold the errors
	group.SetLimit(s.opts.Workers)
	for i, u := range units {
		group.Go(func() error {
			r, err := s.Render(ctx, u)
			out[i] = Outcome{Unit: u, Rendered: r, Err: err}
			return nil
		})
	}
	_ = group.Wait()
	return out
}

// Render runs one unit with its time limit. What does not stop in time is
// left behind: its result is dropped.
func (s *Renderer) Render(run context.Context, u Unit) (*Rendered, error) {
	if err := s.opts.Skip[u.ID]; err != nil {
		return nil, err
	}
	if s.opts.Reuse != nil {
		if o, ok := s.opts.Reuse(u); ok {
			if o.Rendered == nil {
				return nil, o.Err
			}
			r := *o.Rendered
			r.Unit = u
			return &r, nil
		}
	}
	if s.opts.Idle != nil {
		if files, idle := s.opts.Idle(u); idle {
			return &Rendered{Unit: u, AsBefore: true, Sources: files}, nil
		}
	}
	ctx, cancel := cputime.WithTimeout(run, s.opts.Limits.Time)
	defer cancel()
	type result struct {
		r   *Rendered
		err error
	}
	done := make(chan result, 1)
	work := func() (res result) {
		defer s.opts.Started(u.ID)()
		defer func() {
			if p := recover(); p != nil {
				res = result{nil, fmt.Errorf("render %s: library failed: %s (in %s)", u.ID, source.Panicked(p), source.PanickedIn(string(debug.Stack())))}
			}
		}()
		r, err := s.dispatch(ctx, run, u)
		return result{r, err}
	}
	go func() { done <- work() }()
	select {
	case res := <-done:
		if res.err != nil && errors.Is(context.Cause(ctx), context.DeadlineExceeded) {
			return nil, s.tooSlow(u)
		}
		return res.r, res.err
	case <-ctx.Done():
		if !errors.Is(context.Cause(ctx), context.DeadlineExceeded) {
			return nil, ctx.Err()
		}
		if s.opts.Stuck != nil && run.Err() == nil {
			select {
			case <-done:
			case <-time.After(stuckGrace):
				s.opts.Stuck(u.ID)
			}
		}
		return nil, s.tooSlow(u)
	}
}

// stuckGrace is the time in which a unit has to notice that its time is over.
const stuckGrace = 2 * time.Second

// TooSlow is what is said about a unit that takes longer than limit; 0 means
// the default.
func TooSlow(limit time.Duration) string {
	if limit <= 0 {
		limit = defaultTime
	}
	return fmt.Sprintf("rendering takes longer than %s", limit)
}

func (s *Renderer) tooSlow(u Unit) error {
	return &source.Error{
		Position: u.Place,
		Msg:      TooSlow(s.opts.Limits.Time),
		Hint:     "exclude the unit, or raise the time limit",
	}
}

func (s *Renderer) dispatch(ctx, run context.Context, u Unit) (*Rendered, error) {
	in := &input{tree: s.tree, run: run, sums: map[string]string{}}
	r := &Rendered{Unit: u, Notes: slices.Clone(u.Notes), Open: slices.Clone(u.Untold)}
	if u.Fault != nil && (u.Fetch == nil || s.opts.Charts == nil) {
		return nil, s.notFetched(u)
	}
	var err error
	switch u.Kind {
	case KindHelm:
		if err = s.helm(ctx, in, r); err == nil {
			err = s.postRender(ctx, r)
		}
	case KindKustomize:
		err = s.kustomize(ctx, in, r)
	case KindManifests:
		err = s.manifests(in, r)
	case KindJsonnet:
		err = s.jsonnet(in, r, u.Path, true)
	case KindCUE:
		err = s.cue(in, r)
	default:
		err = fmt.Errorf("unknown kind of unit %q", u.Kind)
	}
	if err != nil {
		return nil, err
	}
	if u.Substitute != nil {
		if err := s.substituteObjects(r); err != nil {
			return nil, err
		}
	}
	r.commonMetadata()
	if len(r.Objects) > s.opts.Limits.Objects {
		return nil, &source.Error{
			Position: u.Place,
			Msg:      fmt.Sprintf("%d objects are rendered, more than the limit of %d", len(r.Objects), s.opts.Limits.Objects),
		}
	}
	r.Seeded = len(r.SeededBy) > 0
	r.Notes = sortNotes(r.Notes)
	r.Repeats = in.allRepeats()
	r.Sources, r.Closure = in.closure()
	if r.Digest, err = digest(r.Objects); err != nil {
		return nil, fmt.Errorf("render %s: %w", u.ID, err)
	}
	if u.told.first() {
		if err := s.vary(ctx, run, r); err != nil {
			return nil, err
		}
	}
	r.found = nil
	return r, nil
}
