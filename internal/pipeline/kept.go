package pipeline

import (
	"slices"
	"sync"

	"gate/internal/decide"
	"gate/internal/policysource"
	"gate/internal/render"
	"gate/internal/results"
	"gate/internal/secrets"
)

// kept is what this run shares with those before and after it.
type kept struct {
	results *results.Store // nil: nothing
	// scanner looks for secrets in files; of what it finds some in nothing is kept.
	scanner func() (*secrets.Scanner, error)
}

// openKept opens the results of earlier runs, if that was asked for. Whoever can
// write them can make them say anything: a decision rests on them only where the
// configuration of the target branch names their directory.
func openKept(o *Options, policy *policysource.Source, said *Record) kept {
	var k kept
	k.scanner = sync.OnceValues(func() (*secrets.Scanner, error) {
		scanner, err := secrets.NewScanner()
		if err == nil && k.results != nil {
			scanner.Keep(k.results)
		}
		return scanner, err
	})
	if !o.Results || o.Cache == "" {
		return k
	}
	trusted := policy.Trusted && slices.Contains(policy.Config.Cache.Decisions, o.Cache)
	store, err := results.Open(results.Options{Cache: o.Cache, Tool: o.Tool, Blind: o.NeedTrusted && !trusted})
	if err != nil {
		said.Notes = append(said.Notes, "no results are taken from the cache or kept there: "+err.Error())
		return k
	}
	k.results = store
	return k
}

// clean says whether a text certainly holds nothing secret.
func (k kept) clean(file string, data []byte) bool {
	scanner, err := k.scanner()
	return err == nil && scanner.Clean(file, data)
}

// tell says in the result what was taken, and what could not be kept.
func (k kept) tell(r *decide.Result) {
	if err := k.results.Flush(); err != nil {
		r.Notes = append(r.Notes, err.Error())
	}
	r.Cached = decide.Cached{Files: k.results.Taken(secrets.CleanFiles), Builds: k.results.Taken(render.KustomizeBuilds)}
}

// close keeps what is not kept yet: without it the next run takes longer.
func (k kept) close() error {
	_ = k.results.Flush()
	return k.results.Close()
}
