package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"gate/internal/approve"
	"gate/internal/attest"
	"gate/internal/config"
	"gate/internal/envelope"

	"github.com/spf13/cobra"
)

// approveFlags are the flags of approve.
type approveFlags struct {
	relayFlags
	key      string
	out      string
	role     string
	reason   string
	validFor time.Duration
	reject   bool
	yes      bool
	now      string
	// policyRef is where it is read from who else has to approve.
	policyRef string
}

func newApproveCommand(s *streams) *cobra.Command {
	var f approveFlags
	cmd := &cobra.Command{
		Use:   "approve DECISION --sign-key FILE --out FILE | --from-reviews FILE --sign-key FILE --out DIR/",
		Short: "Sign an approval of a decision",
		Long: `Shows what a decision lets happen and where, step by step with what is destroyed first, what
asks for an approval and who else has to give one, asks whether that is approved, and signs the answer. The approval is about this decision, and counts for
another run of the same effect to which the policy says the same. Who approves is the key:
people of the configuration name keys by their fingerprints, which gate approve prints.

--from-reviews and --from-deployments pass on what a forge says instead, for a job that
holds the key of a collector of the trust file: one approval for each person, written to
--out DIR/, which counts as that person's review or approval of a deployment.

--sign-key takes ECDSA P-256 and Ed25519 keys: PEM, cosign's (COSIGN_PASSWORD), OpenSSH
key files, ssh-agent:SHA256:… for a key that the ssh-agent holds, and NAME://KEY for one
of a KMS, by the program sigstore-kms-NAME.

Exit codes: 0 signed, 1 not approved by whoever was asked, 2 usage, 3 the decision or the
key cannot be read or the approval cannot be written.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if f.relayFlags.any() {
				for _, name := range []string{"role", "reason", "reject", "yes"} {
					if cmd.Flags().Changed(name) {
						return exit(exitUsage, fmt.Errorf("--%s is of an approval of one's own; what a forge says is passed on as it is", name))
					}
				}
			}
			return f.run(cmd.Context(), s, args[0])
		},
	}
	fl := cmd.Flags()
	f.relayFlags.register(fl)
	fl.StringVar(&f.key, "sign-key", "", "private key that signs: a file, ssh-agent:FINGERPRINT, or NAME://KEY of a KMS")
	fl.StringVar(&f.out, "out", "", "file that the approval is written to; of what a forge says an empty directory")
	fl.StringVar(&f.role, "role", "", "role that it is given in (default: any that the person holds)")
	fl.StringVar(&f.reason, "reason", "", "why, in a few words")
	fl.StringVar(&f.policyRef, "policy-ref", "", "where people and roles that are shown are read from (default: the tip of the target branch)")
	fl.DurationVar(&f.validFor, "valid-for", 24*time.Hour, "how long it counts")
	fl.BoolVar(&f.reject, "reject", false, "sign that it is rejected")
	fl.BoolVar(&f.yes, "yes", false, "do not ask")
	fl.StringVar(&f.now, "now", "", "the time that it is given at, RFC 3339 (default: the clock)")
	return cmd
}

func (f *approveFlags) run(ctx context.Context, s *streams, file string) error {
	switch {
	case f.key == "" || f.out == "":
		return exit(exitUsage, errors.New("--sign-key and --out are needed"))
	case f.validFor <= 0 || f.validFor > config.MaxValidity:
		return exit(exitUsage, fmt.Errorf("--valid-for %s: want a positive duration of at most %s", f.validFor, config.MaxValidity))
	}
	now, err := parseNow(f.now)
	if err != nil {
		return exit(exitUsage, err)
	}
	d, err := attest.Read(file)
	if err != nil {
		return exit(exitIncomplete, err)
	}
	signer, err := loadSigner(s, f.key)
	if err != nil {
		return exit(exitUsage, err)
	}
	if f.relayFlags.any() {
		return f.relay(s, d, approve.Given{At: now, ValidFor: f.validFor, Key: signer.Public()}, signer, f.out)
	}
	if err := f.show(ctx, s, d); err != nil {
		return exit(exitIncomplete, err)
	}
	given := approve.Given{Verdict: approve.Approves, Role: f.role, Reason: f.reason, At: now, ValidFor: f.validFor, Key: signer.Public()}
	if f.reject {
		given.Verdict = approve.Rejects
	}
	if !f.yes {
		agreed, err := ask(s, fmt.Sprintf("%s this as %s? [y/N] ", given.Verdict, signer.KeyID()))
		if err != nil {
			return exit(exitUsage, err)
		}
		if !agreed {
			return exit(exitDenied, errors.New("nothing was signed"))
		}
	}
	data, a, err := signApproval(d, given, signer)
	if err != nil {
		return exit(exitIncomplete, err)
	}
	if err := writeOutput(s.Out, f.out, append(data, '\n'), 0o644); err != nil {
		return exit(exitIncomplete, fmt.Errorf("write the approval: %w", err))
	}
	fmt.Fprintf(s.Err, "%s sha256:%s of decision sha256:%s, signed by %s\n", map[bool]string{false: "approval", true: "rejection"}[f.reject], a.Digest, d.Digest, strings.Join(a.Signers(), " "))
	return nil
}

// signApproval builds and signs an approval, and reads it back.
func signApproval(d *attest.Decision, given approve.Given, signer envelope.Signer) ([]byte, *approve.Approval, error) {
	payload, err := approve.Build(d, given)
	if err != nil {
		return nil, nil, err
	}
	data, err := envelope.SignBundle(payload, envelope.PayloadType, signer)
	if err != nil {
		return nil, nil, err
	}
	a, err := approve.Parse(data)
	return data, a, err
}

// ask wants a yes from a person at a terminal.
func ask(s *streams, question string) (bool, error) {
	if in, ok := s.In.(*os.File); !ok || !isTerminal(in) {
		return false, errors.New("nobody can be asked without a terminal; --yes approves what was shown")
	}
	fmt.Fprint(s.Err, question)
	answer, err := bufio.NewReader(io.LimitReader(s.In, 100)).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return false, err
	}
	answer = strings.ToLower(strings.TrimSpace(answer))
	return answer == "y" || answer == "yes", nil
}
