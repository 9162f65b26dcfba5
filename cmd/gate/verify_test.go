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
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gate/internal/attest"
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
	public := string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
	plan := []byte("plan")
	sum := sha256.Sum256(plan)
	in := attest.Input{
		Result: &decide.Result{
			Tool: decide.Tool{Name: "gate", Version: "test"}, Now: time.Now().UTC().Format(time.RFC3339), PolicySource: "origin/main@" + strings.Repeat("0", 40),
			Environments: []decide.EnvironmentDecision{{Environment: "prod", Class: "prod", Decision: decide.Allow, Complete: true, Risk: "low"}},
		},
		Facts: &facts.Facts{}, ValidFor: time.Hour,
		Subjects: []attest.Subject{{Name: attest.SubjectRendered, SHA256: hex.EncodeToString(sum[:])}},
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
	write("trust.yaml", []byte("apiVersion: gate/v1\ndecisions:\n  - name: ci\n    environments: [prod]\n    keys:\n      - pem: |\n          "+
		strings.ReplaceAll(strings.TrimSpace(public), "\n", "\n          ")+"\n"))
	return dir
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
		{"authorised by key", "$D/d.sigstore.json --subject rendered-set=$D/rendered.yaml --env prod --key $D/k.pub", nil, exitOK, "authorised: decision sha256:"},
		{"authorised by trust file", "$D/d.sigstore.json --subject rendered-set=$D/rendered.yaml --env prod --trust $D/trust.yaml", nil, exitOK, "authorised"},
		{"another environment", "$D/d.sigstore.json --subject rendered-set=$D/rendered.yaml --env dev --key $D/k.pub", nil, exitDenied, "environment: "},
		{"no signer for the environment", "$D/d.sigstore.json --subject rendered-set=$D/rendered.yaml --env dev --trust $D/trust.yaml", nil, exitDenied, "signature: no key may sign"},
		{"other bytes", "$D/d.sigstore.json --subject rendered-set=$D/other.yaml --env prod --key $D/k.pub", nil, exitDenied, "subject-mismatch: "},
		{"unsigned", "$D/unsigned.json --subject rendered-set=$D/rendered.yaml --env prod --key $D/k.pub", nil, exitDenied, "unsigned: "},
		{"no decision", "$D/k.pub --subject rendered-set=$D/rendered.yaml --env prod --key $D/k.pub", nil, exitDenied, "not a decision"},
		{"damaged decision", "$D/broken.json --subject rendered-set=$D/rendered.yaml --env prod --key $D/k.pub", nil, exitDenied, "not a decision"},
		{"file missing", "$D/d.sigstore.json --subject rendered-set=$D/none --env prod --key $D/k.pub", nil, exitIncomplete, "unknown: "},
		{"decision missing", "$D/none.json --subject rendered-set=$D/rendered.yaml --env prod --key $D/k.pub", nil, exitIncomplete, "no such file"},
		{"approvals", "$D/d.sigstore.json --subject rendered-set=$D/rendered.yaml --env prod --key $D/k.pub", approval, exitApproval, "approvals: requirement q"},
		{"no environment", "$D/d.sigstore.json --subject rendered-set=$D/rendered.yaml --key $D/k.pub", nil, exitUsage, "--env is missing"},
		{"no subject", "$D/d.sigstore.json --env prod --key $D/k.pub", nil, exitUsage, "--subject is missing"},
		{"subject without file", "$D/d.sigstore.json --subject tfplan --env prod --key $D/k.pub", nil, exitUsage, "expected NAME=FILE"},
		{"subject twice", "$D/d.sigstore.json --subject tfplan=a --subject tfplan=b --env prod --key $D/k.pub", nil, exitUsage, "given twice"},
		{"no key", "$D/d.sigstore.json --subject rendered-set=$D/rendered.yaml --env prod", nil, exitUsage, "no trusted key"},
		{"key and trust", "$D/d.sigstore.json --subject rendered-set=$D/rendered.yaml --env prod --key $D/k.pub --trust $D/trust.yaml", nil, exitUsage, "exclude each other"},
		{"key is no key", "$D/d.sigstore.json --subject rendered-set=$D/rendered.yaml --env prod --key $D/trust.yaml", nil, exitUsage, "no PEM block"},
		{"trust is no trust file", "$D/d.sigstore.json --subject rendered-set=$D/rendered.yaml --env prod --trust $D/k.pub", nil, exitUsage, "--trust"},
		{"unknown flag", "$D/d.sigstore.json --yes", nil, exitUsage, "unknown flag"},
		{"no file", "", nil, exitUsage, "accepts 1 arg"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			args := strings.Fields(strings.ReplaceAll(tt.args, "$D", decisionDir(t, tt.change)))
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
