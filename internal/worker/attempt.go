package worker

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// attempt starts one worker and follows it to its answer or its death. What it
// is to do is read while it starts.
func (c Command) attempt(ctx context.Context, t Task, inputs func() (Task, error)) (*Answer, *death, error) {
	cmd, err := c.command()
	if err != nil {
		return nil, nil, err
	}
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, nil, fmt.Errorf("start the worker: %w", err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, nil, fmt.Errorf("start the worker: %w", err)
	}
	words := &head{limit: 16 << 10}
	cmd.Stderr = words
	defer os.RemoveAll(privateTemp(cmd))
	if err := cmd.Start(); err != nil {
		return nil, nil, fmt.Errorf("start the worker: %w", err)
	}
	kill := context.AfterFunc(ctx, func() { killGroup(cmd) })
	unread := make(chan error, 1)
	go func() {
		read, err := inputs()
		if err != nil {
			unread <- err
			killGroup(cmd)
			return
		}
		// A worker that dies meanwhile is seen below. The pipe stays open:
		// its end tells the worker that the parent is gone.
		_ = writeFrame(in, taskFrame{
			Version: protocolVersion, Memory: c.Memory, Deadline: t.Deadline, Dead: t.Dead, OneByOne: t.OneByOne,
			Payload: read.Payload, Blobs: sizes(read.Blobs),
		}, read.Blobs)
	}()
	answer, d, followed := follow(bufio.NewReaderSize(out, 64<<10))
	// What it started must not outlive it; a dead leader still holds the group.
	killGroup(cmd)
	kill()
	ended := cmd.Wait()
	switch {
	case answer != nil:
		return answer, nil, nil
	case ctx.Err() != nil:
		return nil, nil, &interruptedError{cause: context.Cause(ctx), during: d.during}
	}
	select {
	case err := <-unread:
		return nil, nil, err
	default:
	}
	d.reason = reasonOf(cmd.ProcessState, ended, words.String(), c.Memory)
	if strings.HasPrefix(d.reason, internalError) { // of others the reason says it all
		d.detail = firstCalls(words.String(), 20)
	}
	if errors.Is(followed, errProtocol) {
		d.reason = followed.Error()
	}
	return nil, d, nil
}

// interruptedError is the end of ctx, with what was in work.
type interruptedError struct {
	cause  error
	during []Dead
}

func (e *interruptedError) Error() string {
	var names []string
	for _, d := range e.during {
		names = append(names, d.Kind+" "+d.ID)
	}
	if names == nil {
		return e.cause.Error()
	}
	return fmt.Sprintf("%v (in work: %s)", e.cause, strings.Join(names, ", "))
}

func (e *interruptedError) Unwrap() error { return e.cause }

// follow reads events until the answer, or until the worker is silent for ever.
func follow(r io.Reader) (*Answer, *death, error) {
	d := &death{}
	for {
		var e eventFrame
		if err := readHeader(r, &e); err != nil {
			return nil, d, strange(err)
		}
		at := Dead{Kind: e.Kind, ID: e.ID}
		switch e.Type {
		case eventStep:
			d.step = e.ID
		case eventStart:
			d.during = append(d.during, at)
		case eventDone:
			// The last beginning, so that nested ones end in their order.
			for i, x := range slices.Backward(d.during) {
				if x == at {
					d.during = slices.Delete(d.during, i, i+1)
					break
				}
			}
		case eventStuck:
			at.Reason, at.Stuck = e.Reason, true
			d.stuck = &at
		case eventAnswer:
			blobs, err := readBlobs(r, e.Blobs)
			if err != nil {
				return nil, d, strange(err)
			}
			return &Answer{Payload: e.Payload, Blobs: blobs}, d, nil
		default:
			return nil, d, fmt.Errorf("%w: event %q", errProtocol, e.Type)
		}
	}
}

// strange tells a stream that makes no sense from one that ends.
func strange(err error) error {
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		return err
	}
	return fmt.Errorf("%w: %w", errProtocol, err)
}

// command is this very program again, whatever its file is now.
func (c Command) command() (*exec.Cmd, error) {
	file := c.Path
	if file == "" {
		var err error
		if file, err = self(); err != nil {
			return nil, fmt.Errorf("start the worker: %w", err)
		}
	}
	cmd := exec.Command(file)
	cmd.Args = append([]string{os.Args[0]}, c.Args...)
	cmd.Env = append([]string{}, c.Env...)
	cmd.WaitDelay = 2 * time.Second
	ownGroup(cmd)
	return cmd, nil
}

// privateTemp gives the worker a directory for temporary files that is removed
// behind it, however it ends. Where none can be made, work that needs one says
// so itself.
func privateTemp(cmd *exec.Cmd) string {
	dir, err := os.MkdirTemp("", tempPrefix)
	if err != nil {
		return ""
	}
	cmd.Env = slices.DeleteFunc(cmd.Env, func(v string) bool {
		name, _, _ := strings.Cut(v, "=")
		return name == "TMPDIR" || name == "TMP" || name == "TEMP"
	})
	cmd.Env = append(cmd.Env, "TMPDIR="+dir, "TMP="+dir, "TEMP="+dir)
	return dir
}

const tempPrefix = "gate-worker-"

// removeTemp removes the directory that privateTemp made, in the worker.
func removeTemp() {
	if dir := os.Getenv("TMPDIR"); strings.HasPrefix(filepath.Base(dir), tempPrefix) {
		_ = os.RemoveAll(dir)
	}
}

// head keeps the beginning of what is written: the runtime says first why it
// ends.
type head struct {
	data  []byte
	limit int
}

// Write keeps what fits and takes the rest silently.
func (h *head) Write(p []byte) (int, error) {
	h.data = append(h.data, p[:min(len(p), h.limit-len(h.data))]...)
	return len(p), nil
}

func (h *head) String() string { return string(h.data) }
