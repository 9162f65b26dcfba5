package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"gate/internal/boundaries"
	"gate/internal/config"
	"gate/internal/pipeline"

	"github.com/spf13/cobra"
)

func newBoundariesCommand(s *streams) *cobra.Command {
	var f inputFlags
	var format string
	cmd := &cobra.Command{
		Use:   "boundaries [DIR]",
		Short: "Print which tool changes which state, and who owns it",
		Long: `Prints the state boundaries of a repository: state, tool, path of the desired state,
environment, target, backend and owner. Those without an owner come first, then those
that more than one tool or path changes.

Exit codes: 0 everything was read, 2 usage or configuration, 3 something could not be read,
so that a boundary may be missing.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if !slices.Contains(boundaries.Formats(), format) {
				return exit(exitUsage, fmt.Errorf("--format %q: want one of %s%s", format, strings.Join(boundaries.Formats(), ", "), config.DidYouMean(format, boundaries.Formats())))
			}
			opts, err := f.options(s, args)
			if err != nil {
				return exit(exitUsage, err)
			}
			opts.Local = true
			got, err := f.ask(cmd.Context(), s, &request{Command: "boundaries", Options: opts, Reports: []wantedReport{{Format: format}}})
			if err != nil {
				return checkError(err)
			}
			for _, data := range got.reports {
				if _, err := s.Out.Write(data); err != nil {
					return exit(exitIncomplete, fmt.Errorf("write boundaries: %w", err))
				}
			}
			if got.code != exitOK {
				return exit(got.code, errors.New("not everything could be read: a boundary may be missing (gate check says what)"))
			}
			return nil
		},
	}
	f.register(cmd)
	cmd.Flags().StringVar(&format, "format", "text", strings.Join(boundaries.Formats(), ", "))
	return cmd
}

// boundaries works out the table in this process.
func (q *request) boundaries(ctx context.Context) (*judged, error) {
	table, complete, err := pipeline.Boundaries(ctx, q.Options)
	if err != nil {
		return nil, err
	}
	j := &judged{code: exitOK}
	if !complete {
		j.code = exitIncomplete
	}
	for _, want := range q.Reports {
		var buf bytes.Buffer
		if err := boundaries.Write(&buf, want.Format, table); err != nil {
			return nil, fmt.Errorf("write boundaries: %w", err)
		}
		j.reports = append(j.reports, buf.Bytes())
	}
	return j, nil
}
