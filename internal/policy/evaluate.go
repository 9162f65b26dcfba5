package policy

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"runtime"
	"slices"

	"gate/internal/facts"
	"gate/internal/source"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"
	"github.com/open-policy-agent/opa/v1/topdown"
	"golang.org/x/sync/errgroup"
)

// What a rule may take: a million steps are about a second, and ordinary rules
// take some ten for a subject.
const (
	ruleSteps    = 20_000_000
	subjectSteps = 2_000 // for each subject
)

// Options bound an evaluation.
type Options struct {
	// Provided names the inputs that were handed in (see Inputs). A rule that
	// needs another one is skipped.
	Provided map[string]bool
	// Steps is what one rule may take over all batches, beside what each of its
	// subjects adds; 0 means 20 million, about 20 s.
	Steps int64
	// Workers is the number of rules evaluated at the same time; 0 means one
	// for each CPU.
	Workers int
	// Started is called when a rule is evaluated over one batch, and done
	// when that has ended; it may be nil.
	Started func(rule string) (done func())
	// Skip are rules that are not to be evaluated, with the reason.
	Skip map[string]error
	// Stuck is called with what does not end and cannot be stopped; nil: nothing
	// watches. Policies of an organisation are watched.
	Stuck func(id string)
	// Trace asks for what policies of an organisation print, and for how they are
	// evaluated.
	Trace bool
	// Compiled keeps what was compiled for the next evaluation over the same
	// files; nil: nothing is kept.
	Compiled *Compiled
}

// Hides says whether the subjects of a kind come from an input, so that their
// absence without it says nothing.
func (o Options) Hides(input, subject string) bool {
	return input == "base" && (subject == "files" || subject == "transitions")
}

// Outcome is what an evaluation found: results sorted by rule, subject, path
// and message, and one ledger entry for each rule.
type Outcome struct {
	Results []Result
	// Notes are what rules know of subjects beside what they find, in the order
	// of Results. They have the verdict "note".
	Notes  []Result
	Ledger []facts.Entry
	// Documents is how many documents an organisation's policies judged.
	Documents int
	// Trace is what Options.Trace asks for.
	Trace string
}

// Evaluate judges f by every rule. A rule that fails is failed in the ledger.
// An error is returned if nothing could be judged at all, or that of ctx: the
// outcome then holds what was found until it ended, and the rules that did not
// end are failed.
func (c *Catalog) Evaluate(ctx context.Context, f *facts.Facts, o Options) (*Outcome, error) {
	if o.Steps == 0 {
		o.Steps = ruleSteps
	}
	if o.Workers == 0 {
		o.Workers = runtime.GOMAXPROCS(0)
	}
	live, ledger := c.applicable(f, o)
	ids := make([]string, len(live))
	for i, r := range live {
		ids[i] = r.rule.ID
	}
	program, err := c.compiled(ids, o.Compiled)
	if err != nil {
		return nil, err
	}
	if err := c.prepare(ctx, program, live, o.Workers); err != nil {
		return nil, err
	}
	cut, err := judge(ctx, f, live, o)
	if err != nil && ctx.Err() == nil {
		return nil, err
	}
	out := &Outcome{Ledger: ledger}
	for _, r := range live {
		if err != nil && r.err == nil && (cut == "" || r.rule.Scope == cut) {
			r.err = errEnded
		}
		entry := facts.Entry{Kind: "rule", ID: r.rule.ID, State: facts.Evaluated, Count: r.count}
		if r.err != nil {
			entry.State, entry.Reason = facts.Failed, r.err.Error()
		}
		out.Ledger = append(out.Ledger, entry)
		out.Results = append(out.Results, r.results...)
		out.Notes = append(out.Notes, r.notes...)
	}
	SortResults(out.Results)
	SortResults(out.Notes)
	slices.SortFunc(out.Ledger, func(a, b facts.Entry) int { return cmp.Compare(a.ID, b.ID) })
	return out, err
}

var errEnded = errors.New("the run ended before the rule did")

// applicable are the rules that have subjects and the inputs that they need,
// and the ledger entries of all others.
func (c *Catalog) applicable(f *facts.Facts, o Options) (live []*ruleEvaluation, ledger []facts.Entry) {
	for _, r := range c.rules {
		n := subjects[r.Over.Subject](f, r.Over)
		entry := facts.Entry{Kind: "rule", ID: r.ID, Count: n}
		// An input that is missing is said first: it may be what the subjects
		// come from, such as the base of a change.
		missing := missingInput(r, o.Provided)
		switch {
		case missing != "" && (n > 0 || o.Hides(missing, r.Over.Subject)):
			entry.State, entry.Reason = facts.Skipped, "no "+missing
		case n == 0:
			entry.State, entry.Reason = facts.NotApplicable, "no "+r.Over.Subject
		default:
			live = append(live, &ruleEvaluation{rule: r, count: n, seen: map[string]bool{}, err: o.Skip[r.ID]})
			continue
		}
		ledger = append(ledger, entry)
	}
	return live, ledger
}

// judge evaluates rules of scope subject over one batch after the other, then
// those of scope tree over the whole. cut is the scope of the rules that an
// error cut short, empty for all.
func judge(ctx context.Context, f *facts.Facts, live []*ruleEvaluation, o Options) (cut string, err error) {
	in := inputs{f: f, over: map[string]bool{}}
	for _, r := range live {
		if r.rule.Scope == "subject" {
			in.over[r.rule.Over.Subject] = true
		}
		in.whole = in.whole || r.rule.Scope == "tree"
	}
	err = in.batches(func(input ast.Value) error { return each(ctx, live, "subject", o, input) })
	if err != nil || !in.whole {
		return "", err
	}
	input, err := in.tree()
	if err != nil {
		return "", err
	}
	return "tree", each(ctx, live, "tree", o, input)
}

// SortResults sorts by rule, subject, path and message.
func SortResults(list []Result) {
	slices.SortStableFunc(list, func(a, b Result) int {
		return cmp.Or(cmp.Compare(a.Rule, b.Rule), cmp.Compare(a.Subject, b.Subject),
			cmp.Compare(a.Path.String(), b.Path.String()), cmp.Compare(a.Message, b.Message), cmp.Compare(a.Verdict, b.Verdict))
	})
}

func missingInput(r Rule, provided map[string]bool) string {
	for _, n := range r.Needs {
		if !provided[n] {
			return n
		}
	}
	return ""
}

// ruleEvaluation is one rule on its way over the batches. It is used by one
// goroutine at a time.
type ruleEvaluation struct {
	rule    Rule
	count   int
	query   rego.PreparedEvalQuery
	steps   *Steps
	results []Result
	notes   []Result
	seen    map[string]bool
	err     error
}

func (c *Catalog) prepare(ctx context.Context, p *program, runs []*ruleEvaluation, workers int) error {
	return parallel(ctx, workers, runs, func(r *ruleEvaluation) {
		if r.err != nil {
			return
		}
		if q, ok := p.prepared.Load(r.rule.ID); ok {
			r.query = q.(rego.PreparedEvalQuery)
			return
		}
		pkg := c.modules[r.rule.ID].pkg
		query := "deny := " + pkg + ".deny"
		for _, set := range p.extra[r.rule.ID] {
			query += "; " + set + " := " + pkg + "." + set
		}
		q, err := rego.New(
			rego.Query(query),
			rego.Compiler(p.compiler),
			rego.Store(p.store),
			rego.StrictBuiltinErrors(true),
			ParseConfigOption(),
		).PrepareForEval(ctx)
		if r.query, r.err = q, err; err == nil {
			p.prepared.Store(r.rule.ID, q)
		}
	})
}

func each(ctx context.Context, runs []*ruleEvaluation, scope string, o Options, input ast.Value) error {
	var live []*ruleEvaluation
	for _, r := range runs {
		if r.rule.Scope == scope && r.err == nil {
			live = append(live, r)
		}
	}
	return parallel(ctx, o.Workers, live, func(r *ruleEvaluation) {
		if o.Started != nil {
			defer o.Started(r.rule.ID)()
		}
		if r.steps == nil {
			r.steps = CountSteps(ctx, o.Steps+subjectSteps*int64(r.count))
		}
		r.err = r.eval(ctx, input)
	})
}

// parallel calls do for every item, on so many goroutines, and returns the
// context's error if it ended before all was done.
func parallel[T any](ctx context.Context, workers int, items []T, do func(T)) error {
	var g errgroup.Group
	g.SetLimit(workers)
	for _, item := range items {
		if ctx.Err() != nil {
			break
		}
		g.Go(func() error {
			do(item)
			return nil
		})
	}
	_ = g.Wait() // no item returns an error
	return ctx.Err()
}

func (r *ruleEvaluation) eval(ctx context.Context, input ast.Value) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("evaluate: %s", source.Panicked(p))
		}
	}()
	set, err := r.query.Eval(ctx, rego.EvalParsedInput(input), rego.EvalExternalCancel(r.steps))
	switch {
	case err == nil:
	case r.steps.Over() != nil:
		return fmt.Errorf("evaluate: %w, for %d subjects", r.steps.Over(), r.count)
	case topdown.IsCancel(err), ctx.Err() != nil:
		return errEnded
	default:
		return fmt.Errorf("evaluate: %w", err)
	}
	if len(set) != 1 {
		return fmt.Errorf("evaluate: deny is not defined as a set")
	}
	for _, name := range []string{"deny", "unknown", "note"} {
		value, defined := set[0].Bindings[name]
		list, isSet := value.([]any)
		if defined && !isSet {
			return fmt.Errorf("evaluate: %s is not defined as a set", name)
		}
		for _, v := range list {
			res, err := r.result(name, v)
			if err != nil {
				return err
			}
			key := res.Verdict + "\x00" + res.Subject + "\x00" + res.Path.String() + "\x00" + res.Message
			switch {
			case r.seen[key]:
			case name == "note":
				r.notes = append(r.notes, res)
			default:
				r.results = append(r.results, res)
			}
			r.seen[key] = true
		}
	}
	return nil
}

// result reads one element of deny, unknown or note.
func (r *ruleEvaluation) result(set string, v any) (Result, error) {
	bad := func(format string, args ...any) (Result, error) {
		return Result{}, fmt.Errorf("%s: %s", set, fmt.Sprintf(format, args...))
	}
	verdict := "fail"
	if set != "deny" {
		verdict = set
	}
	m, ok := v.(map[string]any)
	if !ok {
		return bad("result is no object")
	}
	out := Result{Rule: r.rule.ID, Verdict: verdict}
	for k, v := range m {
		s, isString := v.(string)
		switch k {
		case "subject":
			out.Subject = s
		case "msg":
			out.Message = s
		case "level":
			out.Level = s
		case "cause":
			out.Cause = s
		case "path":
			var err error
			if out.Path, err = toPath(v); err != nil {
				return bad("%v", err)
			}
			continue
		default:
			return bad("unknown key %q; expected subject, path, msg, and where needed level or cause", k)
		}
		if !isString {
			return bad("%s is no string", k)
		}
	}
	switch {
	case out.Subject == "" || out.Message == "":
		return bad("subject or msg is missing")
	case out.Level != "" && !slices.Contains(Effects, out.Level):
		return bad("level %q is no effect", out.Level)
	case verdict == "unknown" && out.Cause != "computed" && out.Cause != "unavailable":
		return bad("cause %q is neither computed nor unavailable", out.Cause)
	}
	return out, nil
}

func toPath(v any) (source.Path, error) {
	list, ok := v.([]any)
	if !ok {
		return nil, fmt.Errorf("path is no array")
	}
	path := make(source.Path, 0, len(list))
	for _, e := range list {
		switch e := e.(type) {
		case string:
			path = append(path, e)
		case json.Number:
			n, err := e.Int64()
			if err != nil || n < 0 {
				return nil, fmt.Errorf("path element %s is no index", e)
			}
			path = append(path, int(n))
		default:
			return nil, fmt.Errorf("path element is neither a key nor an index")
		}
	}
	return path, nil
}
