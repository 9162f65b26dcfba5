package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"time"

	"gate/internal/attest"
	"gate/internal/envelope"

	"github.com/spf13/cobra"
)

// execFlags are the flags of exec.
type execFlags struct {
	verifyFlags
	record  string
	signKey string
}

func newExecCommand(s *streams) *cobra.Command {
	var f execFlags
	cmd := &cobra.Command{
		Use:   "exec DECISION --subject NAME=FILE… --env NAME [flags of verify] -- CMD ARG…",
		Short: "Verify a decision on a private copy and run a program on that copy",
		Long: `Copies the subjects to where nobody else writes, verifies the decision on the copies as
gate verify does, and runs CMD with them: {plan} stands for the copy of tfplan, {NAME} for
that of any other subject, such as {rendered-set} and {source-closure}, a directory. A
command that names none of them, or an original, is refused.

  gate exec d.json --env prod --subject tfplan=tfplan --subject plan-json=plan.json \
    --reviews reviews.json -- terraform apply {plan}

--record DIR/ takes a record before the program begins (started.json) and one after it has
ended (ended.json), signed with --sign-key.

Exit codes: those of the program; 125 if it is refused, with the reason on standard
error; 126 and 127 if it cannot be started or is not there.`,
		Args: func(cmd *cobra.Command, args []string) error {
			if err := cobra.MinimumNArgs(2)(cmd, args); err != nil {
				return exit(exitRefused, err)
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if !cmd.Flags().Changed("env") {
				return exit(exitRefused, errors.New("--env is missing: the caller says where it is about to apply, not the decision (--env \"\" for none)"))
			}
			if cmd.ArgsLenAtDash() != 1 {
				return exit(exitRefused, errors.New("write the command behind --: gate exec DECISION … -- CMD ARG…"))
			}
			return f.run(cmd.Context(), s, args[0], args[1:], time.Now())
		},
	}
	f.register(cmd)
	cmd.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return exit(exitRefused, err) })
	fl := cmd.Flags()
	fl.StringVar(&f.record, "record", "", "directory that takes the records of the execution")
	fl.StringVar(&f.signKey, "sign-key", "", "private key that signs the records: a file, ssh-agent:FINGERPRINT, or NAME://KEY of a KMS")
	return cmd
}

// Exit codes of exec that are not the program's, as env and docker run have them.
const (
	exitRefused     = 125 // gate does not run it
	exitUnstartable = 126
	exitNotFound    = 127
)

func (f *execFlags) run(ctx context.Context, s *streams, file string, command []string, now time.Time) error {
	dir, err := os.MkdirTemp("", "gate-exec-") // mode 0700
	if err == nil {
		dir, err = filepath.Abs(dir) // the program may run elsewhere
	}
	if err != nil {
		return exit(exitRefused, err)
	}
	defer os.RemoveAll(dir)
	r, args, err := f.prepare(ctx, s, file, command, dir, now)
	if err == nil {
		err = r.started() // nothing is applied that nobody would know of
	}
	if err != nil {
		if coded := new(exitError); errors.As(err, &coded) { // what verify would end in is told in words
			err = coded.err
		}
		return exit(exitRefused, err)
	}
	code, cancelled, err := runChild(s, args)
	if err != nil {
		code = exitUnstartable
		if errors.Is(err, exec.ErrNotFound) || errors.Is(err, fs.ErrNotExist) {
			code = exitNotFound
		}
		err = fmt.Errorf("run %s: %w", args[0], err)
	}
	if recordErr := r.ended(code, cancelled); recordErr != nil {
		fmt.Fprintln(s.Err, "gate: "+printable(recordErr.Error()))
		if code == 0 {
			code = exitRefused
		}
	}
	if code == 0 {
		return nil
	}
	return exit(code, err)
}

// prepare verifies the decision on a private copy in dir. It returns who records what is
// run, and the command with the copies in it.
func (f *execFlags) prepare(ctx context.Context, s *streams, file string, command []string, dir string, now time.Time) (*recorder, []string, error) {
	subjects, err := parseSubjects(f.subjects)
	if err != nil {
		return nil, nil, err
	}
	if f.signKey != "" && f.record == "" {
		return nil, nil, errors.New("--sign-key signs the records; name their directory with --record")
	}
	signer, err := loadSigner(s, f.signKey)
	if err != nil {
		return nil, nil, err
	}
	if f.read, err = attest.Read(file); err != nil {
		return nil, nil, err
	}
	copies, err := copySubjects(f.read, subjects, dir)
	if err != nil {
		return nil, nil, err
	}
	args, err := filled(command, subjects, copies)
	if err != nil {
		return nil, nil, err
	}
	d, v, err := f.verify(ctx, s, file, copies, now)
	if err != nil {
		return nil, nil, err
	}
	if err := tell(s, s.Err, d, v); err != nil {
		return nil, nil, err
	}
	return &recorder{decision: d, dir: f.record, signer: signer, execution: attest.Execution{
		Command: command, Approvals: v.Given, Runner: runner(s.Getenv), StartedAt: time.Now().UTC().Format(time.RFC3339),
	}}, args, nil
}

// copySubjects copies the subjects of the decision that were handed in; others are left
// for verify to refuse.
func copySubjects(d *attest.Decision, subjects map[string]string, dir string) (copies map[string]string, err error) {
	copies = map[string]string{}
	for name, from := range subjects {
		copies[name] = filepath.Join(dir, "none")
		for _, a := range d.Subjects {
			if a.Name != name {
				continue
			}
			if copies[name], err = attest.CopySubject(a, from, dir); err != nil {
				return nil, fmt.Errorf("subject %q: %w", name, err)
			}
		}
	}
	return copies, nil
}

var placeholder = regexp.MustCompile(`\{[a-z][a-z-]*(:[^{}]*)?\}`)

// filled is the command with the copies in the place of their names. It has to consume one
// of them, and none of the originals.
func filled(command []string, subjects, copies map[string]string) ([]string, error) {
	used := false
	var fault error
	args := make([]string, len(command))
	for i, arg := range command {
		args[i] = placeholder.ReplaceAllStringFunc(arg, func(m string) string {
			name := strings.Trim(m, "{}")
			if kind, rest, _ := strings.Cut(name, ":"); kind == "plan" {
				name = strings.TrimSuffix(attest.SubjectPlan+":"+rest, ":")
			}
			to, ok := copies[name]
			if !ok {
				fault = fmt.Errorf("%s stands for no subject that was handed in", m)
				return m
			}
			// The JSON of a plan is read by people: a program that applies takes the plan.
			used = used || name != attest.SubjectPlanJSON && !strings.HasPrefix(name, attest.SubjectPlanJSON+":")
			return to
		})
		for name, from := range subjects {
			if i > 0 && from != "." && (isFile(arg, from) || isFile(valueOf(arg), from)) {
				return nil, fmt.Errorf("the command names %s, which may change after it was verified; {%s} stands for the copy that was", arg, name)
			}
		}
	}
	switch {
	case fault != nil:
		return nil, fault
	case !used:
		return nil, errors.New("the command consumes nothing that is verified: {plan}, {rendered-set} or {source-closure} stands for the copy")
	}
	return args, nil
}

// valueOf is what an argument sets a flag to: plan of -out=plan.
func valueOf(arg string) string {
	_, value, _ := strings.Cut(arg, "=")
	return value
}

// isFile says whether a word names a file, by whatever path.
func isFile(word, file string) bool {
	if word == "" {
		return false
	}
	if filepath.Clean(word) == filepath.Clean(file) {
		return true
	}
	a, err := os.Stat(word)
	if err != nil {
		return false
	}
	b, err := os.Stat(file)
	return err == nil && os.SameFile(a, b)
}

// runChild runs a program with the streams and the environment of this one, passes signals
// on, and waits for it. cancelled says that a signal ended it.
func runChild(s *streams, args []string) (code int, cancelled bool, err error) {
	child := exec.Command(args[0], args[1:]...)
	child.Stdin, child.Stdout, child.Stderr = s.In, s.Out, s.Err
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT)
	defer signal.Stop(signals)
	if err := child.Start(); err != nil {
		return 0, false, err
	}
	done := make(chan struct{})
	go func() {
		for {
			select {
			case sig := <-signals:
				_ = child.Process.Signal(sig) // it may have ended
			case <-done:
				return
			}
		}
	}()
	err = child.Wait()
	close(done)
	var ended *exec.ExitError
	switch {
	case err == nil:
		return 0, false, nil
	case errors.As(err, &ended):
		if status, ok := ended.Sys().(syscall.WaitStatus); ok && status.Signaled() {
			return 128 + int(status.Signal()), true, nil
		}
		return ended.ExitCode(), false, nil
	}
	return 0, false, err
}

// recorder writes what was run. Without a directory it writes nothing.
type recorder struct {
	decision  *attest.Decision
	dir       string
	signer    envelope.Signer
	execution attest.Execution
}

func (r *recorder) started() error {
	r.execution.Result, r.execution.ExitCode = attest.Started, -1
	if _, err := os.Lstat(filepath.Join(r.dir, "ended.json")); r.dir != "" && err == nil {
		return fmt.Errorf("write the record: %s has the end of another execution: each has a directory of its own", r.dir)
	}
	digest, err := r.write("started.json")
	r.execution.Start = digest
	return err
}

func (r *recorder) ended(code int, cancelled bool) error {
	r.execution.ExitCode, r.execution.EndedAt = code, time.Now().UTC().Format(time.RFC3339)
	switch {
	case cancelled:
		r.execution.Result = attest.Cancelled
	case code != 0:
		r.execution.Result = attest.Failed
	default:
		r.execution.Result = attest.Success
	}
	_, err := r.write("ended.json")
	return err
}

func (r *recorder) write(name string) (digest string, err error) {
	payload, digest, err := attest.BuildExecution(r.decision, r.execution)
	if err != nil || r.dir == "" {
		return digest, err
	}
	if r.signer != nil {
		if payload, err = envelope.SignBundle(payload, envelope.PayloadType, r.signer); err != nil {
			return digest, err
		}
	}
	file := filepath.Join(r.dir, name)
	if _, err := os.Lstat(file); err == nil {
		return digest, fmt.Errorf("write the record: %s is there already, and tells of another execution: each has a directory of its own", file)
	}
	if err := writeOutput(nil, file, append(payload, '\n'), 0o644); err != nil {
		return digest, fmt.Errorf("write the record: %w", err)
	}
	return digest, nil
}

// runnerVariables are what CI systems say of themselves.
var runnerVariables = []string{
	"CI_JOB_ID", "CI_PIPELINE_ID", "CI_PROJECT_PATH", "CI_RUNNER_ID", "GITHUB_ACTOR", "GITHUB_REF", "GITHUB_REPOSITORY", "GITHUB_RUN_ATTEMPT",
	"GITHUB_RUN_ID", "GITHUB_SHA", "GITHUB_WORKFLOW_REF", "RUNNER_ENVIRONMENT", "RUNNER_NAME",
}

func runner(getenv func(string) string) map[string]string {
	out := map[string]string{}
	for _, name := range slices.Sorted(slices.Values(runnerVariables)) {
		if v := getenv(name); v != "" {
			out[name] = v
		}
	}
	return out
}
