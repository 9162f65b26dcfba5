package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"gate/internal/config"
	"gate/internal/policy"

	"github.com/spf13/cobra"
)

func newPolicyCommand(s *streams) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "policy",
		Short: "Test the organisation's own policies, and list what they may call",
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newPolicyTestCommand(s), newPolicyBuiltinsCommand(s))
	return cmd
}

// testedEntry is what the tests of one entry said.
type testedEntry struct {
	Entry string        `json:"entry"`
	Error string        `json:"error,omitempty"` // why it does not load
	Tests []policy.Test `json:"tests"`
}

func newPolicyTestCommand(s *streams) *cobra.Command {
	var configFile, format, filter string
	var limit time.Duration
	cmd := &cobra.Command{
		Use:   "test [ENTRY...]",
		Short: "Run the Rego tests of the organisation's policies",
		Long: `Runs the tests of the policies that the configuration names, all or those of some
entries, as conftest verify and opa test do: the rules whose names begin with test_, in
any file below the path of an entry. Those that begin with todo_test_ are skipped. Tests
see what the policies see, data and built-in functions; besides, parse_config_file and
parse_combined_config_files read files of the tree, relative to the test.

The policies are those of the work tree. An entry with a test that fails or is broken,
and one that does not load, is failed.

Exit codes: 0 all pass, 1 some fail or are broken, 2 usage, 3 an entry does not load,
4 no tests.`,
		RunE: func(cmd *cobra.Command, names []string) error {
			if !slices.Contains([]string{"text", "json"}, format) {
				return exit(exitUsage, fmt.Errorf("--format %q: want text or json%s", format, config.DidYouMean(format, []string{"text", "json"})))
			}
			if _, err := regexp.Compile(filter); err != nil {
				return exit(exitUsage, fmt.Errorf("--run: %w", err))
			}
			o, err := openOwn(cmd.Context(), cmd, configFile)
			if err != nil {
				return exit(exitUsage, err)
			}
			defer o.close()
			entries, err := o.named(names)
			if err != nil {
				return exit(exitUsage, err)
			}
			if len(entries) == 0 {
				return exit(exitNothing, fmt.Errorf("%s names no policies", configFile))
			}
			tested := o.tested(cmd.Context(), entries, limit, filter)
			if err := cmd.Context().Err(); err != nil {
				return exit(exitIncomplete, err)
			}
			if format == "json" {
				enc := json.NewEncoder(s.Out)
				enc.SetIndent("", "  ")
				err = enc.Encode(tested)
			} else {
				for _, t := range tested {
					fmt.Fprint(s.Out, printable(t.text()))
				}
			}
			return errors.Join(err, testsExit(tested))
		},
	}
	fl := cmd.Flags()
	fl.StringVar(&format, "format", "text", "text or json")
	fl.StringVar(&filter, "run", "", "only tests whose names, such as data.main.test_latest, the regular expression matches")
	fl.DurationVar(&limit, "timeout", 10*time.Second, "time of one test")
	addConfigFlag(cmd, &configFile)
	return cmd
}

// named are the entries of these names, or all.
func (o *own) named(names []string) ([]config.Policy, error) {
	all := o.entries(func(config.Policy) bool { return true })
	var known []string
	for _, p := range all {
		known = append(known, p.Entry())
	}
	for _, name := range names {
		if !slices.Contains(known, name) {
			return nil, fmt.Errorf("no policy entry %q%s", name, config.DidYouMean(name, known))
		}
	}
	return o.entries(func(p config.Policy) bool { return len(names) == 0 || slices.Contains(names, p.Entry()) }), nil
}

func (o *own) tested(ctx context.Context, entries []config.Policy, limit time.Duration, filter string) []testedEntry {
	var out []testedEntry
	for _, p := range entries {
		e := testedEntry{Entry: p.Entry(), Tests: []policy.Test{}}
		entry := policy.Organisation{Entry: p, Label: "the work tree", Rules: o.tree}
		tests, err := entry.Tests(ctx, limit, filter)
		if err != nil {
			e.Error = err.Error()
		}
		e.Tests = append(e.Tests, tests...)
		out = append(out, e)
	}
	return out
}

// count counts the tests in a state.
func (e testedEntry) count(state string) int {
	n := 0
	for _, t := range e.Tests {
		if t.State == state {
			n++
		}
	}
	return n
}

// text tells the tests that did not pass, and how many did.
func (e testedEntry) text() string {
	var b strings.Builder
	for _, t := range e.Tests {
		if t.State == policy.Passed {
			continue
		}
		fmt.Fprintf(&b, "%s %s:%d: %s", map[string]string{policy.Failed: "FAIL", policy.Broken: "FAIL", policy.Skipped: "skip"}[t.State], t.Place.File, t.Place.Line, t.Name)
		if t.Reason != "" {
			b.WriteString(": " + t.Reason)
		}
		b.WriteString("\n")
		for _, c := range t.Failed {
			fmt.Fprintf(&b, "     case %s\n", c)
		}
		if t.Output != "" {
			fmt.Fprintf(&b, "     %s\n", strings.ReplaceAll(t.Output, "\n", "\n     "))
		}
	}
	switch failed := e.count(policy.Failed) + e.count(policy.Broken); {
	case e.Error != "":
		fmt.Fprintf(&b, "FAIL %s does not load: %s\n", e.Entry, e.Error)
	case len(e.Tests) == 0:
		fmt.Fprintf(&b, "     %s: no tests\n", e.Entry)
	default:
		status := "ok  "
		if failed > 0 {
			status = "FAIL"
		}
		fmt.Fprintf(&b, "%s %s: %d passed, %d failed, %d skipped\n", status, e.Entry, e.count(policy.Passed), failed, e.count(policy.Skipped))
	}
	return b.String()
}

func testsExit(tested []testedEntry) error {
	code, run := exitOK, 0
	for _, e := range tested {
		run += len(e.Tests)
		switch {
		case e.count(policy.Failed)+e.count(policy.Broken) > 0:
			return exit(exitDenied, nil)
		case e.Error != "":
			code = exitIncomplete
		}
	}
	switch {
	case code != exitOK:
		return exit(code, nil)
	case run == 0:
		return exit(exitNothing, errors.New("no tests found"))
	}
	return nil
}

func newPolicyBuiltinsCommand(s *streams) *cobra.Command {
	return &cobra.Command{
		Use:   "builtins",
		Short: "List the built-in functions that policies may call, and why they may not call others",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			w := tabwriter.NewWriter(s.Out, 0, 0, 2, ' ', 0)
			fmt.Fprintln(w, "FUNCTION\tMAY BE CALLED\tINSTEAD")
			for _, b := range policy.Builtins() {
				may := "yes"
				if b.Refused != "" {
					may = "no: " + b.Refused
				}
				fmt.Fprintf(w, "%s\t%s\t%s\n", b.Name, may, b.Instead)
			}
			return w.Flush()
		},
	}
}
