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
	"gate/internal/pipeline"
	"gate/internal/source"

	"github.com/spf13/cobra"
	"go.yaml.in/yaml/v3"
)

// renderFlags are the flags of render.
type renderFlags struct {
	environments []string
	units        []string
	provenance   bool
	reveal       string
	diff         string
	policyRef    string
	config       string
	staged       bool
	deadline     time.Duration
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
	fl := cmd.Flags()
	fl.StringArrayVar(&f.environments, "env", nil, "only objects of this environment, repeatable")
	fl.StringArrayVar(&f.units, "unit", nil, "only this unit, such as helm:charts/web, repeatable")
	fl.BoolVar(&f.provenance, "provenance", false, "say of each object which unit renders it and where it comes from")
	fl.StringVar(&f.reveal, "reveal-secrets", "", "write to this file (mode 0600) with secrets as they are, instead of standard output")
	fl.StringVar(&f.diff, "diff", "", "print what the change since this commit or branch does to the rendered state")
	fl.StringVar(&f.policyRef, "policy-ref", "", "where the configuration is read from (default: the tip of the target branch); worktree previews")
	fl.StringVar(&f.config, "config", "", "configuration file instead of the one at policy-ref")
	fl.BoolVar(&f.staged, "staged", false, "render what is staged")
	fl.DurationVar(&f.deadline, "deadline", 0, "end the run after this time")
	return cmd
}

func (f *renderFlags) run(ctx context.Context, s *streams, args []string) error {
	if f.deadline < 0 {
		return exit(exitUsage, fmt.Errorf("--deadline %s: want a positive duration", f.deadline))
	}
	if err := revealable(f.reveal); err != nil {
		return exit(exitUsage, err)
	}
	o := pipeline.Options{
		Tool: toolVersion(), Environments: f.environments, Base: f.diff, PolicyRef: f.policyRef, Config: f.config,
		Staged: f.staged, Local: true, Deadline: f.deadline, Getenv: s.Getenv,
	}
	if len(args) > 0 {
		o.Dir = args[0]
	}
	got, err := pipeline.Render(ctx, o, pipeline.RenderOptions{
		Units: f.units, Diff: f.diff != "", Reveal: f.reveal != "", Origin: f.provenance,
	})
	if err != nil {
		return checkError(err)
	}
	var buf bytes.Buffer
	if f.diff != "" {
		err = writeDiff(&buf, got, f.provenance)
	} else {
		err = writeObjects(&buf, got.Objects, f.provenance)
	}
	if err == nil {
		err = writeOutput(s.Out, f.reveal, buf.Bytes(), 0o600)
	}
	if err != nil {
		return exit(exitIncomplete, fmt.Errorf("render: %w", err))
	}
	return renderFaults(s.Err, got)
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

// renderFaults says on w what is not in the output, and what in it is no real
// value.
func renderFaults(w io.Writer, got *pipeline.Rendering) error {
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
	if len(got.Failed) > 0 {
		return exit(exitIncomplete, nil)
	}
	return nil
}

// writeObjects writes a stream of YAML documents.
func writeObjects(w io.Writer, objects []pipeline.RenderedObject, provenance bool) error {
	for _, o := range objects {
		text, err := manifestYAML(o.Manifest)
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

func manifestYAML(m map[string]any) (string, error) {
	var b strings.Builder
	enc := yaml.NewEncoder(&b)
	enc.SetIndent(2)
	if err := enc.Encode(m); err != nil {
		return "", err
	}
	return b.String(), enc.Close()
}

func provenanceOf(o pipeline.RenderedObject) string {
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
