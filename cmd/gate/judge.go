package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"gate/internal/decide"
	"gate/internal/pipeline"
	"gate/internal/report"
)

// request is everything that check and facts ask to be worked out. Whoever
// works it out, this process or a worker, reads and writes no file for it but
// the judged repository and the inputs, and never sees a private key.
type request struct {
	Command string // check, facts, render, boundaries, vendor
	Options pipeline.Options

	// Of check:
	Reports    []wantedReport
	Decisions  bool
	ValidFor   time.Duration
	FailOn     decide.Effect
	AllowEmpty bool
	FactsOut   bool // the facts are the last of the reports

	Render renderRequest // of render
	Update bool          // of vendor
}

type wantedReport struct {
	Format string
	Color  bool
}

// judged is what a request comes to.
type judged struct {
	reports       [][]byte // as asked for; the one of facts is the document
	decisions     []pipeline.Decision
	decisionFault error // why there are no decisions
	code          int   // of the process, if everything can be written
}

// do works the request out in this process.
func (q *request) do(ctx context.Context, step func(string)) (*judged, error) {
	switch q.Command {
	case "facts":
		return q.facts(ctx)
	case "render":
		return q.render(ctx)
	case "boundaries":
		return q.boundaries(ctx)
	case "vendor":
		return q.vendor(ctx)
	}
	out, err := pipeline.Check(ctx, q.Options)
	if err != nil {
		return nil, err
	}
	defer out.Close()
	step("write reports")
	j := &judged{code: out.Result.ExitCode(q.FailOn, q.AllowEmpty || out.Proposed())}
	digests := map[string]string{}
	for _, want := range q.Reports {
		var buf bytes.Buffer
		in := report.Input{Result: out.Result, Rules: out.Rules, Source: out.ReadFile, Hide: out.HoldsSecret, Color: want.Color, Of: q.of()}
		if err := report.Write(&buf, want.Format, in); err != nil {
			return nil, fmt.Errorf("write %s report: %w", want.Format, err)
		}
		j.reports = append(j.reports, buf.Bytes())
		if want.Format == "sarif" {
			sum := sha256.Sum256(buf.Bytes())
			digests[want.Format] = hex.EncodeToString(sum[:])
		}
	}
	if len(q.Options.Trace) > 0 {
		j.reports = append(j.reports, []byte(out.Trace))
	}
	if q.FactsOut {
		var buf bytes.Buffer
		if err := out.Facts.Encode(&buf); err != nil {
			return nil, err
		}
		j.reports = append(j.reports, buf.Bytes())
	}
	if q.Decisions {
		step("write decisions")
		j.decisions, j.decisionFault = out.Decisions(q.ValidFor, digests)
	}
	return j, nil
}

// of tells runs over one repository apart by what they are asked, whatever the
// machine: a comment of one must not replace that of another.
func (q *request) of() []string {
	o := q.Options
	out := []string{"config " + o.Config, "in " + belowTop(o.Dir)}
	for _, e := range slices.Sorted(slices.Values(o.Environments)) {
		out = append(out, "environment "+e)
	}
	for _, p := range o.Plans {
		out = append(out, "plan of "+p.Stack)
	}
	if o.Drift {
		out = append(out, "drift")
	}
	return out
}

// belowTop is a directory from the top of its work tree on; one that is in none
// is itself.
func belowTop(dir string) string {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return dir
	}
	for top := abs; ; top = filepath.Dir(top) {
		if _, err := os.Lstat(filepath.Join(top, ".git")); err == nil {
			if rel, err := filepath.Rel(top, abs); err == nil {
				return filepath.ToSlash(rel)
			}
		}
		if top == filepath.Dir(top) {
			return dir
		}
	}
}

func (q *request) facts(ctx context.Context) (*judged, error) {
	doc, complete, err := pipeline.Facts(ctx, q.Options)
	if err != nil {
		return nil, err
	}
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(doc); err != nil {
		return nil, fmt.Errorf("write facts: %w", err)
	}
	j := &judged{reports: [][]byte{buf.Bytes()}, code: exitOK}
	if !complete {
		j.code = exitIncomplete
	}
	return j, nil
}

// fault is an error on its way out of a worker.
type fault struct {
	Message string
	Usage   bool // a *pipeline.UsageError
}

func toFault(err error) *fault {
	if err == nil {
		return nil
	}
	var usage *pipeline.UsageError
	return &fault{Message: err.Error(), Usage: errors.As(err, &usage)}
}

func (f *fault) error() error {
	switch {
	case f == nil:
		return nil
	case f.Usage:
		return &pipeline.UsageError{Err: errors.New(f.Message)}
	}
	return errors.New(f.Message)
}
