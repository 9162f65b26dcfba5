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
	"gate/internal/ruletest"
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
	var dir, format string
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List all rules with severity and effects",
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
			switch format {
			case "text":
				w := tabwriter.NewWriter(s.Out, 0, 0, 2, ' ', 0)
				fmt.Fprintln(w, "RULE\tSEVERITY\tPROD\tNON-PROD\tNEEDS\tTITLE")
				for _, r := range c.Rules() {
					fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", r.ID, r.Severity, r.Effects["prod"], r.Effects["non-prod"], strings.Join(r.Needs, ","), r.Title)
				}
				return w.Flush()
			case "json":
				enc := json.NewEncoder(s.Out)
				enc.SetIndent("", "  ")
				return enc.Encode(c.Rules())
			}
			return exit(exitUsage, fmt.Errorf("--format %q: want text or json%s", format, config.DidYouMean(format, []string{"text", "json"})))
		},
	}
	cmd.Flags().StringVar(&dir, "rules", "", "directory of rules instead of the built-in ones")
	cmd.Flags().StringVar(&format, "format", "text", "text or json")
	return cmd
}

func newRulesTestCommand(s *streams) *cobra.Command {
	var dir string
	cmd := &cobra.Command{
		Use:   "test [RULE...]",
		Short: "Run the fixtures of rules",
		Long: `Runs every fixture below testdata/ of the rules through the whole pipeline. A line
that ends in "# want <rule>" must yield exactly that finding; no other line may.`,
		RunE: func(cmd *cobra.Command, ids []string) error {
			results, err := ruletest.Run(cmd.Context(), dir, ids)
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
				fmt.Fprintf(s.Out, "%s %s\n", status, r.Fixture)
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
	cmd.Flags().StringVar(&dir, "rules", "rules", "directory of rules")
	return cmd
}

// howToLoad is what comes after a scaffold. The names in package gate are those of
// the catalog, so that no other rule can be taken for one of them.
const howToLoad = `next: gate rules test %[1]s --rules %[2]s
as a rule of your own repository: write "package %[3]s" into its .rego file and into .gate.yaml
  policies: [{name: %[4]s, path: %[5]s, style: catalog}]
then gate config validate says whether it loads; gate check --policy-ref worktree says what it finds; its id is %[4]s/%[3]s/deny
`

func newRulesNewCommand(s *streams) *cobra.Command {
	var dir string
	cmd := &cobra.Command{
		Use:   "new CATEGORY/NAME",
		Short: "Scaffold a rule with its fixtures",
		Long: `Writes a rule of the catalog's form that compiles, with fixtures that pass, and says how
it is tested and how the repository of an organisation loads it.`,
		Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			files, err := policy.Scaffold(args[0])
			if err != nil {
				return exit(exitUsage, err)
			}
			root := filepath.Join(dir, filepath.FromSlash(args[0]))
			if _, err := os.Lstat(root); err == nil {
				return exit(exitUsage, fmt.Errorf("%s exists already", root))
			}
			names := make([]string, 0, len(files))
			for name := range files {
				names = append(names, name)
			}
			slices.Sort(names)
			for _, name := range names {
				to := filepath.Join(root, filepath.FromSlash(name))
				if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
					return exit(exitUsage, err)
				}
				if err := os.WriteFile(to, []byte(files[name]), 0o644); err != nil {
					return exit(exitUsage, err)
				}
				fmt.Fprintln(s.Out, to)
			}
			category, name, _ := strings.Cut(args[0], "/")
			fmt.Fprintf(s.Err, howToLoad, args[0], dir, strings.ReplaceAll(name, "-", "_"), category, filepath.ToSlash(filepath.Join(root, name+".rego")))
			return nil
		},
	}
	cmd.Flags().StringVar(&dir, "rules", "rules", "directory of rules")
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
