package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"gate/internal/config"
	"gate/internal/policy"
	"gate/internal/ruletest"

	"github.com/spf13/cobra"
)

func newRulesTestCommand(s *streams) *cobra.Command {
	var dir, configFile string
	cmd := &cobra.Command{
		Use:   "test [RULE|ENTRY...]",
		Short: "Run the fixtures of rules",
		Long: `Runs every fixture below testdata/ of the rules through the whole pipeline: a directory,
or an archive of files that ends in .txtar. A line that ends in "# want RULE" must yield
exactly that finding; no other line may.

The rules are those of the policies of style catalog that the configuration names, such
as acme/registry. With --rules, or where no configuration names any, they are those of
the catalog below that directory. What is written in Rego, in files that end in
_test.rego, gate policy test runs.

Exit codes: 0 all pass, 1 some fail, 2 usage or rules that do not load, 4 no fixtures.`,
		RunE: func(cmd *cobra.Command, ids []string) error {
			results, err := runFixtures(cmd, dir, configFile, ids)
			if err != nil {
				return exit(exitUsage, err)
			}
			failed := 0
			for _, r := range results {
				status := "ok  "
				if len(r.Faults) > 0 {
					status = "FAIL"
					failed++
				}
				fmt.Fprintf(s.Out, "%s %s\n", status, printable(r.Fixture))
				for _, f := range r.Faults {
					fmt.Fprintf(s.Out, "     %s\n", printable(f))
				}
			}
			fmt.Fprintf(s.Out, "%d passed, %d failed\n", len(results)-failed, failed)
			if failed > 0 {
				return exit(exitDenied, nil)
			}
			if len(results) == 0 {
				return exit(exitNothing, errors.New("no fixtures found"))
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&dir, "rules", "rules", "directory of rules of the catalog, instead of those of the configuration")
	addConfigFlag(cmd, &configFile)
	return cmd
}

// runFixtures runs those of an organisation, where its configuration names rules of style
// catalog, else those of a catalog.
func runFixtures(cmd *cobra.Command, dir, configFile string, ids []string) ([]ruletest.Result, error) {
	if cmd.Flags().Changed("rules") {
		return ruletest.Run(cmd.Context(), dir, ids)
	}
	o, err := openOwn(cmd.Context(), cmd, configFile)
	if err != nil {
		return nil, err
	}
	defer o.close()
	entries := o.entries(func(p config.Policy) bool { return p.Style == "catalog" })
	switch _, err := os.Stat(dir); {
	case len(entries) > 0:
		return o.fixtures(cmd.Context(), entries, ids)
	case err != nil:
		return nil, fmt.Errorf("no rules: %s names no policies of style catalog, and there is no directory %s\n  = hint: gate rules new acme/registry writes a rule", configFile, dir)
	}
	return ruletest.Run(cmd.Context(), dir, ids)
}

func (o *own) fixtures(ctx context.Context, entries []config.Policy, ids []string) ([]ruletest.Result, error) {
	byEntry := map[string][]policy.Rule{}
	var known []policy.Rule
	for _, e := range entries {
		rules, err := (&policy.Organisation{Entry: e, Label: "the work tree", Rules: o.tree}).Load()
		if err != nil {
			return nil, fmt.Errorf("policy %q does not load: %w", e.Entry(), err)
		}
		byEntry[e.Entry()], known = rules, append(known, rules...)
	}
	var only []string
	all := policy.RuleIDs(known)
	for _, id := range ids {
		if of, ok := byEntry[id]; ok {
			only = append(only, policy.RuleIDs(of)...)
			continue
		}
		full, ok := policy.RuleNamed(id, all)
		if !ok {
			hint := config.DidYouMean(id, all)
			if hint == "" && len(all) <= 20 {
				hint = "; there are " + strings.Join(all, ", ")
			}
			return nil, fmt.Errorf("no rule %q in the policies of style catalog%s", id, hint)
		}
		only = append(only, full)
	}
	var out []ruletest.Result
	for _, e := range entries {
		wanted := slices.ContainsFunc(byEntry[e.Entry()], func(r policy.Rule) bool { return len(only) == 0 || slices.Contains(only, r.ID) })
		if !wanted {
			continue
		}
		results, err := ruletest.RunOwn(ctx, o.dir, o.tree, e, only)
		if err != nil {
			return nil, fmt.Errorf("policy %q does not load: %w", e.Entry(), err)
		}
		out = append(out, results...)
	}
	return out, nil
}
