package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"gate/internal/pipeline"
	"gate/internal/source"
	"gate/internal/worker"

	"github.com/spf13/cobra"
)

// workerTask is what the worker is told; the blobs are the inputs' bytes.
type workerTask struct {
	Request request
	Inputs  []handedInput
}

// handedInput is an input that can be read only once, by the parent.
type handedInput struct {
	File  string
	Error string // why it could not be read
}

// workerAnswer is what the worker says; the blobs are the reports and then the
// decisions' payloads.
type workerAnswer struct {
	Fault         *fault // nothing was judged
	Code          int
	Reports       int
	Decisions     []decisionName
	DecisionFault *fault
}

type decisionName struct{ Environment, Target string }

func newWorkerCommand(s *streams) *cobra.Command {
	return &cobra.Command{
		Use: "worker", Hidden: true, Args: cobra.NoArgs,
		Short: "Work out what gate itself asks for",
		RunE: func(cmd *cobra.Command, _ []string) error {
			// Only frames may go where the parent listens.
			os.Stdout, _ = os.OpenFile(os.DevNull, os.O_WRONLY, 0)
			if err := worker.Serve(cmd.Context(), s.In, s.Out, serve(s)); err != nil {
				return exit(exitUsage, err)
			}
			return nil
		},
	}
}

// serve works out one request in the worker.
func serve(s *streams) func(context.Context, *worker.Session) (worker.Answer, error) {
	return func(ctx context.Context, w *worker.Session) (worker.Answer, error) {
		var t workerTask
		if err := strictJSON(w.Payload, &t); err != nil {
			return worker.Answer{}, fmt.Errorf("read the task: %w", err)
		}
		if len(t.Inputs) != len(w.Blobs) {
			return worker.Answer{}, fmt.Errorf("read the task: %d inputs have %d contents", len(t.Inputs), len(w.Blobs))
		}
		o := &t.Request.Options
		o.Getenv, o.Progress, o.OneByOne = s.Getenv, w, w.OneByOne
		for _, d := range w.Dead {
			o.Dead = append(o.Dead, pipeline.Dead(d))
		}
		o.ReadInput = func(file string) ([]byte, error) {
			i := slices.IndexFunc(t.Inputs, func(in handedInput) bool { return in.File == file })
			switch {
			case i < 0:
				return source.ReadInput(file, nil)
			case t.Inputs[i].Error != "":
				return nil, errors.New(t.Inputs[i].Error)
			}
			return w.Blobs[i], nil
		}
		ctx, cancel := context.WithDeadlineCause(ctx, w.Deadline, pipeline.DeadlineError(o.Deadline))
		defer cancel()
		j, err := t.Request.do(ctx, w.Step)
		a := workerAnswer{Fault: toFault(err)}
		var blobs [][]byte
		if err == nil {
			a.Code, a.Reports, a.DecisionFault = j.code, len(j.reports), toFault(j.decisionFault)
			blobs = j.reports
			for _, d := range j.decisions {
				a.Decisions = append(a.Decisions, decisionName{d.Environment, d.Target})
				blobs = append(blobs, d.Payload)
			}
		}
		payload, err := json.Marshal(a)
		if err != nil {
			return worker.Answer{}, fmt.Errorf("answer: %w", err)
		}
		return worker.Answer{Payload: payload, Blobs: blobs}, nil
	}
}

// ask has a request worked out: by a worker, or in this process if that was
// asked for or the process is not gate (a test).
func (f *inputFlags) ask(ctx context.Context, s *streams, q *request) (*judged, error) {
	if f.noWorker || !s.Worker {
		return q.do(ctx, func(string) {})
	}
	deadline := time.Now().Add(q.Options.Deadline)
	read := func(ctx context.Context) (any, [][]byte, error) {
		handed, blobs, err := readOnce(ctx, s.In, q.Options.Files())
		return workerTask{Request: *q, Inputs: handed}, blobs, err
	}
	answer, err := worker.Run(ctx, worker.Command{
		Args: []string{"worker"}, Env: workerEnvironment(s.Getenv), Memory: f.memoryBytes,
		Deadline: deadline, Late: pipeline.DeadlineError(q.Options.Deadline),
	}, read)
	var died *worker.DiedError
	switch {
	case errors.As(err, &died):
		if strings.HasPrefix(died.Reason, "out of memory") {
			err = fmt.Errorf("%w\n  = hint: raise --memory, or judge fewer things at once", err)
		}
		return nil, err
	case err != nil && errors.Is(err, context.Cause(ctx)) || errors.Is(err, context.DeadlineExceeded):
		return nil, fmt.Errorf("the run did not end: %w", err)
	case err != nil:
		return nil, err
	}
	return fromAnswer(answer)
}

// fromAnswer reads what a worker said. It is not believed to be complete.
func fromAnswer(answer *worker.Answer) (*judged, error) {
	var a workerAnswer
	if err := strictJSON(answer.Payload, &a); err != nil {
		return nil, fmt.Errorf("read the worker's answer: %w", err)
	}
	if a.Fault != nil {
		return nil, a.Fault.error()
	}
	if a.Reports < 0 || a.Reports+len(a.Decisions) != len(answer.Blobs) {
		return nil, fmt.Errorf("read the worker's answer: %d parts, want %d and %d", len(answer.Blobs), a.Reports, len(a.Decisions))
	}
	j := &judged{reports: answer.Blobs[:a.Reports], decisionFault: a.DecisionFault.error(), code: a.Code}
	for i, d := range a.Decisions {
		j.decisions = append(j.decisions, pipeline.Decision{
			Environment: d.Environment, Target: d.Target, Payload: answer.Blobs[a.Reports+i],
		})
	}
	return j, nil
}

func strictJSON(data []byte, v any) error {
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	return dec.Decode(v)
}

// workerVariables are what a worker sees of the environment, beside what the
// pipeline asks for: where programs are and how many processors to use. No
// token and no password is among them.
var workerVariables = []string{"PATH", "PATHEXT", "SystemRoot", "TMPDIR", "TMP", "TEMP", "GOMAXPROCS"}

func workerEnvironment(getenv func(string) string) []string {
	env := []string{fmt.Sprintf("GOGC=%d", firstCollection)} // for what happens before main
	for _, name := range append(pipeline.Variables(), workerVariables...) {
		if v := getenv(name); v != "" {
			env = append(env, name+"="+v)
		}
	}
	return env
}

// readOnce reads the inputs that a second worker could not read again: standard
// input, pipes, descriptors of this process.
func readOnce(ctx context.Context, stdin io.Reader, files []string) ([]handedInput, [][]byte, error) {
	var handed []handedInput
	var blobs [][]byte
	for _, file := range files {
		if file != "-" && lasting(file) {
			continue
		}
		type result struct {
			data []byte
			err  error
		}
		done := make(chan result, 1)
		go func() { // a read of a pipe cannot be interrupted
			data, err := source.ReadInput(file, stdin)
			done <- result{data, err}
		}()
		select {
		case <-ctx.Done():
			return nil, nil, fmt.Errorf("read %s: %w", file, context.Cause(ctx))
		case res := <-done:
			in := handedInput{File: file}
			if res.err != nil {
				in.Error, res.data = res.err.Error(), nil
			}
			handed, blobs = append(handed, in), append(blobs, res.data)
		}
	}
	return handed, blobs, nil
}

// lasting says whether a file can be read again, by another process. One that
// does not exist is the worker's to report.
func lasting(file string) bool {
	if abs, err := filepath.Abs(file); err != nil || strings.HasPrefix(abs, "/dev/") || strings.HasPrefix(abs, "/proc/") {
		return false
	}
	info, err := os.Stat(file)
	return err != nil || info.Mode().IsRegular() || info.IsDir()
}
