package main

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gate/internal/attest"
	"gate/internal/classify"
	"gate/internal/decide"
	"gate/internal/envelope"
	"gate/internal/facts"

	"github.com/spf13/cobra"
)

// decisionDir is a directory with a plan, a decision about it (signed and
// not), the public key and a trust file that names the key for prod.
func decisionDir(t *testing.T, change func(*attest.Input)) string {
	t.Helper()
	dir := t.TempDir()
	write := func(name string, data []byte) {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	seed := sha256.Sum256([]byte("verify test"))
	key, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), seed[:])
	if err != nil {
		t.Fatal(err)
	}
	signer, err := envelope.NewSigner(key)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKIXPublicKey(signer.Public())
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	write("k.key", pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}))
	public := string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
	plan := []byte("plan")
	sum := sha256.Sum256(plan)
	in := attest.Input{
		Result: &decide.Result{
			Tool: decide.Tool{Name: "gate", Version: "test"}, Now: time.Now().UTC().Format(time.RFC3339), PolicySource: "origin/main@" + strings.Repeat("0", 40),
			Change:       facts.Change{Repository: "github.com/acme/platform"},
			Environments: []decide.EnvironmentDecision{{Environment: "prod", Class: "prod", Decision: decide.Allow, Complete: true, Risk: "low", Classification: (*classify.Outcome)(nil).Of("prod", "")}},
		},
		Facts: &facts.Facts{}, ValidFor: time.Hour,
		Subjects: []attest.Artifact{{Name: attest.SubjectRendered, SHA256: hex.EncodeToString(sum[:])}},
	}
	if change != nil {
		change(&in)
	}
	payload, err := attest.Build(in)
	if err != nil {
		t.Fatal(err)
	}
	bundle, err := attest.Sign(payload, signer)
	if err != nil {
		t.Fatal(err)
	}
	write("rendered.yaml", plan)
	write("other.yaml", []byte("another"))
	write("d.sigstore.json", bundle)
	write("unsigned.json", payload)
	write("broken.json", bundle[:50])
	write("k.pub", []byte(public))
	trust := "apiVersion: gate/v1\ndecisions:\n  - name: ci\n    environments: [prod]\n    keys:\n      - pem: |\n          " +
		strings.ReplaceAll(strings.TrimSpace(public), "\n", "\n          ") + "\n"
	write("trust.yaml", []byte(trust))
	digest := sha256.Sum256(payload)
	write("revoked.yaml", []byte(trust+"revoked:\n  - {decision: "+hex.EncodeToString(digest[:])+", reason: wrong account}\n"))
	return dir
}

// TestDecisionRoundTrip goes the whole way on a real repository: check writes
// a signed decision, show prints it, verify holds the checkout against it.
func TestDecisionRoundTrip(t *testing.T) {
	t.Parallel()
	keys := decisionDir(t, nil)
	repo := t.TempDir()
	write := func(name, content string) {
		path := filepath.Join(repo, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	git := func(args ...string) {
		cmd := exec.Command("git", append([]string{"-C", repo, "-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false"}, args...)...)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("git %v: %v\n%s", args, err, out)
		}
	}
	write("dev/config.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: web, namespace: web}\ndata: {greeting: hello}\n")
	write(".gate.yaml", "apiVersion: gate/v1\nenvironments:\n  - {name: dev, class: non-prod, paths: [\"dev/**\"]}\n")
	git("init", "-q", "-b", "main")
	git("remote", "add", "origin", "https://github.com/acme/platform.git")
	git("add", ".")
	git("commit", "-q", "-m", "first")

	run := func(want int, args ...string) string {
		t.Helper()
		var out, errs bytes.Buffer
		code := Main(args, &streams{In: strings.NewReader(""), Out: &out, Err: &errs, Getenv: func(string) string { return "" }})
		if code != want {
			t.Fatalf("gate %v: exit %d, want %d\n%s%s", args, code, want, out.String(), errs.String())
		}
		return out.String()
	}
	decisions := filepath.Join(keys, "decisions") + "/"
	check := []string{"check", repo, "--policy-ref", "main", "--sign-key", filepath.Join(keys, "k.key"), "--format", "json=" + filepath.Join(keys, "r.json")}
	run(exitOK, append(check, "--decision", decisions)...)
	file := filepath.Join(decisions, "dev.sigstore.json")
	if out := run(exitOK, "show", file); !strings.Contains(out, "place       dev (class non-prod)") || !strings.Contains(out, "source-closure") {
		t.Errorf("show printed\n%s", out)
	}
	verify := []string{
		"verify", file, "--env", "dev", "--key", filepath.Join(keys, "k.pub"),
		"--repository", "github.com/acme/platform", "--subject", "source-closure=" + repo,
	}
	if out := run(exitOK, verify...); !strings.HasPrefix(out, "authorised: ") {
		t.Errorf("verify printed %q", out)
	}
	payload := run(exitOK, "show", "--format", "payload", file)

	run(exitOK, append(check, "--decision", decisions, "--now", evaluatedAt(t, file))...)
	if again := run(exitOK, "show", "--format", "payload", file); again != payload {
		t.Errorf("two runs differ:\n%s\n%s", payload, again)
	}
	// What a controller would apply beside the judged files was not judged.
	write("README.md", "# Nothing that is applied\n")
	run(exitOK, verify...)
	write("dev/more.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: more, namespace: web}\n")
	if out := run(exitDenied, verify...); !strings.Contains(out, "a file is there that was not judged: dev/more.yaml") {
		t.Errorf("after a file was added verify printed %q", out)
	}
	if err := os.Remove(filepath.Join(repo, "dev/more.yaml")); err != nil {
		t.Fatal(err)
	}
	write("dev/config.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: web, namespace: web}\ndata: {greeting: goodbye}\n")
	if out := run(exitDenied, verify...); !strings.Contains(out, "subject-mismatch: ") {
		t.Errorf("after a change verify printed %q", out)
	}
}

// evaluatedAt is the time at which a decision was made.
func evaluatedAt(t *testing.T, file string) string {
	t.Helper()
	d, err := attest.Read(file)
	if err != nil {
		t.Fatal(err)
	}
	return d.Predicate.EvaluatedAt
}

// runCommand runs one command by itself.
func runCommand(newCommand func(*streams) *cobra.Command, args ...string) (code int, stdout, stderr string) {
	var out, errs bytes.Buffer
	s := &streams{Out: &out, Err: &errs, Getenv: func(string) string { return "" }}
	cmd := newCommand(s)
	cmd.SetArgs(args)
	cmd.SetOut(&out)
	cmd.SetErr(&errs)
	cmd.SilenceErrors, cmd.SilenceUsage = true, true
	err := cmd.Execute()
	if err == nil {
		return exitOK, out.String(), errs.String()
	}
	var e *exitError
	if !errors.As(err, &e) {
		e = &exitError{code: exitUsage, err: err}
	}
	return e.code, out.String(), errs.String() + e.Error()
}

func TestVerifyCommand(t *testing.T) {
	t.Parallel()
	approval := func(in *attest.Input) {
		in.Result.Environments[0].Requirements = []decide.Requirement{{ID: "q", Role: "security", Count: 1}}
	}
	tests := []struct {
		name   string
		args   string // $D is the directory
		change func(*attest.Input)
		code   int
		want   string
	}{
		{"authorised by key", "$D/d.sigstore.json --subject rendered-set=$D/rendered.yaml --env prod --key $D/k.pub --accept-given-trust", nil, exitOK, "authorised: decision sha256:"},
		{"authorised by trust file", "$D/d.sigstore.json --subject rendered-set=$D/rendered.yaml --env prod --trust $D/trust.yaml --accept-given-trust", nil, exitOK, "authorised"},
		{"revoked by trust file", "$D/d.sigstore.json --subject rendered-set=$D/rendered.yaml --env prod --trust $D/revoked.yaml --accept-given-trust", nil, exitDenied, "revoked: the decision was revoked: wrong account"},
		{"longer than a day in production", "$D/d.sigstore.json --subject rendered-set=$D/rendered.yaml --env prod --key $D/k.pub --accept-given-trust", func(in *attest.Input) { in.ValidFor = 25 * time.Hour }, exitDenied, "validity: it lasts 25h0m0s, and decisions for class prod last 24h0m0s at most"},
		{"another environment", "$D/d.sigstore.json --subject rendered-set=$D/rendered.yaml --env dev --key $D/k.pub", nil, exitDenied, "environment: "},
		{"no signer for the environment", "$D/d.sigstore.json --subject rendered-set=$D/rendered.yaml --env dev --trust $D/trust.yaml", nil, exitDenied, "signature: no key may sign"},
		{"other bytes", "$D/d.sigstore.json --subject rendered-set=$D/other.yaml --env prod --key $D/k.pub --accept-given-trust", nil, exitDenied, "subject-mismatch: "},
		{"another repository", "$D/d.sigstore.json --subject rendered-set=$D/rendered.yaml --env prod --key $D/k.pub --accept-given-trust --repository github.com/acme/other", nil, exitDenied, "repository: "},
		{"unsigned", "$D/unsigned.json --subject rendered-set=$D/rendered.yaml --env prod --key $D/k.pub --accept-given-trust", nil, exitDenied, "unsigned: "},
		{"no decision", "$D/k.pub --subject rendered-set=$D/rendered.yaml --env prod --key $D/k.pub --accept-given-trust", nil, exitDenied, "not a decision"},
		{"damaged decision", "$D/broken.json --subject rendered-set=$D/rendered.yaml --env prod --key $D/k.pub --accept-given-trust", nil, exitDenied, "not a decision"},
		{"file missing", "$D/d.sigstore.json --subject rendered-set=$D/none --env prod --key $D/k.pub --accept-given-trust", nil, exitIncomplete, "unknown: "},
		{"decision missing", "$D/none.json --subject rendered-set=$D/rendered.yaml --env prod --key $D/k.pub --accept-given-trust", nil, exitIncomplete, "no such file"},
		{"approvals", "$D/d.sigstore.json --subject rendered-set=$D/rendered.yaml --env prod --key $D/k.pub --accept-given-trust", approval, exitApproval, "approvals: requirement q"},
		{"no environment", "$D/d.sigstore.json --subject rendered-set=$D/rendered.yaml --key $D/k.pub", nil, exitUsage, "--env is missing"},
		{"no subject", "$D/d.sigstore.json --env prod --key $D/k.pub --accept-given-trust", nil, exitUsage, "--subject is missing"},
		{"subject without file", "$D/d.sigstore.json --subject tfplan --env prod --key $D/k.pub --accept-given-trust", nil, exitUsage, "expected NAME=FILE"},
		{"subject twice", "$D/d.sigstore.json --subject tfplan=a --subject tfplan=b --env prod --key $D/k.pub --accept-given-trust", nil, exitUsage, "given twice"},
		{"no such policy", "$D/d.sigstore.json --subject rendered-set=$D/rendered.yaml --env prod --policy-ref no-such-ref", nil, exitUsage, "no-such-ref"},
		{"key and trust", "$D/d.sigstore.json --subject rendered-set=$D/rendered.yaml --env prod --key $D/k.pub --accept-given-trust --trust $D/trust.yaml", nil, exitUsage, "exclude each other"},
		{"key is no key", "$D/d.sigstore.json --subject rendered-set=$D/rendered.yaml --env prod --key $D/trust.yaml --accept-given-trust", nil, exitUsage, "no PEM block"},
		{"trust is no trust file", "$D/d.sigstore.json --subject rendered-set=$D/rendered.yaml --env prod --trust $D/k.pub --accept-given-trust", nil, exitUsage, "--trust"},
		{"unknown flag", "$D/d.sigstore.json --yes", nil, exitUsage, "unknown flag"},
		{"no file", "", nil, exitUsage, "accepts 1 arg"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			args := strings.Fields(strings.ReplaceAll(tt.args, "$D", decisionDir(t, tt.change)))
			if !strings.Contains(tt.args, "--repository") { // else it is that of the working directory
				args = append(args, "--repository", "github.com/acme/platform")
			}
			code, out, errs := runCommand(newVerifyCommand, args...)
			if code != tt.code || !strings.Contains(out+errs, tt.want) {
				t.Errorf("exit %d, want %d with %q\n%s%s", code, tt.code, tt.want, out, errs)
			}
			if (code == exitOK) != strings.HasPrefix(out, "authorised: ") {
				t.Errorf("exit %d but output %q", code, out)
			}
		})
	}
}

func TestShowCommand(t *testing.T) {
	t.Parallel()
	dir := decisionDir(t, nil)
	tests := []struct {
		name string
		args []string
		code int
		want string
	}{
		{"bundle", []string{filepath.Join(dir, "d.sigstore.json")}, exitOK, "decision    allow, complete"},
		{"bare statement", []string{filepath.Join(dir, "unsigned.json")}, exitOK, "NOT SIGNED"},
		{"payload", []string{filepath.Join(dir, "d.sigstore.json"), "--format", "payload"}, exitOK, `"predicateType":"urn:gate:decision:v1"`},
		{"unknown format", []string{filepath.Join(dir, "d.sigstore.json"), "--format", "xml"}, exitUsage, "expected text or payload"},
		{"no decision", []string{filepath.Join(dir, "k.pub")}, exitIncomplete, "not a decision"},
		{"no file", []string{filepath.Join(dir, "none")}, exitIncomplete, "no such file"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			code, out, errs := runCommand(newShowCommand, tt.args...)
			if code != tt.code || !strings.Contains(out+errs, tt.want) {
				t.Errorf("exit %d, want %d with %q\n%s%s", code, tt.code, tt.want, out, errs)
			}
		})
	}
}
