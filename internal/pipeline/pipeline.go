// Package pipeline is the whole way of the data in one function: discover,
// read, facts, judge, decide. Whoever reads Check understands the program.
package pipeline

import (
	"context"
	"fmt"
	"slices"
	"time"

	"gate/internal/config"
	"gate/internal/decide"
	"gate/internal/facts"
	"gate/internal/policy"
)

// Outcome is a finished run.
type Outcome struct {
	Result *decide.Result
	Facts  *facts.Facts
	Rules  []policy.Rule
	run    *run
}

// Close releases the work tree and the repository.
func (o *Outcome) Close() error { return o.run.close() }

// ReadFile returns a file of the judged tree.
func (o *Outcome) ReadFile(path string) ([]byte, error) { return o.run.tree.ReadFile(path) }

// Check judges what o describes. Faults of flags and configuration are a
// *UsageError; faults of inputs stand in the result's coverage.
func Check(ctx context.Context, o Options) (*Outcome, error) {
	ctx, cancel := withDeadline(ctx, o.Deadline)
	defer cancel()
	r, err := open(ctx, o) // the tree, the repository, the policy, the inputs
	if err != nil {
		return nil, err
	}
	if err := r.discover(ctx); err != nil {
		return nil, r.fail(err)
	}
	if err := r.read(ctx); err != nil { // render, terraform, repository, secrets, supply chain
		return nil, r.fail(err)
	}
	catalog, err := r.catalog() // only the categories whose inputs are present
	if err != nil {
		return nil, r.fail(err)
	}
	f := r.assemble(catalog) // scope, joins, parameters: the input document
	results, err := r.judge(ctx, catalog, f)
	if err != nil {
		return nil, r.fail(err)
	}
	result, err := r.decide(f, results)
	if err != nil {
		return nil, r.fail(err)
	}
	return &Outcome{Result: result, Facts: f, Rules: append(r.rules, decide.Builtin()...), run: r}, nil
}

// Facts runs the way up to the input document. complete is false if something
// could not be read.
func Facts(ctx context.Context, o Options) (f *facts.Facts, complete bool, err error) {
	ctx, cancel := withDeadline(ctx, o.Deadline)
	defer cancel()
	r, err := open(ctx, o)
	if err != nil {
		return nil, false, err
	}
	defer r.close()
	if err := r.discover(ctx); err != nil {
		return nil, false, err
	}
	if err := r.read(ctx); err != nil {
		return nil, false, err
	}
	catalog, err := r.catalog()
	if err != nil {
		return nil, false, err
	}
	f = r.assemble(catalog)
	for _, e := range r.ledger {
		if e.State == facts.Failed {
			return f, false, nil
		}
	}
	return f, true, nil
}

func withDeadline(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	if d <= 0 {
		return context.WithCancel(ctx)
	}
	return context.WithTimeoutCause(ctx, d, DeadlineError(d))
}

// DeadlineError is why a run ends that took longer than d.
func DeadlineError(d time.Duration) error {
	return fmt.Errorf("the run took more than --deadline %s", d)
}

// specs are the rules as the configuration needs to know them: all ids of the
// catalog, with metadata where the rule was loaded.
func specs(ids []string, rules []policy.Rule) []config.RuleSpec {
	out := decide.Specs(rules)
	for _, id := range ids {
		if !slices.ContainsFunc(rules, func(r policy.Rule) bool { return r.ID == id }) {
			out = append(out, config.RuleSpec{ID: id})
		}
	}
	return out
}
