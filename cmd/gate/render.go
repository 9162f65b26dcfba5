package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"gate/internal/facts"
	"gate/internal/printed"
	"gate/internal/rendition"
	"gate/internal/source"
	"gate/internal/worker"

	"github.com/spf13/cobra"
)

// renderFlags are the flags of render.
type renderFlags struct {
	inputs     inputFlags // those of them that matter
	units      []string
	target     string
	provenance bool
	reveal     string
	diff       string
	out        string
}

// renderRequest is what a request of render asks for.
type renderRequest struct {
	Units      []string
	Target     string
	Diff       bool
	Reveal     bool
	Provenance bool
	Files      bool // a file for each object instead of one stream
}

func newRenderCommand(s *streams) *cobra.Command {
	var f renderFlags
	cmd := &cobra.Command{
		Use:   "render [DIR]",
		Short: "Print what would be applied",
		Long: `Renders every chart, kustomization and manifest below DIR as a controller would and prints
the objects, sorted by unit, group, kind, namespace and name. Secrets are redacted.

With --diff BASE it prints what the change since BASE does to the rendered state instead:
what is deleted, updated, moved and created, with the values before and after.

Exit codes: 0 rendered, 2 usage or configuration, 3 something could not be rendered.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return f.run(cmd.Context(), s, args) },
	}
	in, fl := &f.inputs, cmd.Flags()
	fl.StringArrayVar(&in.environments, "env", nil, "only objects of this environment, repeatable")
	fl.StringVar(&f.target, "target", "", "only objects of this target of --env, and of all its targets")
	fl.StringArrayVar(&f.units, "unit", nil, "only this unit, such as helm:charts/web, repeatable")
	fl.BoolVar(&f.provenance, "provenance", false, "say of each object which unit renders it and where it comes from")
	fl.StringVar(&f.reveal, "reveal-secrets", "", "write to this file (mode 0600) with secrets as they are, instead of standard output")
	fl.StringVar(&f.out, "out", "", "write a file for each object below this directory, which must be empty or new")
	fl.StringVar(&f.diff, "diff", "", "print what the change since this commit or branch does to the rendered state")
	fl.StringVar(&in.policyRef, "policy-ref", "", "where the configuration is read from (default: the tip of the target branch); worktree previews")
	fl.StringVar(&in.config, "config", "", "configuration file instead of the one at policy-ref")
	in.network.register(cmd)
	fl.BoolVar(&in.staged, "staged", false, "render what is staged")
	fl.BoolVar(&in.ciValues, "ci-values", false, "render each ci/*-values.yaml of a chart as a unit of its own, instead of the default values")
	fl.DurationVar(&in.deadline, "deadline", 10*time.Minute, "end the run after this time")
	fl.StringVar(&in.memory, "memory", worker.Size(worker.DefaultMemory), "what the process that renders may take")
	fl.BoolVar(&in.noWorker, "no-worker", false, "render in this process, without limits of memory and CPU time")
	_ = fl.MarkHidden("no-worker")
	return cmd
}

func (f *renderFlags) run(ctx context.Context, s *streams, args []string) error {
	if err := revealable(f.reveal); err != nil {
		return exit(exitUsage, err)
	}
	if f.out != "" && (f.reveal != "" || f.diff != "") {
		return exit(exitUsage, errors.New("--out goes with neither --reveal-secrets nor --diff"))
	}
	if f.target != "" && len(f.inputs.environments) != 1 {
		return exit(exitUsage, errors.New("--target is one of an environment: name that with --env"))
	}
	if err := vacant(f.out); err != nil {
		return exit(exitUsage, err)
	}
	f.inputs.local, f.inputs.base = true, f.diff
	opts, err := f.inputs.options(s, args)
	if err != nil {
		return exit(exitUsage, err)
	}
	got, err := f.inputs.ask(ctx, s, &request{Command: "render", Options: opts, Render: renderRequest{
		Units: f.units, Target: f.target, Diff: f.diff != "", Reveal: f.reveal != "", Provenance: f.provenance,
		Files: f.out != "",
	}})
	if err != nil {
		return checkError(err)
	}
	if len(got.reports) != 2 {
		return exit(exitIncomplete, fmt.Errorf("render: %d outputs, want 2", len(got.reports)))
	}
	if f.out != "" {
		err = writeRendered(f.out, got.reports[0])
	} else {
		err = writeOutput(s.Out, f.reveal, got.reports[0], 0o600)
	}
	if err != nil {
		return exit(exitIncomplete, fmt.Errorf("render: %w", err))
	}
	if _, err := s.Err.Write(got.reports[1]); err != nil {
		return exit(exitIncomplete, fmt.Errorf("render: %w", err))
	}
	if got.code != exitOK {
		return exit(got.code, nil)
	}
	return nil
}

// render works out what is printed, and what is said about it.
func (q *request) render(ctx context.Context) (*judged, error) {
	want := q.Render
	got, err := rendition.Of(ctx, q.Options, rendition.Options{
		Units: want.Units, Target: want.Target, Diff: want.Diff, Reveal: want.Reveal, Origin: want.Provenance,
	})
	if err != nil {
		return nil, err
	}
	var out, said bytes.Buffer
	switch {
	case want.Diff:
		err = writeDiff(&out, got, want.Provenance)
	case want.Files:
		err = writeFiles(&out, got.Objects, want.Provenance)
	default:
		err = writeObjects(&out, got.Objects, want.Provenance)
	}
	if err != nil {
		return nil, fmt.Errorf("render: %w", err)
	}
	writeFaults(&said, got)
	j := &judged{reports: [][]byte{out.Bytes(), said.Bytes()}, code: exitOK}
	if len(got.Failed) > 0 {
		j.code = exitIncomplete
	}
	return j, nil
}

// revealable refuses to write secrets anywhere but into a file.
func revealable(file string) error {
	if file == "" {
		return nil
	}
	if file == "-" {
		return errors.New("--reveal-secrets -: want a file, secrets are not written to standard output")
	}
	if info, err := os.Lstat(file); err == nil && !info.Mode().IsRegular() {
		return fmt.Errorf("--reveal-secrets %s: want a regular file", file)
	}
	return nil
}

// writeFaults says what is not in the output, and what in it is no real value.
func writeFaults(w io.Writer, got *rendition.Rendition) {
	for _, unit := range slices.Sorted(maps.Keys(got.Seeded)) {
		fmt.Fprintf(w, "gate: %s calls %s: the output holds stand-ins and must not be deployed\n",
			oneLine(unit), oneLine(strings.Join(got.Seeded[unit], ", ")))
	}
	for _, e := range got.Failed {
		at := ""
		if e.Place.File != "" {
			at = e.Place.String() + ": "
		}
		fmt.Fprintf(w, "gate: not rendered: %s %s: %s%s\n", e.Kind, oneLine(e.ID), oneLine(at), oneLine(e.Reason))
		if e.Hint != "" {
			fmt.Fprintf(w, "  hint: %s\n", oneLine(e.Hint))
		}
	}
}

// writeObjects writes a stream of YAML documents.
func writeObjects(w io.Writer, objects []rendition.Object, provenance bool) error {
	for _, o := range objects {
		text, err := printed.YAML(o.Manifest)
		if err != nil {
			return fmt.Errorf("write %s: %w", o.ID, err)
		}
		fmt.Fprintln(w, "---")
		if provenance {
			fmt.Fprintf(w, "# %s\n", provenanceOf(o))
		}
		if _, err := io.WriteString(w, text); err != nil {
			return err
		}
	}
	return nil
}

func provenanceOf(o rendition.Object) string {
	return fmt.Sprintf("unit: %s origin: %s%s", oneLine(o.Unit), oneLine(originOf(o.Origin)), oneLine(scopeOf(o.Scope)))
}

func originOf(p source.Position) string {
	s := p.File
	if p.Line > 0 {
		s += fmt.Sprintf(":%d", p.Line)
	}
	if p.Approximate {
		s = "near " + s
	}
	return s
}

func scopeOf(s facts.Scope) string {
	switch {
	case s.Environment == "":
		return ""
	case s.Target == "":
		return " environment: " + s.Environment
	}
	return " environment: " + s.Environment + "/" + s.Target
}
