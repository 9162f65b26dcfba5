package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"

	"gate/internal/config"
	"gate/internal/policy"
	"gate/rules"

	"github.com/spf13/cobra"
)

func newRulesCommand(s *streams) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "rules",
		Short: "List, test, scaffold and document rules",
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newRulesListCommand(s), newRulesTestCommand(s), newRulesNewCommand(s), newRulesDocsCommand(s))
	return cmd
}

// catalog returns the embedded rules, or those below dir.
func catalog(dir string) (fs.FS, error) {
	if dir == "" {
		return rules.FS, nil
	}
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		return nil, exit(exitUsage, fmt.Errorf("--rules %s: no such directory", dir))
	}
	return os.DirFS(dir), nil
}

func newRulesListCommand(s *streams) *cobra.Command {
	var dir, format, configFile string
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List all rules with severity and effects",
		Long: `Lists the rules of the catalog and those of the policies that the configuration names.
With --rules, only those below that directory.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			fsys, err := catalog(dir)
			if err != nil {
				return err
			}
			c, err := policy.Load(fsys, nil)
			if err != nil {
				return exit(exitUsage, err)
			}
			known := c.Rules()
			var fault error // of policies that do not load: the others are listed
			if dir == "" {
				var own []policy.Rule
				own, fault = ownRules(cmd.Context(), cmd, configFile)
				known = append(slices.Clone(known), own...)
			}
			if fault != nil {
				fault = exit(exitUsage, fault)
			}
			switch format {
			case "text":
				w := tabwriter.NewWriter(s.Out, 0, 0, 2, ' ', 0)
				fmt.Fprintln(w, "RULE\tSEVERITY\tPROD\tNON-PROD\tNEEDS\tTITLE")
				for _, r := range known {
					fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", r.ID, r.Severity, r.Effects["prod"], r.Effects["non-prod"], strings.Join(r.Needs, ","), printable(r.Title))
				}
				return errors.Join(w.Flush(), fault)
			case "json":
				enc := json.NewEncoder(s.Out)
				enc.SetIndent("", "  ")
				return errors.Join(enc.Encode(known), fault)
			}
			return exit(exitUsage, fmt.Errorf("--format %q: want text or json%s", format, config.DidYouMean(format, []string{"text", "json"})))
		},
	}
	cmd.Flags().StringVar(&dir, "rules", "", "directory of rules instead of the built-in ones")
	cmd.Flags().StringVar(&format, "format", "text", "text or json")
	addConfigFlag(cmd, &configFile)
	return cmd
}

func newRulesDocsCommand(s *streams) *cobra.Command {
	var dir, out string
	cmd := &cobra.Command{
		Use:   "docs",
		Short: "Write a page for every rule",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			fsys, err := catalog(dir)
			if err != nil {
				return err
			}
			c, err := policy.Load(fsys, nil)
			if err != nil {
				return exit(exitUsage, err)
			}
			pages := policy.Pages(c.Rules())
			if dir == "" {
				if pages["library.md"], err = policy.Library(); err != nil {
					return exit(exitUsage, err)
				}
			}
			if err := replacePages(out, pages); err != nil {
				return exit(exitUsage, fmt.Errorf("write rule pages: %w", err))
			}
			fmt.Fprintf(s.Out, "%d pages in %s\n", len(pages), out)
			return nil
		},
	}
	cmd.Flags().StringVar(&dir, "rules", "", "directory of rules instead of the built-in ones")
	cmd.Flags().StringVar(&out, "out", "docs/rules", "directory of the pages")
	return cmd
}

// replacePages writes the pages and removes those of rules that are gone.
func replacePages(out string, pages map[string]string) error {
	err := filepath.WalkDir(out, func(path string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".md") {
			return err
		}
		rel, err := filepath.Rel(out, path)
		if err != nil {
			return err
		}
		if _, ok := pages[filepath.ToSlash(rel)]; !ok {
			return os.Remove(path)
		}
		return nil
	})
	if err != nil {
		return err
	}
	for name, page := range pages {
		to := filepath.Join(out, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(to, []byte(page), 0o644); err != nil {
			return err
		}
	}
	return nil
}
