package main

import (
	"fmt"

	"gate/internal/attest"

	"github.com/spf13/cobra"
)

func newShowCommand(s *streams) *cobra.Command {
	var format string
	cmd := &cobra.Command{
		Use:   "show FILE",
		Short: "Print a decision for people, without verifying it",
		Long: `Prints what a decision says: where it applies, what was decided, on which
policies, what it is about and what it does not cover. The signature is not
checked; gate verify does that.

Exit codes: 0 printed, 2 usage, 3 the file cannot be read or is no decision.`,
		Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			if format != "text" && format != "payload" {
				return exit(exitUsage, fmt.Errorf("--format is %q, expected text or payload", format))
			}
			d, err := attest.Read(args[0])
			if err != nil {
				return exit(exitIncomplete, err)
			}
			if format == "payload" {
				_, err = s.Out.Write(d.Payload)
			} else {
				err = attest.Show(s.Out, d)
			}
			if err != nil {
				return exit(exitIncomplete, fmt.Errorf("show %s: %w", args[0], err))
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&format, "format", "text", "text, or payload: the signed statement, byte by byte")
	return cmd
}
