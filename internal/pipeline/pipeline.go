// Package pipeline is the whole way of the data: opened, scanned, discovered,
// changed, deployed, rendered, read, gathered, document, judged, decided. The base of a
// proposed change is judged in between, behind what is read: its findings are
// what the head's are set beside. Each stage takes what
// earlier ones made and returns a value of its own, which nothing changes
// afterwards, and beside it a Record of what it has to say. Whoever reads run
// understands the program.
package pipeline

import (
	"context"
	"errors"
	"fmt"
	"time"

	"gate/internal/compare"
	"gate/internal/decide"
	"gate/internal/discover"
	"gate/internal/facts"
	"gate/internal/policy"
	"gate/internal/source"
)

// stage is how far a run goes.
type stage int

const (
	toDiscovered stage = iota // what every file is
	toChanged                 // and what the change does to the files
	toRendered                // and to what would be applied
	toRead                    // and what else is there: Terraform, plans, CI
	toGathered                // and all facts, without secrets
	toDocument                // and what the rules are told beside them
	toJudged
	toDecided
)

// chain is what the stages of one run made, each field by the stage of its
// name. Only run writes it.
type chain struct {
	opened    *opened
	scanned   *scanned
	inventory *discover.Inventory
	changed   *changed
	deployed  *deployed
	rendered  *rendered
	read      *read
	gathered  *gathered
	document  *document
	judged    *judged
	before    *decide.Before
	decided   *decide.Result

	record Record          // of all stages so far
	cut    error           // why the run ended before the last stage; nil if it did not
	opaque map[string]bool // files of which no line may be shown
}

// run walks the stages up to the last one. The caller closes the chain. An
// error is a *UsageError, or the end of the context or of the machine; its
// text holds no secret of the judged tree.
func run(ctx context.Context, o Options, want wanted, last stage) (*chain, error) {
	c := &chain{record: newRecord()}
	for _, s := range []struct {
		of stage
		do func() (Record, error)
	}{
		{toDiscovered, func() (r Record, err error) { c.opened, r, err = open(ctx, o); return }},
		{toDiscovered, func() (r Record, err error) {
			if last < toRendered || !c.opened.narrow() {
				c.scanned, r, err = scan(ctx, c.opened, nil)
			}
			return
		}},
		{toDiscovered, func() (r Record, err error) { c.inventory, r, err = discovered(ctx, c.opened); return }},
		{toChanged, func() (r Record, err error) { c.changed, r, err = change(ctx, c.opened, c.inventory); return }},
		{toRendered, func() (r Record, err error) {
			c.deployed, r, err = deployAll(ctx, c.opened, c.inventory, c.changed, want)
			return
		}},
		{toRendered, func() (r Record, err error) {
			if c.scanned == nil { // nothing that the change does not reach is quoted
				c.scanned, r, err = scan(ctx, c.opened, c.deployed.idleFiles(c.opened, c.changed, c.inventory))
			}
			return
		}},
		{toRendered, func() (r Record, err error) {
			c.rendered, r, err = collectAll(ctx, c.opened, c.scanned, c.changed, c.deployed, want)
			c.deployed = nil
			return
		}},
		{toRead, func() (r Record, err error) {
			c.read, r, err = readAll(ctx, c.opened, c.scanned, c.inventory, c.changed, c.idleStacks())
			if err == nil {
				c.nameReaders()
			}
			return
		}},
		{toRead, func() (r Record, err error) { c.before, r, err = judgeBase(ctx, c); return }},
		{toGathered, func() (r Record, err error) {
			c.gathered, r, err = gather(ctx, c.opened, c.scanned, c.changed, c.rendered, c.read, c.record.Locators)
			return
		}},
		{toDocument, func() (r Record, err error) {
			c.letGo()
			if c.document, r, err = assemble(c.opened, c.changed, c.read, c.gathered); err == nil {
				c.gathered = c.gathered.withoutFacts()
			}
			return
		}},
		{toJudged, func() (r Record, err error) {
			c.judged, r, err = judge(ctx, c.opened, c.gathered, c.document, c.record.Locators)
			return
		}},
	} {
		if s.of > last {
			break
		}
		said, err := s.do()
		c.record.add(said)
		if err == nil {
			continue
		}
		if c.cut = late(ctx); c.cut != nil && c.opened != nil && last == toDecided {
			break // what is there is reported
		}
		c.close()
		return nil, c.failure(ctx, err)
	}
	if last < toDecided {
		return c, nil
	}
	var err error
	if c.decided, err = conclude(c); err != nil {
		c.close()
		return nil, c.failure(ctx, err)
	}
	return c, nil
}

// Outcome is a finished run.
type Outcome struct {
	Result *decide.Result
	Facts  *facts.Facts
	Rules  []policy.Rule
	Trace  string // see Options
	chain  *chain

	// Who made the change, where that is asked for; see chain.authors.
	handle string
	mails  []string

	readLine func(file string, line int) string // of the judged tree
	lines    map[source.Position]bool           // those that HoldsSecret was asked for
	keys     map[string]map[int]bool            // lines of private keys, by file
}

// Check judges what o describes. Faults of flags and configuration are a
// *UsageError; faults of inputs stand in the result's coverage. A run that its
// deadline cuts short is an incomplete result of what was reached.
func Check(ctx context.Context, o Options) (*Outcome, error) {
	ctx, cancel := withDeadline(ctx, o.Deadline)
	defer cancel()
	c, err := run(ctx, o, wanted{base: true, judged: true}, toDecided)
	if err != nil {
		return nil, err
	}
	c.opened.kept.tell(c.decided)
	out := &Outcome{
		Result: c.decided, Facts: c.facts(), Rules: decide.Builtin(), chain: c, readLine: source.LineReader(c.opened.tree), lines: map[source.Position]bool{}, keys: map[string]map[int]bool{},
	}
	if c.judged != nil {
		out.Rules = append(c.judged.rules, out.Rules...)
		out.Trace = c.redactor()(c.judged.trace)
	}
	if o.NeedTrusted || c.opened.evidence.any {
		out.handle, out.mails = c.authors(ctx)
	}
	if err := out.approvals(); err != nil {
		return nil, errors.Join(err, out.Close())
	}
	return out, nil
}

// Close releases the work tree and the repository.
func (o *Outcome) Close() error { return o.chain.close() }

// ReadFile returns a file of the judged tree.
func (o *Outcome) ReadFile(path string) ([]byte, error) { return o.chain.opened.tree.ReadFile(path) }

// Facts runs the way up to the input document. complete is false if something
// could not be read.
func Facts(ctx context.Context, o Options) (f *facts.Facts, complete bool, err error) {
	err = prefix(ctx, o, wanted{base: true}, toDocument, func(_ context.Context, c *chain) error {
		f, complete = c.document.facts, c.record.complete()
		return nil
	})
	return f, complete, err
}

// prefix walks the stages up to one before the last, uses what they made, and
// closes it.
func prefix(ctx context.Context, o Options, want wanted, last stage, use func(context.Context, *chain) error) error {
	ctx, cancel := withDeadline(ctx, o.Deadline)
	defer cancel()
	c, err := run(ctx, o, want, last)
	if err != nil {
		return err
	}
	defer c.close()
	if err := use(ctx, c); err != nil {
		return c.failure(ctx, err)
	}
	return nil
}

// letGo drops what only gather needs: manifests and resources as they were before
// secrets left them take as much memory as all facts.
func (c *chain) letGo() {
	var all []written
	if c.opened.RenderedSet {
		all = writeAll(c.rendered.head.Collected)
	}
	c.inventory, c.rendered = nil, &rendered{written: all, doubts: c.rendered.doubts, places: c.rendered.places, deployers: c.rendered.deployers}
	read := *c.read
	read.terraform = nil
	if read.declared != nil {
		read.declared = &compare.Declarations{Places: read.declared.Places}
	}
	c.read = &read
}

// facts are the facts as far as the run came.
func (c *chain) facts() *facts.Facts {
	switch {
	case c.document != nil:
		return c.document.facts
	case c.gathered != nil:
		return &c.gathered.facts
	}
	return &facts.Facts{}
}

func (c *chain) close() error {
	if c.opened == nil {
		return nil
	}
	return c.opened.close()
}

// failure is an error on its way out: why the context ended, where that is
// what happened, and without secrets that the tree holds.
func (c *chain) failure(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return fmt.Errorf("the run did not end: %w", context.Cause(ctx))
	}
	return redactError(err, c.redactor())
}

// redactError is an error without known secrets; a fault of usage stays one.
func redactError(err error, redact func(string) string) error {
	text := redact(err.Error())
	if text == err.Error() {
		return err
	}
	var fault *UsageError
	if errors.As(err, &fault) {
		return usage(errors.New(text))
	}
	return errors.New(text)
}

func withDeadline(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	if d <= 0 {
		return context.WithCancel(ctx)
	}
	return context.WithTimeoutCause(ctx, d, DeadlineError(d))
}

// lateError is why a run ends that took too long.
type lateError struct{ limit time.Duration }

func (e lateError) Error() string {
	return fmt.Sprintf("the run took more than --deadline %s", e.limit)
}

// DeadlineError is why a run ends that took longer than d.
func DeadlineError(d time.Duration) error { return lateError{d} }

// late returns the DeadlineError if that is why the context ended, else nil.
func late(ctx context.Context) error {
	var e lateError
	if ctx.Err() != nil && errors.As(context.Cause(ctx), &e) {
		return e
	}
	return nil
}
