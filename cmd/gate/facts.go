package main

import (
	"fmt"

	"gate/schemas"

	"github.com/spf13/cobra"
)

func newFactsCommand(s *streams) *cobra.Command {
	var f inputFlags
	var schema bool
	cmd := &cobra.Command{
		Use:   "facts [DIR]",
		Short: "Print the input document that rules see",
		Long: `Prints the facts as JSON, described by schemas/facts.schema.json. They hold no secret
values. The catalog judges them in conftest as well:

  gate facts | conftest test --all-namespaces -p rules --data rules/data -`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if schema {
				_, err := s.Out.Write(schemas.Facts)
				return err
			}
			opts, err := f.options(s, args)
			if err != nil {
				return exit(exitUsage, err)
			}
			got, err := f.ask(cmd.Context(), s, &request{Command: "facts", Options: opts})
			if err != nil {
				return checkError(err)
			}
			for _, data := range got.reports {
				if _, err := s.Out.Write(data); err != nil {
					return exit(exitIncomplete, fmt.Errorf("write facts: %w", err))
				}
			}
			if got.code != exitOK {
				return exit(got.code, nil)
			}
			return nil
		},
	}
	f.register(cmd)
	cmd.Flags().BoolVar(&schema, "schema", false, "print the JSON Schema of the document instead")
	return cmd
}
