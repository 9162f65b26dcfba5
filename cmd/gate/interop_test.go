package main

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// programs runs gate and others in the clone of a way.
type programs struct {
	*way
	dir      string
	outcomes map[string]string // of what was asked, by its arguments
}

func newPrograms(t *testing.T) *programs {
	t.Helper()
	w := newWay(t, nil)
	gate, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(gate, filepath.Join(w.dir, "programs", "gate")); err != nil {
		t.Fatal(err)
	}
	return &programs{way: w, dir: w.clone("refs/pull/7/head"), outcomes: map[string]string{}}
}

// run wants an exit code, and returns what was printed.
func (p *programs) run(want int, name string, args ...string) string {
	p.t.Helper()
	path := name
	if name == "gate" {
		path = filepath.Join(p.way.dir, "programs", "gate")
	}
	cmd := exec.Command(path, args...)
	cmd.Dir, cmd.Env = p.dir, p.env
	out, err := cmd.CombinedOutput()
	code := 0
	if err != nil {
		if cmd.ProcessState == nil {
			p.t.Fatal(err)
		}
		code = cmd.ProcessState.ExitCode()
	}
	if code != want {
		p.t.Fatalf("%s %s: exit %d, want %d\n%s", name, strings.Join(args, " "), code, want, out)
	}
	return string(out)
}

func (p *programs) file(name string) string { return filepath.Join(p.way.dir, name) }

// decide judges the stack's plan and signs the decision.
func (p *programs) decide(more ...string) {
	p.t.Helper()
	p.event()
	p.run(0, "gate", append([]string{"check", ".", "--base", "origin/main", "--fail-on", "deny", "--event", p.file("event.json"), "--plan", "stacks/release=" + p.file("plan.json"), "--plan-file", "stacks/release=" + p.file("tfplan"),
		"--decision", p.file(decided), "--sign-key", p.file("sign.key")}, more...)...)
}

const decided = "decision.sigstore.json"

// with are the arguments of verify and exec.
func (p *programs) with(command, binary, plan, target string) []string {
	return []string{command, p.file(decided), "--env", "prod", "--target", target, "--subject", "source-closure=.",
		"--subject", "tfplan:stacks/release=" + p.file(binary), "--subject", "plan-json:stacks/release=" + p.file(plan)}
}

// TestTerraformProgram goes the whole way with a real Terraform, whose path GATE_TERRAFORM
// names, and has each thing swapped that is bound: make interop.
func TestTerraformProgram(t *testing.T) {
	terraform := os.Getenv("GATE_TERRAFORM")
	if terraform == "" {
		t.Skip("GATE_TERRAFORM names no terraform; make interop runs this test where one is installed")
	}
	p := newPrograms(t)
	if err := os.Remove(p.file("programs/terraform")); err != nil { // the one that stands in for it
		t.Fatal(err)
	}
	p.env = append(p.env, "TF_IN_AUTOMATION=1", "CHECKPOINT_DISABLE=1", "TF_CLI_CONFIG_FILE="+os.DevNull)
	stack := "-chdir=stacks/release"
	plan := func(to string, variables ...string) {
		t.Helper()
		p.run(0, terraform, append([]string{stack, "plan", "-input=false", "-lock=false", "-out=" + p.file(to)}, variables...)...)
		cmd := exec.Command(terraform, stack, "show", "-json", p.file(to))
		cmd.Dir, cmd.Env = p.dir, p.env
		data, err := cmd.Output()
		if err != nil {
			t.Fatal(err)
		}
		p.write(strings.Replace(to, "tfplan", "plan", 1)+".json", string(data), 0o600)
	}
	p.run(0, terraform, stack, "init", "-input=false")
	plan("tfplan")
	plan("tfplan-again")
	p.decide()
	p.reviews("bob")
	// One review, and a signed approval.
	p.run(0, "gate", "approve", p.file(decided), "--sign-key", p.approver("carol"), "--out", p.file("approval.json"), "--yes")
	approved := []string{"--reviews", p.file("answers/reviews.json"), "--approval", p.file("approval.json")}
	verify := func(want int, says string, args []string, more ...string) {
		t.Helper()
		if out := p.run(want, "gate", slices.Concat(args, more)...); !strings.Contains(out, says) {
			t.Errorf("gate %s printed %q, want %q", args[0], out, says)
		}
	}
	// A decision whose time has passed, of the same.
	p.decide("--now", time.Now().UTC().Add(-48*time.Hour).Format(time.RFC3339))
	verify(1, "expired:", p.with("verify", "tfplan", "plan.json", "eu"), approved...)
	p.decide()
	verify(5, "approvals are missing", p.with("verify", "tfplan", "plan.json", "eu"), approved[:2]...)
	verify(0, "given by bob (review), carol (signature, retained)", p.with("verify", "tfplan", "plan.json", "eu"), approved...)
	// Another plan, even of the same, another JSON, another place, another repository.
	verify(1, "subject-mismatch", p.with("verify", "tfplan-again", "plan.json", "eu"), approved...)
	verify(1, "subject-mismatch", p.with("verify", "tfplan", "plan-again.json", "eu"), approved...)
	verify(1, "target:", p.with("verify", "tfplan", "plan.json", "us"), approved...)
	verify(1, "environment:", append(p.with("verify", "tfplan", "plan.json", "eu"), "--env", "dev"), approved...)
	verify(1, "repository:", append(p.with("verify", "tfplan", "plan.json", "eu"), "--repository", "github.com/acme/other"), approved...)
	apply := []string{"--", terraform, stack, "apply", "-input=false", "-lock=false", "{plan:stacks/release}"}
	verify(125, "subject-mismatch", append(p.with("exec", "tfplan-again", "plan.json", "eu"), approved...), apply...)
	if _, err := os.Stat(filepath.Join(p.dir, "stacks/release/terraform.tfstate")); err == nil {
		t.Fatal("something was applied")
	}
	verify(0, "Apply complete!", append(p.with("exec", "tfplan", "plan.json", "eu"), append(approved, "--record", p.file("record"))...), apply...)
	state, err := os.ReadFile(filepath.Join(p.dir, "stacks/release/terraform.tfstate"))
	if err != nil || !bytes.Contains(state, []byte(`"v1"`)) {
		t.Errorf("the state is %s, %v", state, err)
	}
	// Applied twice, Terraform itself says that the plan is stale; its exit code is passed on.
	verify(1, "stale", append(p.with("exec", "tfplan", "plan.json", "eu"), append(approved, "--record", p.file("again"))...), apply...)
	record, err := os.ReadFile(p.file("again/ended.json"))
	if err != nil || !bytes.Contains(record, []byte(`"result":"failed"`)) {
		t.Errorf("the record says %s, %v", record, err)
	}
}

// approver is a key of somebody whom the target branch knows by it.
func (p *programs) approver(person string) string {
	p.t.Helper()
	key := p.file(person + ".key")
	p.run(0, "ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", person, "-f", key)
	p.knows(person, p.run(0, "ssh-keygen", "-l", "-E", "sha256", "-f", key+".pub"))
	return key
}

var sshFingerprint = regexp.MustCompile(`SHA256:[A-Za-z0-9+/]{43}`)

// knows has the target branch say that a key is somebody's.
func (p *programs) knows(person, text string) string {
	p.t.Helper()
	fingerprint := sshFingerprint.FindString(text)
	work := p.file("work")
	config, err := os.ReadFile(filepath.Join(work, ".gate.yaml"))
	if err != nil {
		p.t.Fatal(err)
	}
	known := strings.Replace(string(config), "git: ["+person+"@example.com]", "git: ["+person+"@example.com], keys: [\""+fingerprint+"\"]", 1)
	p.git(work, "reset", "-q", "--hard", "main")
	p.write("work/.gate.yaml", known, 0o644)
	p.git(work, "commit", "-q", "-a", "-m", "key of "+person)
	p.git(work, "push", "-q", "origin", "main")
	p.git(p.dir, "fetch", "-q", "origin", "+refs/heads/main:refs/remotes/origin/main")
	return fingerprint
}

// TestSSHPrograms approves with keys that ssh-keygen makes, from their files and through an
// ssh-agent: make interop.
func TestSSHPrograms(t *testing.T) {
	if os.Getenv("GATE_SSH") == "" {
		t.Skip("GATE_SSH is not set; make interop runs this test where ssh-keygen and ssh-agent are installed")
	}
	for _, kind := range []string{"ed25519", "ecdsa"} {
		p := newPrograms(t)
		for from, to := range map[string]string{"tfplan": "tfplan", "plan.json": "plan.json"} {
			data, err := os.ReadFile(filepath.Join("testdata", "plan", from))
			if err != nil {
				t.Fatal(err)
			}
			p.write(to, string(data), 0o600)
		}
		args := []string{"-q", "-t", kind, "-N", "", "-f", p.file("carol.key")}
		if kind == "ecdsa" {
			args = append(args, "-b", "256")
		}
		p.run(0, "ssh-keygen", args...)
		fingerprint := p.knows("carol", p.run(0, "ssh-keygen", "-l", "-E", "sha256", "-f", p.file("carol.key.pub")))
		p.decide()
		p.reviews("bob")
		agent := exec.Command("ssh-agent", "-D", "-a", p.file("agent.sock"))
		if err := agent.Start(); err != nil {
			t.Fatal(err)
		}
		defer func() { _ = agent.Process.Kill(); _ = agent.Wait() }()
		for range 100 {
			if _, err := os.Stat(p.file("agent.sock")); err == nil {
				break
			}
			time.Sleep(20 * time.Millisecond)
		}
		p.env = append(p.env, "SSH_AUTH_SOCK="+p.file("agent.sock"))
		p.run(0, "ssh-add", "-q", p.file("carol.key"))
		for name, key := range map[string]string{"file": p.file("carol.key"), "agent": "ssh-agent:" + fingerprint} {
			out := p.file(name + ".approval.json")
			p.run(0, "gate", "approve", p.file(decided), "--sign-key", key, "--out", out, "--yes")
			if got := p.run(0, "gate", append(p.with("verify", "tfplan", "plan.json", "eu"), "--reviews", p.file("answers/reviews.json"), "--approval", out)...); !strings.Contains(got, "carol (signature)") {
				t.Errorf("%s by %s: %s", kind, name, got)
			}
		}
	}
}

// TestCosignOfApprovals holds approvals and records against a real cosign, whose path
// GATE_COSIGN names: make interop.
func TestCosignOfApprovals(t *testing.T) {
	cosign := os.Getenv("GATE_COSIGN")
	if cosign == "" {
		t.Skip("GATE_COSIGN names no cosign; make interop builds two and runs this test with each")
	}
	p := newPrograms(t)
	for from, to := range map[string]string{"tfplan": "tfplan", "plan.json": "plan.json"} {
		data, err := os.ReadFile(filepath.Join("testdata", "plan", from))
		if err != nil {
			t.Fatal(err)
		}
		p.write(to, string(data), 0o600)
	}
	p.decide()
	p.reviews("bob", "carol")
	payload := exec.Command(filepath.Join(p.way.dir, "programs", "gate"), "show", "--format", "payload", p.file(decided))
	payload.Dir, payload.Env = p.dir, p.env
	data, err := payload.Output()
	if err != nil || !json.Valid(data) {
		t.Fatalf("payload: %v", err)
	}
	p.write("payload.json", string(data), 0o600)
	p.run(0, "gate", "approve", p.file(decided), "--sign-key", p.file("sign.key"), "--out", p.file("approval.json"), "--yes")
	p.run(0, "gate", append(p.with("exec", "tfplan", "plan.json", "eu"), "--reviews", p.file("answers/reviews.json"), "--record", p.file("record"), "--sign-key", p.file("sign.key"), "--", "true", "{plan:stacks/release}")...)
	for bundle, predicate := range map[string]string{"approval.json": "urn:gate:approval:v1", "record/started.json": "urn:gate:execution:v1", "record/ended.json": "urn:gate:execution:v1"} {
		check := func(want int, kind, blob string) {
			t.Helper()
			p.run(want, cosign, "verify-blob-attestation", "--key", p.file("work/.gate/ci.pub"), "--bundle", p.file(bundle), "--insecure-ignore-tlog", "--type", kind, p.file(blob))
		}
		check(0, predicate, "payload.json")
		check(1, "urn:gate:decision:v1", "payload.json")
		check(1, predicate, "plan.json")
	}
}
