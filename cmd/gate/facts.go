package main

import (
	"encoding/json"

	"gate/internal/pipeline"

	"github.com/spf13/cobra"
)

func newFactsCommand(s *streams) *cobra.Command {
	var f inputFlags
	cmd := &cobra.Command{
		Use:   "facts [DIR]",
		Short: "Print the input document that rules see",
		Long: `Prints the facts as JSON, described by schemas/facts.schema.json. They hold no secret
values. The catalog judges them in conftest as well:

  gate facts | conftest test --all-namespaces -p rules --data rules/data -`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			opts, err := f.options(s, args)
			if err != nil {
				return exit(exitUsage, err)
			}
			facts, complete, err := pipeline.Facts(cmd.Context(), opts)
			if err != nil {
				return checkError(err)
			}
			enc := json.NewEncoder(s.Out)
			enc.SetEscapeHTML(false)
			enc.SetIndent("", "  ")
			if err := enc.Encode(facts); err != nil {
				return exit(exitIncomplete, err)
			}
			if !complete {
				return exit(exitIncomplete, nil)
			}
			return nil
		},
	}
	f.register(cmd)
	return cmd
}
