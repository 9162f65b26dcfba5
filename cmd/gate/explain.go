package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"gate/internal/config"
	"gate/internal/discover"
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
				i := slices.IndexFunc(known, func(r policy.Rule) bool { return r.ID == id })
				if i >= 0 {
					fmt.Fprint(s.Out, printable(policy.Page(known[i])))
				}
				return i >= 0
			}
			if find() {
				return nil
			}
			own, err := ownRules(cmd.Context(), configFile, cmd.Flags().Changed("config"))
			if known = append(known, own...); find() {
				return nil
			}
			if err != nil {
				return exit(exitUsage, err)
			}
			var ids []string
			for _, r := range known {
				ids = append(ids, r.ID)
			}
			return exit(exitUsage, fmt.Errorf("no rule %q%s", id, config.DidYouMean(id, ids)))
		},
	}
	cmd.Flags().StringVar(&configFile, "config", config.DefaultFile, "configuration that names the organisation's policies, which stand relative to its directory")
	cmd.Flags().StringVar(&reportFile, "report", "", "JSON report that holds the finding")
	return cmd
}

// ownRules are the rules of the policies that a configuration names, those that
// load, and why others do not. Without a configuration there are none.
func ownRules(ctx context.Context, file string, asked bool) ([]policy.Rule, error) {
	files, err := readConfigFiles([]string{file})
	switch {
	case errors.Is(err, fs.ErrNotExist) && !asked && files.config == nil:
		return nil, nil
	case files.config == nil:
		return nil, err
	}
	tree, err := discover.Open(ctx, filepath.Dir(file), nil)
	if err != nil {
		return nil, err
	}
	defer tree.Close()
	return files.policies(tree)
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
