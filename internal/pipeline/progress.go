package pipeline

import (
	"time"

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

// step says what comes next.
func (r *run) step(name string) {
	if r.o.Progress != nil {
		r.o.Progress.Step(name)
	}
}

// started returns the hook that collectors call when they begin a thing.
func (r *run) started(kind string) func(id string) (done func()) {
	p := r.o.Progress
	if p == nil {
		return func(string) func() { return func() {} }
	}
	return func(id string) func() {
		p.Started(kind, id)
		return func() { p.Done(kind, id) }
	}
}

// stuck returns the hook for things that go on after their time; nil where
// they have to be left behind.
func (r *run) stuck(kind, reason string) func(id string) {
	p := r.o.Progress
	if p == nil {
		return nil
	}
	return func(id string) { p.Stuck(kind, id, reason) }
}

// guard is started with a limit of time that does not need the thing's help.
func (r *run) guard(kind, id string, limit time.Duration, reason string) (done func()) {
	ended := r.started(kind)(id)
	stuck := r.stuck(kind, reason)
	if stuck == nil {
		return ended
	}
	timer := time.AfterFunc(limit+stuckGrace, func() { stuck(id) })
	return func() {
		timer.Stop()
		ended()
	}
}

// dead are the things of a kind that ended an earlier run, with the error that
// they get instead of a result. was says what was done with them.
func (r *run) dead(kind, was string) map[string]error {
	var out map[string]error
	for _, d := range r.o.Dead {
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

// workers is how many rules or units are in work at the same time.
func (r *run) workers() int {
	if r.o.OneByOne {
		return 1
	}
	return r.o.Workers
}

// discoverOptions are those of the head's or the base's files.
func (r *run) discoverOptions(kind string) discover.Options {
	o := discover.Options{Skip: r.dead(kind, "parsed")}
	if r.o.Progress != nil {
		o.Started = r.started(kind)
	}
	if r.o.OneByOne {
		o.Workers = 1
	}
	return o
}

// renderOptions are those of units of one kind.
func (r *run) renderOptions(kind string) render.Options {
	dead := r.dead(kind, "rendered")
	// The time is not that of the run: what is rendered must not differ from
	// one run to the next.
	return render.Options{
		Workers: r.workers(), Skip: dead, Started: r.started(kind), Stuck: r.stuck(kind, render.TooSlow(0)),
		Repositories: r.identities,
	}
}
