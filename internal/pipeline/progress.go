package pipeline

import (
	"time"

	"gate/internal/cputime"
	"gate/internal/discover"
	"gate/internal/render"
	"gate/internal/source"
)

// Progress is told what a run is working on, so that somebody else knows what
// it died of. It is called from several goroutines.
type Progress interface {
	// Step says what the run does from now on, in words.
	Step(name string)
	// Started and Done say that one thing is begun and ended.
	Started(kind, id string)
	Done(kind, id string)
	// Stuck says that a thing takes longer than its time and cannot be
	// stopped. It may end the process.
	Stuck(kind, id, reason string)
}

// The kinds of things that Progress is told of, and that Dead can name.
const (
	KindFile     = "file"
	KindBaseFile = "base file"
	KindUnit     = "unit"
	KindBase     = "base" // a unit as the base has it
	KindPlan     = "plan"
	KindStack    = "stack"
	KindRule     = "rule"
	KindPolicy   = "policy"
)

// Dead is a thing that ended an earlier run.
type Dead struct {
	Kind, ID string
	Reason   string
	Stuck    bool // Progress was told so; Reason says it all
}

// stuckGrace is the time after its limit in which a thing has to end.
const stuckGrace = 5 * time.Second

// hooks tell Progress what a run works on, and what is left out of it because
// an earlier run died of it.
type hooks struct {
	progress Progress
	dead     []Dead
	parallel int
}

func newHooks(o Options) hooks {
	h := hooks{progress: o.Progress, dead: o.Dead, parallel: o.Workers}
	if o.OneByOne {
		h.parallel = 1
	}
	return h
}

// step says what comes next.
func (h hooks) step(name string) {
	if h.progress != nil {
		h.progress.Step(name)
	}
}

// started returns the hook that collectors call when they begin a thing.
func (h hooks) started(kind string) func(id string) (done func()) {
	if h.progress == nil {
		return func(string) func() { return func() {} }
	}
	return func(id string) func() {
		h.progress.Started(kind, id)
		return func() { h.progress.Done(kind, id) }
	}
}

// stuck returns the hook for things that go on after their time; nil where
// they have to be left behind.
func (h hooks) stuck(kind, reason string) func(id string) {
	if h.progress == nil {
		return nil
	}
	return func(id string) { h.progress.Stuck(kind, id, reason) }
}

// guard is started with a limit of the processors' time that does not need the
// thing's help.
func (h hooks) guard(kind, id string, limit time.Duration, reason string) (done func()) {
	ended := h.started(kind)(id)
	stuck := h.stuck(kind, reason)
	if stuck == nil {
		return ended
	}
	stop := cputime.After(limit+stuckGrace, func() { stuck(id) })
	return func() {
		stop()
		ended()
	}
}

// killers are the things of a kind that ended an earlier run, with the error
// that they get instead of a result. was says what was done with them.
func (h hooks) killers(kind, was string) map[string]error {
	var out map[string]error
	for _, d := range h.dead {
		if d.Kind != kind {
			continue
		}
		if out == nil {
			out = map[string]error{}
		}
		msg := "the worker died while it was " + was + ": " + d.Reason
		if d.Stuck {
			msg = d.Reason
		}
		out[d.ID] = &source.Error{Msg: msg, Hint: deadHint(d)}
	}
	return out
}

func deadHint(d Dead) string {
	switch d.Kind {
	case KindFile, KindBaseFile:
		return "mend or exclude the file"
	case KindUnit, KindBase:
		if d.Stuck {
			return "exclude the unit, or raise the time limit"
		}
		return "mend or exclude the unit, or raise --memory"
	case KindPolicy:
		return "mend the policy, or raise --memory"
	}
	return "raise --memory"
}

// discovering are the options of reading the head's or the base's files.
func (s *opened) discovering(kind string) discover.Options {
	o := discover.Options{Skip: s.killers(kind, "parsed")}
	if s.progress != nil {
		o.Started = s.started(kind)
	}
	if s.OneByOne {
		o.Workers = 1
	}
	return o
}

// rendering are the options of rendering units of one kind of a tree. The time
// is not that of the run: what is rendered must not differ from one run to the
// next.
func (s *opened) rendering(kind string, tree source.Tree, identities []string) render.Options {
	return render.Options{
		Workers: s.parallel, Skip: s.killers(kind, "rendered"), Started: s.started(kind), Stuck: s.stuck(kind, render.TooSlow(0)),
		Repositories: identities, Charts: s.charts(tree), Results: s.results, Clean: s.clean,
	}
}
