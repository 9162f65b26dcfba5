// Package worker runs a piece of work in a second process of this program, so
// that what cannot be stopped from inside (a stack overflow, memory that runs
// out, a loop that does not end) costs the one thing that caused it, not the
// run.
//
// The parent starts the worker, hands it a task on standard input and reads
// from its standard output what it begins and ends, and in the end its answer.
// If the worker dies, the parent starts a fresh one and names what the dead one
// was working on; the work has to leave that out and say so. The worker gets no
// environment but what the parent lists, and no secret at all.
package worker

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"
)

// Limits of every worker.
const (
	// DefaultMemory is what a worker may take in bytes, beside the address
	// space that Go reserves for itself (about 1.7 GiB, hardly used).
	DefaultMemory = 6 << 30
	// MinMemory is the least that a worker starts with.
	MinMemory = 512 << 20
	// maxStack is what the stack of one goroutine may take: an endless
	// recursion ends early, but a deep template or document does not.
	maxStack = 256 << 20
	// maxRestarts is how often a dead worker is followed by another.
	maxRestarts = 5
	// grace is the time in which a worker has to say by itself that the
	// deadline has passed.
	grace = 5 * time.Second
)

// Command says how a worker is started and what it may use.
type Command struct {
	Path     string // the program; empty: this one
	Args     []string
	Env      []string  // all that it sees, as NAME=value
	Memory   int64     // bytes that it may take; 0: DefaultMemory
	Deadline time.Time // when it is killed, with its children
	Late     error     // what is said then
}

// Task is what a worker is told to do. Payload and Blobs are the caller's.
type Task struct {
	Payload json.RawMessage
	Blobs   [][]byte
	// Dead are the things that earlier workers died of; they must be left out.
	Dead []Dead
	// OneByOne asks for one unit at a time: a worker died while it was
	// working on several, and which of them it was is not known yet.
	OneByOne bool
	Deadline time.Time
}

// Answer is what a worker gives back. Payload and Blobs are the caller's.
type Answer struct {
	Payload json.RawMessage
	Blobs   [][]byte
}

// Dead is something that a worker died of.
type Dead struct {
	Kind   string `json:"kind"` // as the work called it: unit, policy, plan, …
	ID     string `json:"id"`
	Reason string `json:"reason"` // how it died, the same for the same cause
	// Stuck says that the work itself gave up: the thing took longer than its
	// time and could not be stopped.
	Stuck bool `json:"stuck,omitempty"`
}

// DiedError is the error of a task that no worker could end.
type DiedError struct {
	Dead   []Dead // what was left out already
	Step   string // what the last worker was doing, in words
	During []Dead // what it was working on
	Reason string // how the last worker died
	Detail string // the beginning of what it wrote before
}

// Error says everything that is known.
func (e *DiedError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "the worker died: %s", e.Reason)
	if e.Step != "" {
		b.WriteString("; step: " + e.Step)
	}
	if len(e.During) > 0 {
		b.WriteString("; in work:")
	}
	for i, d := range e.During {
		if i > 0 {
			b.WriteString(",")
		}
		fmt.Fprintf(&b, " %s %s", d.Kind, d.ID)
	}
	if len(e.Dead) > 0 {
		fmt.Fprintf(&b, "; it is the last of %d", len(e.Dead)+1)
	}
	b.WriteString("; nothing was judged")
	for _, d := range e.Dead {
		fmt.Fprintf(&b, "\n  before: %s %s: %s", d.Kind, d.ID, d.Reason)
	}
	if e.Detail != "" {
		b.WriteString("\n  it wrote:\n    " + strings.ReplaceAll(e.Detail, "\n", "\n    "))
	}
	return b.String()
}

// Read returns what the worker is told to do. It is called once, beside the
// start of the first worker, and ends early if its context does.
type Read func(context.Context) (payload any, blobs [][]byte, err error)

// Run has a task done by a worker, and by fresh ones if it dies. The error is a
// *DiedError, that of ctx, that of read, or one of starting the process.
func Run(ctx context.Context, c Command, read Read) (*Answer, error) {
	if c.Memory == 0 {
		c.Memory = DefaultMemory
	}
	ctx, cancel := context.WithDeadlineCause(ctx, c.Deadline.Add(grace), c.Late)
	defer cancel()
	t := Task{Deadline: c.Deadline}
	inputs := sync.OnceValues(func() (Task, error) { return encode(read(ctx)) })
	for restarts := 0; ; restarts++ {
		answer, death, err := c.attempt(ctx, t, inputs)
		if err != nil || answer != nil {
			return answer, err
		}
		culprit, known := death.culprit(t.OneByOne)
		switch {
		case restarts == maxRestarts || len(death.during) == 0:
			return nil, &DiedError{Dead: t.Dead, Step: death.step, During: death.during, Reason: death.reason, Detail: death.detail}
		case known:
			t.Dead = append(t.Dead, culprit)
		default:
			t.OneByOne = true
		}
	}
}

func encode(payload any, blobs [][]byte, err error) (Task, error) {
	if err != nil {
		return Task{}, err
	}
	raw, err := json.Marshal(payload)
	if err != nil {
		return Task{}, fmt.Errorf("encode task: %w", err)
	}
	return Task{Payload: raw, Blobs: blobs}, nil
}

// death is how a worker ended without an answer.
type death struct {
	reason, detail string
	step           string
	during         []Dead // begun and not ended, in the order of their beginnings
	stuck          *Dead
}

// culprit is what the worker died of. If it was working on several things at
// once that is not known, unless they were nested in one another: then it is
// the innermost.
func (d *death) culprit(oneByOne bool) (Dead, bool) {
	if len(d.during) == 0 || len(d.during) > 1 && !oneByOne {
		return Dead{}, false
	}
	if d.stuck != nil {
		return *d.stuck, true
	}
	c := d.during[len(d.during)-1]
	c.Reason = d.reason
	return c, true
}

// errProtocol is wrapped by errors about a worker that does not speak as it
// should.
var errProtocol = errors.New("the worker's answer is not understood")
