package pipeline

import (
	"context"

	"gate/internal/facts"
	"gate/internal/policy"
	"gate/internal/source"
)

// Judgement is a run up to the results of its rules, before effects and waivers.
type Judgement struct {
	Facts   *facts.Facts
	Results []policy.Result
	Ledger  []facts.Entry
	places  map[resultPlace]source.Location
}

// resultPlace is the subject and the path of a result.
type resultPlace struct{ subject, path string }

// Locate returns where a result stands, by its subject and its path there.
func (j *Judgement) Locate(subject string, path source.Path) source.Location {
	return j.places[resultPlace{subject, path.String()}]
}

// Judge runs the way up to the results of the rules. Nothing is left open:
// results are located before the tree is closed.
func Judge(ctx context.Context, o Options) (*Judgement, error) {
	ctx, cancel := withDeadline(ctx, o.Deadline)
	defer cancel()
	r, err := open(ctx, o)
	if err != nil {
		return nil, err
	}
	defer r.close()
	if err := r.discover(ctx); err != nil {
		return nil, err
	}
	if err := r.read(ctx); err != nil {
		return nil, err
	}
	catalog, err := r.catalog()
	if err != nil {
		return nil, err
	}
	f := r.assemble(catalog)
	results, err := r.judge(ctx, catalog, f)
	if err != nil {
		return nil, err
	}
	r.redactLedger()
	j := &Judgement{Facts: f, Results: results, Ledger: r.ledger, places: map[resultPlace]source.Location{}}
	for _, res := range results {
		j.places[resultPlace{res.Subject, res.Path.String()}] = r.locate(res.Subject, res.Path)
	}
	return j, nil
}
