package worker

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"time"
)

// Exit statuses of a worker that ends itself; the parent takes each for a
// death.
const (
	exitOrphaned = 98 // the parent is gone
	exitStuck    = 99
)

// Session is one task in the worker. Its methods are safe for concurrent use.
type Session struct {
	Task
	mu  sync.Mutex
	out io.Writer
}

// ErrNotStarted is the error of Serve in a process that no parent started.
var ErrNotStarted = errors.New("this command is started by gate itself")

// Serve takes one task from in, has it done and writes the answer to out. It
// limits the process before anything of the task is looked at. The handler's
// error is the handler's affair: what the parent shall know goes into the
// answer.
func Serve(ctx context.Context, in io.Reader, out io.Writer, handle func(context.Context, *Session) (Answer, error)) error {
	var t taskFrame
	r := bufio.NewReaderSize(in, 64<<10)
	if err := readHeader(r, &t); err != nil {
		return fmt.Errorf("%w (%v)", ErrNotStarted, err)
	}
	if t.Version != protocolVersion {
		return fmt.Errorf("%w (protocol %d)", ErrNotStarted, t.Version)
	}
	if err := restrict(t.Memory, time.Until(t.Deadline)); err != nil {
		return fmt.Errorf("limit the worker: %w", err)
	}
	blobs, err := readBlobs(r, t.Blobs)
	if err != nil {
		return fmt.Errorf("read the task: %w", err)
	}
	go func() {
		_, _ = io.Copy(io.Discard, r)
		removeTemp() // the parent no longer can
		os.Exit(exitOrphaned)
	}()
	s := &Session{out: out, Task: Task{
		Payload: t.Payload, Blobs: blobs, Dead: t.Dead, OneByOne: t.OneByOne, Deadline: t.Deadline,
	}}
	answer, err := handle(ctx, s)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := writeFrame(out, eventFrame{Type: eventAnswer, Payload: answer.Payload, Blobs: sizes(answer.Blobs)}, answer.Blobs); err != nil {
		return fmt.Errorf("answer: %w", err)
	}
	return nil
}

// Step says what the work does from now on, in words.
func (s *Session) Step(name string) { s.say(eventFrame{Type: eventStep, ID: name}) }

// Started says that something is begun.
func (s *Session) Started(kind, id string) { s.say(eventFrame{Type: eventStart, Kind: kind, ID: id}) }

// Done says that it is ended, well or not.
func (s *Session) Done(kind, id string) { s.say(eventFrame{Type: eventDone, Kind: kind, ID: id}) }

// Stuck says that something takes longer than its time and cannot be stopped,
// and ends the process: another one goes on without it.
func (s *Session) Stuck(kind, id, reason string) {
	s.say(eventFrame{Type: eventStuck, Kind: kind, ID: id, Reason: reason})
	os.Exit(exitStuck)
}

// say writes an event. If nobody listens there is nothing left to do.
func (s *Session) say(e eventFrame) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := writeFrame(s.out, e, nil); err != nil {
		os.Exit(exitOrphaned)
	}
}
