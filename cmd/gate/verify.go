package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"gate/internal/attest"
	"gate/internal/config"
	"gate/internal/envelope"
	"gate/internal/git"

	"github.com/spf13/cobra"
)

// verifyFlags are the flags of verify.
type verifyFlags struct {
	subjects    []string
	environment string
	target      string
	repository  string
	key         string
	trust       string
}

func newVerifyCommand(s *streams) *cobra.Command {
	var f verifyFlags
	cmd := &cobra.Command{
		Use:   "verify DECISION --subject NAME=FILE… --env NAME [--target NAME] (--key FILE | --trust FILE)",
		Short: "Say whether a decision authorises applying these files here and now",
		Long: `Runs right before apply and fails closed. The signature must be by a trusted key,
every subject of the decision must be handed in and be the same bytes, the
environment and target must be those of the decision, it must not have expired,
and it must neither deny nor have left anything unjudged.

A subject is a file, for source-closure the root directory of the checkout.

Exit codes: 0 authorised, 1 refused, 2 usage, 3 unknown (something needed could
not be read), 5 approvals are missing.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if !cmd.Flags().Changed("env") {
				return exit(exitUsage, errors.New("--env is missing: the caller says where it is about to apply, not the decision (--env \"\" for none)"))
			}
			return f.run(cmd.Context(), s, args[0], time.Now())
		},
	}
	fl := cmd.Flags()
	fl.StringArrayVar(&f.subjects, "subject", nil, "NAME=FILE, what is about to be applied, repeatable (tfplan=FILE, plan-json=FILE, rendered-set=FILE, source-closure=DIR)")
	fl.StringVar(&f.environment, "env", "", "environment that is about to be changed")
	fl.StringVar(&f.target, "target", "", "target of the environment, where it has targets")
	fl.StringVar(&f.repository, "repository", "", "host/owner/name that the decision must be about (default: the remote of the working directory)")
	fl.StringVar(&f.key, "key", "", "public key (PEM) that must have signed")
	fl.StringVar(&f.trust, "trust", "", "trust file whose decisions entries name the keys; take it from a protected branch, not from the change")
	return cmd
}

func (f *verifyFlags) run(ctx context.Context, s *streams, file string, now time.Time) error {
	subjects, err := parseSubjects(f.subjects)
	if err != nil {
		return exit(exitUsage, err)
	}
	if f.repository == "" {
		f.repository = remoteOf(ctx)
	}
	keys, faults, err := f.keys()
	if err != nil {
		return exit(exitUsage, err)
	}
	d, err := attest.Read(file)
	switch {
	case errors.Is(err, attest.ErrMalformed):
		return exit(exitDenied, err) // it was read, and authorises nothing
	case err != nil:
		return exit(exitIncomplete, err)
	}
	v := attest.Verify(attest.VerifyInput{
		Decision: d, Keys: keys, KeyFaults: faults, Subjects: subjects,
		Environment: f.environment, Target: f.target, Repository: f.repository, Now: now,
	})
	for _, n := range v.Notes {
		fmt.Fprintln(s.Err, "note: "+oneLine(n))
	}
	if v.Authorised() {
		fmt.Fprintf(s.Out, "authorised: decision sha256:%s, signed by %s\n", d.Digest, v.KeyID)
		return nil
	}
	for _, r := range v.Refusals {
		fmt.Fprintf(s.Out, "%s: %s\n", r.Reason, oneLine(r.Message))
	}
	code := v.ExitCode()
	fmt.Fprintf(s.Out, "%s: decision sha256:%s\n", verifyWords(code), d.Digest)
	return exit(code, nil)
}

// verifyWords says what an exit code of verify means.
func verifyWords(code int) string {
	switch code {
	case exitIncomplete:
		return "not authorised, unknown"
	case exitApproval:
		return "not authorised, approvals are missing"
	}
	return "not authorised, refused"
}

// oneLine keeps text of a decision from looking like another line.
func oneLine(text string) string {
	return strings.NewReplacer("\n", `\n`, "\t", `\t`).Replace(printable(text))
}

func parseSubjects(list []string) (map[string]string, error) {
	out := map[string]string{}
	for _, s := range list {
		name, file, ok := strings.Cut(s, "=")
		if !ok || name == "" || file == "" {
			return nil, fmt.Errorf("--subject %q: expected NAME=FILE, as in tfplan=plan.bin", s)
		}
		if _, dup := out[name]; dup {
			return nil, fmt.Errorf("--subject %q is given twice", name)
		}
		out[name] = file
	}
	if len(out) == 0 {
		return nil, errors.New("--subject is missing: name what is about to be applied, as in --subject tfplan=plan.bin")
	}
	return out, nil
}

// keys returns the keys that may sign, and those that could not be read.
func (f *verifyFlags) keys() ([]envelope.PublicKey, []error, error) {
	switch {
	case f.key == "" && f.trust == "":
		return nil, nil, errors.New("no trusted key: give --key FILE or --trust FILE")
	case f.key != "" && f.trust != "":
		return nil, nil, errors.New("--key and --trust exclude each other")
	case f.key != "":
		data, err := os.ReadFile(f.key)
		if err != nil {
			return nil, nil, fmt.Errorf("--key: %w", err)
		}
		k, err := envelope.ParsePublicKey(data)
		if err != nil {
			return nil, nil, fmt.Errorf("--key %s: %w", f.key, err)
		}
		return []envelope.PublicKey{k}, nil, nil
	}
	data, err := os.ReadFile(f.trust)
	if err != nil {
		return nil, nil, fmt.Errorf("--trust: %w", err)
	}
	trust, err := config.ParseTrust(filepath.ToSlash(f.trust), data)
	if err != nil {
		return nil, nil, fmt.Errorf("--trust: %w", err)
	}
	keys, faults := attest.DecisionKeys(trust, f.repository, f.environment, readBelow("."))
	return keys, faults, nil
}

// readBelow reads files of a directory that links do not lead out of.
func readBelow(dir string) func(string) ([]byte, error) {
	return func(path string) ([]byte, error) {
		root, err := os.OpenRoot(dir)
		if err != nil {
			return nil, err
		}
		defer root.Close()
		return root.ReadFile(filepath.FromSlash(path))
	}
}

// remoteOf is the identity of the repository around the working directory.
func remoteOf(ctx context.Context) string {
	repo, err := git.Open(ctx, ".")
	if err != nil {
		return ""
	}
	defer repo.Close()
	return repo.Remote(ctx)
}
