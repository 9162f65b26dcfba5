package pipeline

import (
	"context"

	"gate/internal/facts"
	"gate/internal/policy"
	"gate/internal/source"
)

// Judgement is a run up to the results of its rules, before effects and
// waivers.
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
	var j *Judgement
	err := prefix(ctx, o, wanted{base: true}, toJudged, func(_ context.Context, c *chain) error {
		j = &Judgement{
			Facts: c.document.facts, Results: c.judged.results, Ledger: c.record.Redacted(c.redactor()).Ledger,
			places: map[resultPlace]source.Location{},
		}
		for _, res := range j.Results {
			j.places[resultPlace{res.Subject, res.Path.String()}] = locate(c.record.Locators, res.Subject, res.Path)
		}
		return nil
	})
	return j, err
}
