package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestPlanRoundTrip goes from a plan of production to its authorisation: only
// the pair that was compared, and only these bytes.
func TestPlanRoundTrip(t *testing.T) {
	t.Parallel()
	keys, repo := decisionDir(t, nil), t.TempDir()
	write := func(file string, data []byte) string {
		t.Helper()
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, data, 0o644); err != nil {
			t.Fatal(err)
		}
		return file
	}
	read := func(name string) []byte {
		t.Helper()
		data, err := os.ReadFile(filepath.Join("testdata", "plan", name))
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	write(filepath.Join(repo, "stack/main.tf"), []byte("terraform {\n  required_version = \"~> 1.11\"\n}\n\nresource \"terraform_data\" \"release\" {\n  input = \"v1\"\n}\n"))
	write(filepath.Join(repo, ".gate.yaml"), []byte(`apiVersion: gate/v1
environments:
  - {name: prod, class: prod, paths: ["stack/**"]}
optional: [pull-request, protection, attestations, contract]
approvals: {prod: {low: 0, medium: 0, high: 0, critical: 0}}
rules:
  iac/state-backend: {effect: "off"}
  evidence/evidence-id: {effect: "off"}
  repository/codeowners-approval: {effect: "off"}
`))
	for _, args := range [][]string{{"init", "-q", "-b", "main"}, {"remote", "add", "origin", "https://github.com/acme/platform.git"}, {"add", ".gate.yaml"}, {"commit", "-q", "-m", "first"}, {"checkout", "-q", "-b", "change"}, {"add", "."}, {"commit", "-q", "-m", "second"}} {
		cmd := exec.Command("git", append([]string{"-C", repo, "-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false"}, args...)...)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("git %v: %v\n%s", args, err, out)
		}
	}
	run := func(want int, args ...string) string {
		t.Helper()
		var out, errs bytes.Buffer
		code := Main(args, &streams{In: strings.NewReader(""), Out: &out, Err: &errs, Getenv: func(string) string { return "" }})
		if code != want {
			t.Fatalf("gate %v: exit %d, want %d\n%s%s", args, code, want, out.String(), errs.String())
		}
		return out.String()
	}
	dir := t.TempDir()
	plan, binary := write(filepath.Join(dir, "plan.json"), read("plan.json")), write(filepath.Join(dir, "tfplan"), read("tfplan"))
	check := []string{"check", repo, "--policy-ref", "main", "--sign-key", filepath.Join(keys, "k.key"), "--no-worker", "--plan", "stack=" + plan}
	with := filepath.Join(dir, "with.sigstore.json")
	run(exitOK, append(check, "--plan-file", "stack="+binary, "--decision", with)...)
	if out := run(exitOK, "show", with); !strings.Contains(out, "plan link") || !strings.Contains(out, "verified") {
		t.Errorf("show printed\n%s", out)
	}
	verify := func(want int, decision, binary, plan string) string {
		t.Helper()
		args := []string{"verify", decision, "--env", "prod", "--key", filepath.Join(keys, "k.pub"), "--accept-given-trust", "--repository", "github.com/acme/platform", "--subject", "plan-json:stack=" + plan}
		if binary != "" {
			args = append(args, "--subject", "tfplan:stack="+binary)
		}
		return run(want, args...)
	}
	if out := verify(exitOK, with, binary, plan); !strings.HasPrefix(out, "authorised: ") {
		t.Errorf("verify printed %q", out)
	}
	// One changed byte of either, another plan, or none.
	changed := func(name string, data []byte) string {
		data[len(data)/2] ^= 1
		return write(filepath.Join(dir, name), data)
	}
	other := write(filepath.Join(dir, "tfplan-v2"), read("tfplan-v2"))
	for name, pair := range map[string][2]string{
		"the binary plan":     {changed("tfplan-changed", read("tfplan")), plan},
		"the JSON":            {binary, changed("plan-changed.json", read("plan.json"))},
		"another binary plan": {other, plan},
	} {
		if out := verify(exitDenied, with, pair[0], pair[1]); !strings.Contains(out, "subject-mismatch: ") {
			t.Errorf("%s: verify printed %q", name, out)
		}
	}
	verify(exitDenied, with, "", plan)

	// Judged without its binary plan: nothing says that the JSON is of it.
	alone := filepath.Join(dir, "alone.sigstore.json")
	run(exitOK, append(check, "--decision", alone)...)
	if out := verify(exitDenied, alone, "", plan); !strings.Contains(out, "plan-link: ") {
		t.Errorf("without the binary plan verify printed %q", out)
	}
	// Judged beside a binary plan of something else.
	differs := filepath.Join(dir, "differs.sigstore.json")
	run(exitDenied, append(check, "--plan-file", "stack="+other, "--decision", differs)...)
	if out := verify(exitDenied, differs, other, plan); strings.Contains(out, "authorised: ") {
		t.Errorf("verify authorised a pair that does not fit: %q", out)
	}
}
