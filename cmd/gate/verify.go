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

	"gate/internal/approve"
	"gate/internal/attest"
	"gate/internal/config"
	"gate/internal/envelope"
	"gate/internal/git"
	"gate/internal/policysource"
	"gate/internal/source"
	"gate/internal/standing"

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
	policyRef   string
	evidence    evidenceFlags
	given       bool
	facts       string
	reevaluate  bool
	format      string
	observed    string
	runnerToken string

	revoked []config.Revocation // by the file of --trust
	// read is the decision where its subjects were copied by it: the file may change since.
	read *attest.Decision
}

func newVerifyCommand(s *streams) *cobra.Command {
	var f verifyFlags
	cmd := &cobra.Command{
		Use:   "verify DECISION --subject NAME=FILE… --env NAME [--target NAME] [--reviews FILE] [--deployments FILE] [--approval FILE|DIR/…]",
		Short: "Say whether a decision authorises applying these files here and now",
		Long: `Runs right before apply and fails closed. The signature must be by a trusted key,
every subject of the decision must be handed in and be the same bytes, the
environment and target must be those of the decision, it must not have expired,
and it must neither deny nor have left anything unjudged.

A subject is a file, for source-closure the root directory of the checkout.

Who may sign decisions, who is who and who holds which role say .gate.yaml and the trust
file as they stand now at the tip of the target branch (--policy-ref). With --key or
--trust the caller names the key instead; approvals are not looked at then, unless
--policy-ref is named as well.

Approvals are reviews of exactly the commit that was judged (--reviews, as the forge's API
gives them), deployments that were approved of the run that made the decision (--deployments),
and signed approvals (--approval), of this decision or of another run of the same effect.

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
	f.register(cmd)
	cmd.Flags().StringVar(&f.observed, "observed", "", "what Argo CD or Flux reports, as kubectl get -o json prints their objects: whether they run what was approved")
	cmd.Flags().StringVar(&f.format, "format", "text", "text or json (schemas/verification.schema.json)")
	return cmd
}

// register adds the flags of everything that verifies.
func (f *verifyFlags) register(cmd *cobra.Command) {
	fl := cmd.Flags()
	fl.StringArrayVar(&f.subjects, "subject", nil, "NAME=FILE, what is about to be applied, repeatable (tfplan=FILE, plan-json=FILE, rendered-set=DIR or FILE, source-closure=DIR)")
	fl.StringVar(&f.environment, "env", "", "environment that is about to be changed")
	fl.StringVar(&f.target, "target", "", "target of the environment, where it has targets")
	fl.StringVar(&f.repository, "repository", "", "host/owner/name that the decision must be about (default: the remote of the working directory)")
	fl.StringVar(&f.key, "key", "", "public key (PEM) that must have signed")
	fl.StringVar(&f.policyRef, "policy-ref", "", "where trust, people and roles are read from (default: the tip of the target branch)")
	f.evidence.register(fl)
	fl.StringVar(&f.trust, "trust", "", "trust file whose decisions entries name the keys; take it from a protected branch, not from the change")
	fl.StringVar(&f.runnerToken, "runner-token", "", "file with the identity token (OIDC) of this job, for the runners of the trust file")
	fl.BoolVar(&f.given, "accept-given-trust", false, "let --key or --trust do for production, without the policy of the target branch")
	fl.BoolVar(&f.reevaluate, "reevaluate", false, "judge the facts of --facts by the policy as it stands now, where it has changed since")
	fl.StringVar(&f.facts, "facts", "", "facts that were judged, as gate check --facts-out has written them")
}

func (f *verifyFlags) run(ctx context.Context, s *streams, file string, now time.Time) error {
	subjects, err := parseSubjects(f.subjects)
	if err != nil {
		return exit(exitUsage, err)
	}
	if !slices.Contains([]string{"text", "json"}, f.format) {
		return exit(exitUsage, fmt.Errorf("--format %q: want text or json%s", f.format, config.DidYouMean(f.format, []string{"text", "json"})))
	}
	d, v, err := f.verify(ctx, s, file, subjects, now)
	if err != nil {
		return err
	}
	if f.format == "json" {
		return tellJSON(s.Out, d, v, now)
	}
	return tell(s, s.Out, d, v)
}

// check refuses flags that do not go together.
func (f *verifyFlags) check() error {
	switch {
	case f.reevaluate != (f.facts != ""):
		return errors.New("--reevaluate judges the facts of --facts: they go together")
	case f.reevaluate && (f.key != "" || f.trust != "") && f.policyRef == "":
		return errors.New("--reevaluate judges by the policy of the target branch: name it with --policy-ref beside --key or --trust")
	case f.runnerToken != "" && (f.key != "" || f.trust != "") && f.policyRef == "":
		return errors.New("--runner-token is held against the runners of the target branch: name it with --policy-ref beside --key or --trust")
	case f.given && f.key == "" && f.trust == "":
		return errors.New("--accept-given-trust is about --key and --trust, and none is given")
	}
	return nil
}

// tell writes what verify has found: notes to standard error, the answer to w. The error
// is that of a decision that does not authorise.
func tell(s *streams, w io.Writer, d *attest.Decision, v *attest.Verification) error {
	for _, n := range v.Notes {
		fmt.Fprintln(s.Err, "note: "+oneLine(n))
	}
	if v.Authorised() {
		fmt.Fprintf(w, "authorised: decision sha256:%s, signed by %s\n", d.Digest, v.KeyID)
		return nil
	}
	for _, r := range v.Refusals {
		fmt.Fprintf(w, "%s: %s\n", r.Reason, oneLine(r.Message))
	}
	code := v.ExitCode()
	fmt.Fprintf(w, "%s: decision sha256:%s\n", verifyWords(code), d.Digest)
	return exit(code, nil)
}

// verify holds a decision against subjects, by name, and against what stands at policy-ref.
func (f *verifyFlags) verify(ctx context.Context, s *streams, file string, subjects map[string]string, now time.Time) (*attest.Decision, *attest.Verification, error) {
	if err := f.check(); err != nil {
		return nil, nil, exit(exitUsage, err)
	}
	if f.repository == "" {
		f.repository = remoteOf(ctx)
	}
	in := attest.VerifyInput{Subjects: subjects, Environment: f.environment, Target: f.target, Repository: f.repository, Now: now}
	policy, done, err := f.policy(ctx, s)
	if err != nil {
		return nil, nil, exit(exitUsage, err)
	}
	defer done()
	if in.Keys, in.KeyFaults, err = f.keys(policy); err != nil {
		return nil, nil, exit(exitUsage, err)
	}
	d := f.read
	if d == nil {
		d, err = attest.Read(file)
	}
	switch {
	case errors.Is(err, attest.ErrMalformed):
		return nil, nil, exit(exitDenied, err) // it was read, and authorises nothing
	case err != nil:
		return nil, nil, exit(exitIncomplete, err)
	}
	in.Decision = d
	var c *config.Config
	in.Revoked, in.Given, in.GivenAccepted = f.revoked, f.key != "" || f.trust != "", f.given
	if policy != nil {
		c, in.Revoked = policy.Config, slices.Concat(in.Revoked, policy.Trust.Revoked)
		in.Requirements = approve.Asked(d, c)
		token, err := f.token(s)
		if err != nil {
			return nil, nil, exit(exitIncomplete, err)
		}
		in.Runner = standing.RunnerOf(policy, d, token, now)
		if in.Standing, err = f.standing(ctx, s, policy, d, now); err != nil {
			return nil, nil, exit(exitIncomplete, err)
		}
	}
	reported, close, err := f.reported(ctx, s, d)
	if err != nil {
		return nil, nil, exit(exitIncomplete, err)
	}
	defer close()
	in.Observed = reported
	in.MaxValidity = c.MaxValidity(config.Class(d.Predicate.Target.Class))
	if in.Met, in.Unread, err = f.met(policy, d, now); err != nil {
		return nil, nil, exit(exitDenied, err) // what was handed in was read, and approves nothing
	}
	return d, attest.Verify(in), nil
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
func oneLine(text string) string { return source.Visible(text) }

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

// policy is what stands at policy-ref now, to be read until done is called; nil where the
// caller names the key, and no policy-ref.
func (f *verifyFlags) policy(ctx context.Context, s *streams) (p *policysource.Source, done func(), err error) {
	done = func() {}
	if (f.key != "" || f.trust != "") && f.policyRef == "" {
		return nil, done, nil
	}
	repo, err := git.Open(ctx, ".")
	if err != nil {
		return nil, done, fmt.Errorf("no trusted key: %w; run it in a clone of the repository, or give --key FILE or --trust FILE", err)
	}
	done = func() { repo.Close() }
	p, err = policysource.Open(ctx, policysource.Options{Dir: ".", Ref: f.policyRef, NeedTrusted: true, Getenv: s.Getenv, ReadInput: os.ReadFile}, repo, source.NoFiles{})
	if err == nil {
		err = since(ctx, repo, p)
	}
	if err == nil && !p.Trusted {
		err = fmt.Errorf("trust and people come from a commit of the target branch, not from %q", p.Label)
	}
	if err != nil {
		done()
		return nil, func() {}, err
	}
	return p, done, nil
}

// since adds what only refuses and has come to the target branch after the commit that the
// policy is of: in the run of a push that is what stood there before it, and who revokes
// something or begins a freeze does so now.
func since(ctx context.Context, repo *git.Repo, p *policysource.Source) error {
	ref, commit, ok := strings.Cut(p.Label, "@")
	if !p.Trusted || !ok {
		return nil
	}
	tip, err := repo.Resolve(ctx, ref)
	if err != nil || tip == commit {
		return nil // a commit that was named, or the tip itself
	}
	tree, err := repo.Tree(ctx, tip)
	if err != nil {
		return err
	}
	now, err := config.ReadFiles(tree, "", nil)
	if err != nil {
		return fmt.Errorf("%s as it stands now: %w", ref, err)
	}
	trust, c := *p.Trust, *p.Config
	trust.Revoked = slices.Concat(trust.Revoked, now.Trust.Revoked)
	for _, f := range now.Config.Freezes {
		if !slices.Contains(c.Freezes, f) {
			c.Freezes = append(slices.Clone(c.Freezes), f)
		}
	}
	p.Trust, p.Config = &trust, &c
	return nil
}

// met holds what was handed in against what the decision asks for. unread says why what
// was handed in cannot be told.
func (f *verifyFlags) met(policy *policysource.Source, d *attest.Decision, now time.Time) (met []attest.Met, unread, err error) {
	switch {
	case policy != nil:
	case f.evidence.any():
		return nil, errors.New("who approves is said by the target branch: name it with --policy-ref"), nil
	default:
		return nil, nil, nil
	}
	ask := approve.CaseOf(d)
	ask.Requirements = approve.Asked(d, policy.Config)
	e, unread, err := f.evidence.read(policy, f.repository, f.environment, now)
	if err != nil || unread != nil {
		return nil, unread, err
	}
	if ask.Any() {
		unread = approve.Missing(policy.Config, e)
	}
	for _, a := range approve.Match(approve.NewPeople(policy.Config), ask, e) {
		m := attest.Met{ID: a.ID, Open: a.Open, Why: a.Why}
		for _, v := range a.Given {
			m.Given = append(m.Given, v.String())
		}
		met = append(met, m)
	}
	return met, unread, nil
}

// keys returns the keys that may sign, and those that could not be read.
func (f *verifyFlags) keys(policy *policysource.Source) ([]envelope.PublicKey, []error, error) {
	switch {
	case f.key == "" && f.trust == "":
		keys, faults := attest.DecisionKeys(policy.Trust, f.repository, f.environment, policy.Tree.ReadFile)
		return keys, faults, nil
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
	f.revoked = trust.Revoked
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
