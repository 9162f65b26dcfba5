package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"os/signal"
	"regexp"
	"runtime/debug"
	"strings"
	"syscall"

	"gate/internal/config"
	"gate/internal/source"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// Exit codes of every command except exec.
const (
	exitOK         = 0
	exitDenied     = 1
	exitUsage      = 2
	exitIncomplete = 3
	exitNothing    = 4
	exitApproval   = 5
)

// streams is the outside world of a command. Data goes to Out, everything
// else to Err.
type streams struct {
	In       io.Reader
	Out, Err io.Writer
	Getenv   func(string) string
	Worker   bool // the program of this process is gate, so that it can start itself
	// PlainLoopback allows charts from http:// on this machine; for tests.
	PlainLoopback bool
}

// exitError carries the exit code of a run. A nil err prints nothing.
type exitError struct {
	code int
	err  error
}

func (e *exitError) Error() string {
	if e.err == nil {
		return fmt.Sprintf("exit %d", e.code)
	}
	return e.err.Error()
}

func (e *exitError) Unwrap() error { return e.err }

// exit returns an error that ends the program with code; err may be nil.
func exit(code int, err error) error { return &exitError{code: code, err: err} }

// Main runs the command line and returns the exit code. A fault of gate itself
// is "incomplete": whatever it was about, it was not judged.
func Main(args []string, s *streams) (code int) {
	defer func() {
		if p := recover(); p != nil {
			fmt.Fprintf(s.Err, "gate: internal error: %s\n%s", printable(source.Panicked(p)), debug.Stack())
			code = exitIncomplete
		}
	}()
	log.SetOutput(io.Discard) // libraries chat here; what matters is in their errors
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	root := newRootCommand(s)
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return exitOK
	}
	var e *exitError
	if !errors.As(err, &e) {
		e = &exitError{code: exitUsage, err: err} // cobra's own errors are about usage
	}
	if e.err != nil {
		fmt.Fprintln(s.Err, "gate: "+printable(e.err.Error()))
	}
	return e.code
}

func newRootCommand(s *streams) *cobra.Command {
	root := &cobra.Command{
		Use:           "gate",
		Short:         "A stateless policy gate for GitOps and infrastructure changes",
		Long:          rootHelp,
		Version:       versionText(),
		SilenceErrors: true,
		SilenceUsage:  true,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SetVersionTemplate("{{.Version}}\n")
	root.SetIn(s.In)
	root.SetOut(s.Out)
	root.SetErr(s.Err)
	root.CompletionOptions.HiddenDefaultCmd = false
	root.SuggestionsMinimumDistance = 2
	root.SetFlagErrorFunc(suggestFlag)
	root.AddCommand(
		newCheckCommand(s),
		newFactsCommand(s),
		newBoundariesCommand(s),
		newRenderCommand(s),
		newVendorCommand(s),
		newApproveCommand(s),
		newVerifyCommand(s),
		newExecCommand(s),
		newShowCommand(s),
		newRulesCommand(s),
		newPolicyCommand(s),
		newExplainCommand(s),
		newConfigCommand(s),
		newVersionCommand(s),
		newWorkerCommand(s),
	)
	return root
}

var unknownFlag = regexp.MustCompile(`^unknown flag: --([A-Za-z0-9-]+)`)

// suggestFlag adds the nearest flag to the error about an unknown one.
func suggestFlag(cmd *cobra.Command, err error) error {
	m := unknownFlag.FindStringSubmatch(err.Error())
	if m == nil {
		return err
	}
	var known []string
	cmd.Flags().VisitAll(func(f *pflag.Flag) { known = append(known, "--"+f.Name) })
	return fmt.Errorf("%w%s", err, config.DidYouMean("--"+m[1], known))
}

const rootHelp = `gate judges a change before it moves: it renders what a controller would apply,
reads what Terraform would do, judges both with a catalog of rules, and writes
the answer as text, SARIF, JUnit and a signed decision.

Exit codes of check: 0 allowed, 1 denied, 2 usage or configuration, 3 incomplete,
4 nothing to check, 5 an approval is required and missing.`

// printable shows all that untrusted text of several lines holds, so that it cannot drive
// the terminal.
func printable(s string) string {
	lines := strings.Split(s, "\n")
	for i, line := range lines {
		cells := strings.Split(line, "\t")
		for k, cell := range cells {
			cells[k] = source.Visible(cell)
		}
		lines[i] = strings.Join(cells, "\t")
	}
	return strings.Join(lines, "\n")
}
