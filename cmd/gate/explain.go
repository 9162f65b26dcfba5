package main

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"

	"gate/internal/config"
	"gate/internal/policy"
	"gate/rules"

	"github.com/spf13/cobra"
)

func newExplainCommand(s *streams) *cobra.Command {
	var reportFile, configFile string
	cmd := &cobra.Command{
		Use:   "explain RULE|FINDING",
		Short: "Explain a rule, or a finding of a JSON report by its fingerprint",
		Long:  `Prints the page of a rule: of the catalog, or of the policies that the configuration names.`,
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := policy.Load(rules.FS, nil)
			if err != nil {
				return exit(exitUsage, err)
			}
			id := args[0]
			if !strings.Contains(id, "/") && reportFile != "" {
				if id, err = explainFinding(s, reportFile, id); err != nil {
					return exit(exitUsage, err)
				}
			}
			known := c.Rules()
			find := func() bool {
				full, ok := policy.RuleNamed(id, policy.RuleIDs(known))
				if i := slices.IndexFunc(known, func(r policy.Rule) bool { return r.ID == full }); ok {
					fmt.Fprint(s.Out, printable(policy.Page(known[i])))
				}
				return ok
			}
			if find() {
				return nil
			}
			own, err := ownRules(cmd.Context(), cmd, configFile)
			if known = append(known, own...); find() {
				return nil
			}
			if err != nil {
				return exit(exitUsage, err)
			}
			return exit(exitUsage, fmt.Errorf("no rule %q%s", id, config.DidYouMean(id, policy.RuleIDs(known))))
		},
	}
	addConfigFlag(cmd, &configFile)
	cmd.Flags().StringVar(&reportFile, "report", "", "JSON report that holds the finding")
	return cmd
}

// explainFinding prints one finding of a report and returns its rule.
func explainFinding(s *streams, file, fingerprint string) (rule string, err error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return "", fmt.Errorf("read report: %w", err)
	}
	var report struct {
		Findings []struct {
			Rule, Message, Effect, Environment, Target, Fingerprint string
			Location                                                struct {
				File string
				Line int
			}
			Also []struct{ Rule, Message, Effect, Fingerprint string } // of the same fact
		}
	}
	if err := json.Unmarshal(data, &report); err != nil {
		return "", fmt.Errorf("read report %s: %w", file, err)
	}
	for _, f := range report.Findings {
		for _, other := range f.Also {
			if strings.HasPrefix(other.Fingerprint, fingerprint) {
				f.Rule, f.Message, f.Effect, f.Fingerprint = other.Rule, other.Message, other.Effect, other.Fingerprint
			}
		}
		if strings.HasPrefix(f.Fingerprint, fingerprint) {
			fmt.Fprintf(s.Out, "%s:%d: %s\n", printable(f.Location.File), f.Location.Line, printable(f.Message))
			fmt.Fprintf(s.Out, "effect %s in environment %q, target %q\n\n", f.Effect, printable(f.Environment), printable(f.Target))
			return f.Rule, nil
		}
	}
	return "", fmt.Errorf("no finding %q in %s", fingerprint, file)
}
