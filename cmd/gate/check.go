package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"gate/internal/config"
	"gate/internal/decide"
	"gate/internal/pipeline"
	"gate/internal/report"

	"github.com/spf13/cobra"
)

// checkFlags are the flags of check that are not pipeline options.
type checkFlags struct {
	inputs     inputFlags
	formats    []string
	decision   string
	signKey    string
	validFor   time.Duration
	failOn     string
	allowEmpty bool
	color      string
	trace      []string
	factsOut   string
	rendered   bool
	key        string
}

func newCheckCommand(s *streams) *cobra.Command {
	var f checkFlags
	cmd := &cobra.Command{
		Use:   "check [DIR]",
		Short: "Judge a repository or a change",
		Long: `Judges everything below DIR: renders charts and kustomizations, reads manifests,
Terraform and workflows, and applies the catalog. Needs no configuration.

Exit codes: 0 allowed, 1 denied, 2 usage or configuration, 3 incomplete,
4 nothing to check (0 where a proposed change reaches nothing), 5 an approval is required and missing.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			// Nobody can approve a commit that is not made: the pull request asks.
			if (f.inputs.staged || f.inputs.hook) && !cmd.Flags().Changed("fail-on") {
				f.failOn = string(decide.Deny)
			}
			if cmd.Flags().Changed("valid-for") && f.validFor <= 0 {
				return exit(exitUsage, fmt.Errorf("--valid-for %s: want a positive duration", f.validFor))
			}
			return f.run(cmd.Context(), s, args)
		},
	}
	f.inputs.register(cmd)
	fl := cmd.Flags()
	fl.StringArrayVar(&f.formats, "format", nil, "NAME[=FILE], repeatable: "+strings.Join(report.Formats(), ", ")+" (default text)")
	fl.StringVar(&f.decision, "decision", "", "write the decision to FILE, or one for each target to DIR/")
	f.inputs.evidence.register(fl)
	fl.BoolVar(&f.rendered, "rendered-set", false, "bind the decision to what gate render --out writes instead of to its sources: for a rendered branch or directory")
	fl.StringVar(&f.factsOut, "facts-out", "", "write the facts that were judged to FILE, for verify --reevaluate; the decision has their digest")
	fl.StringVar(&f.signKey, "sign-key", "", "private key that signs the decision: a PEM file (ECDSA P-256, ed25519, or cosign's with COSIGN_PASSWORD), ssh-agent:FINGERPRINT, or NAME://KEY of a KMS")
	fl.StringVar(&f.key, "fingerprint-key", "", "file with 32 random bytes or more that binds changed secrets: an approval of them holds for another run with the same key")
	fl.DurationVar(&f.validFor, "valid-for", 0, "how long the decision may be used (default: 24h, or what the configuration allows if that is less)")
	fl.StringVar(&f.failOn, "fail-on", "require-approval", "weakest effect that makes the exit code non-zero: deny (the default of --staged and --hook), require-approval or warn")
	fl.BoolVar(&f.allowEmpty, "allow-empty", false, "exit 0 if there is nothing to check")
	fl.StringArrayVar(&f.trace, "trace", nil, "print what the policies of this entry print, and how they are evaluated, on standard error, repeatable")
	fl.StringVar(&f.color, "color", "auto", "auto, always or never")
	return cmd
}

func (f *checkFlags) run(ctx context.Context, s *streams, args []string) error {
	outputs, err := f.validate()
	if err != nil {
		return exit(exitUsage, err)
	}
	opts, err := f.inputs.options(s, args)
	if err != nil {
		return exit(exitUsage, err)
	}
	opts.NeedTrusted, opts.Trace, opts.RenderedSet, opts.FingerprintKey = f.decision != "", f.trace, f.rendered, f.key
	opts.Approvals, opts.Whole = approvalFiles(f.inputs.evidence.approvals)
	signer, err := loadSigner(s, f.signKey)
	if err != nil {
		return exit(exitUsage, err)
	}
	// Files first and standard output last.
	slices.SortStableFunc(outputs, func(a, b report.Output) int { return strings.Compare(b.File, a.File) })
	q := &request{
		Command: "check", Options: opts, Reports: f.wanted(s, outputs), Decisions: f.decision != "", ValidFor: f.validFor,
		FailOn: decide.Effect(f.failOn), AllowEmpty: f.allowEmpty, FactsOut: f.factsOut != "",
	}
	got, err := f.inputs.ask(ctx, s, q)
	if err != nil {
		return checkError(err)
	}
	if n := len(got.reports) - 1; f.factsOut != "" && n >= 0 {
		if err := writeOutput(s.Out, f.factsOut, got.reports[n], 0o644); err != nil {
			return exit(exitIncomplete, fmt.Errorf("write the facts: %w", err))
		}
		got.reports = got.reports[:n]
	}
	if n := len(outputs); len(f.trace) > 0 && len(got.reports) > n {
		fmt.Fprint(s.Err, printable(string(got.reports[n])))
		got.reports = got.reports[:n]
	}
	if err := writeReports(s, outputs, got.reports); err != nil {
		return exit(exitIncomplete, err)
	}
	if f.decision != "" {
		if err := writeDecisions(f.decision, got, signer); err != nil {
			return checkError(err)
		}
	}
	if got.code != exitOK {
		return exit(got.code, nil)
	}
	return nil
}

// wanted are the reports of the outputs. Only standard output is coloured.
func (f *checkFlags) wanted(s *streams, outputs []report.Output) []wantedReport {
	color := f.color == "always" || f.color == "auto" && s.Getenv("NO_COLOR") == "" && isTerminal(s.Out)
	var out []wantedReport
	for _, o := range outputs {
		out = append(out, wantedReport{Format: o.Format, Color: color && o.File == ""})
	}
	return out
}

// checkError gives a run that did not end its exit code: faults of flags and
// configuration are usage, everything else left the input unjudged.
func checkError(err error) error {
	var usage *pipeline.UsageError
	if errors.As(err, &usage) {
		return exit(exitUsage, err)
	}
	return exit(exitIncomplete, err)
}

// validate refuses every wrong flag value before anything is read.
func (f *checkFlags) validate() ([]report.Output, error) {
	if len(f.formats) == 0 {
		f.formats = []string{"text"}
	}
	outputs, err := report.ParseAll(f.formats)
	if err != nil {
		return nil, fmt.Errorf("--format: %w", err)
	}
	for _, flag := range []struct {
		name, value string
		want        []string
	}{
		{"--fail-on", f.failOn, []string{"deny", "require-approval", "warn"}},
		{"--color", f.color, []string{"auto", "always", "never"}},
	} {
		if !slices.Contains(flag.want, flag.value) {
			return nil, fmt.Errorf("%s %q: want %s%s", flag.name, flag.value, strings.Join(flag.want, ", "), config.DidYouMean(flag.value, flag.want))
		}
	}
	switch {
	case f.inputs.local && f.decision != "":
		return nil, errors.New("--decision authorises a change; --local leaves out what production asks for")
	case f.inputs.mode == "drift" && f.decision != "":
		return nil, errors.New("--decision authorises a change; --mode drift judges what is there")
	case (f.inputs.staged || f.inputs.hook) && f.decision != "":
		return nil, errors.New("--decision authorises a commit; what is staged is none yet, and a hook decides nothing")
	case f.rendered && f.decision == "":
		return nil, errors.New("--rendered-set is about a decision; name its file with --decision")
	case f.signKey != "" && f.decision == "":
		return nil, errors.New("--sign-key signs a decision; name its file with --decision")
	case f.key != "" && f.decision == "" && len(f.inputs.evidence.approvals) == 0:
		return nil, errors.New("--fingerprint-key binds what a decision is about; name its file with --decision, or an approval with --approval")
	}
	return outputs, nil
}

// writeReports writes each report as a whole or not at all.
func writeReports(s *streams, outputs []report.Output, reports [][]byte) error {
	if len(reports) != len(outputs) {
		return fmt.Errorf("write reports: %d are there, want %d", len(reports), len(outputs))
	}
	for i, o := range outputs {
		if err := writeOutput(s.Out, o.File, reports[i], 0o644); err != nil {
			return fmt.Errorf("write %s report: %w", o.Format, err)
		}
	}
	return nil
}

// writeOutput writes to a file, by way of a temporary one beside it so that a
// full disk leaves no half report, or to w for "" and "-".
func writeOutput(w io.Writer, file string, data []byte, mode os.FileMode) error {
	if file == "" || file == "-" {
		_, err := w.Write(data)
		return err
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return err
	}
	if info, err := os.Lstat(file); err == nil && !info.Mode().IsRegular() {
		return os.WriteFile(file, data, mode) // a device or a link, such as /dev/stderr
	}
	tmp, err := os.CreateTemp(filepath.Dir(file), "."+filepath.Base(file)+".*")
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name())
	_, err = tmp.Write(data)
	if e := tmp.Chmod(mode); err == nil {
		err = e
	}
	if e := tmp.Close(); err == nil {
		err = e
	}
	if err != nil {
		return err
	}
	return os.Rename(tmp.Name(), file)
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
