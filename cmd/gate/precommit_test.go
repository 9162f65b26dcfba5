package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestPreCommit has pre-commit itself, or a program of the same commands, run the
// hooks of .pre-commit-hooks.yaml on real commits and pushes: interop/README.md.
// Nothing is fetched: the hooks come from this checkout at its commit, the modules
// from the module cache.
func TestPreCommit(t *testing.T) {
	program, gate := os.Getenv("GATE_PRE_COMMIT"), os.Getenv("GATE_PROGRAM")
	if program == "" || gate == "" {
		t.Skip("GATE_PRE_COMMIT names no pre-commit, or GATE_PROGRAM no gate: make interop sets both")
	}
	hooks := newHooksRepository(t, program)
	for _, id := range []string{"gate", "gate-system"} {
		t.Run(id, func(t *testing.T) {
			h := newHooked(t, program, gate, hooks, id)
			h.write("README.md", "The cluster.\n")
			for i := range 3 {
				h.app(fmt.Sprintf("old-%d", i))
			}
			h.commit("base", "")
			h.push("main", "")

			// What there was before the hooks stops nothing.
			h.write("apps/old-0/debt.yaml", privilegedPod("debt"))
			h.git("add", "-A")
			h.git("commit", "-q", "--no-verify", "-m", "debt")
			h.git("push", "-q", "--no-verify", "origin", "main")
			for i := range 10 {
				h.app(fmt.Sprintf("new-%d", i))
			}
			h.commit("20 files", "")
			h.push("main", "")

			h.write("README.md", "The cluster, and who runs it.\n")
			h.commit("words", "")
			h.push("main", "")

			h.write("apps/new-0/shell.yaml", privilegedPod("shell"))
			h.commit("shell", `(?m)^ *apps/new-0/shell.yaml:7:\d+: container "web" of Pod "shell" is privileged \[kubernetes/privileged-container\]$`)
			h.git("rm", "-q", "--cached", "apps/new-0/shell.yaml") // not staged, not judged
			h.write("README.md", "The cluster, and who runs it now.\n")
			h.git("add", "README.md")
			h.run("", "git", "commit", "-q", "-m", "beside what is not staged")
			h.git("rm", "-q", "-r", "apps/new-9")
			h.run("", "git", "commit", "-q", "-m", "nothing but deletions")

			h.git("checkout", "-q", "-b", "topic")
			h.git("add", "-A")
			h.git("commit", "-q", "--no-verify", "-m", "shell")
			h.write("README.md", "The cluster.\n")
			h.commit("words of the topic", "")
			h.push("topic", `apps/new-0/shell.yaml:7:\d+: .*\[kubernetes/privileged-container\]`)
			h.git("rm", "-q", "apps/new-0/shell.yaml")
			h.commit("mended", "")
			h.push("topic", "")
			if out := h.run("", program, "run", "--all-files"); !strings.Contains(out, "decision: ") {
				t.Errorf("run --all-files: the hook did not run\n%s", out)
			}
		})
	}
}

// hooked is a repository with the hooks installed.
type hooked struct {
	t        *testing.T
	dir, env string // env: of the programs, one variable a line
}

func newHooked(t *testing.T, program, gate, hooks, id string) *hooked {
	t.Helper()
	dir := t.TempDir()
	h := &hooked{t: t, dir: filepath.Join(dir, "work")}
	h.env = strings.Join([]string{
		"PATH=" + filepath.Dir(gate) + string(os.PathListSeparator) + os.Getenv("PATH"),
		"PRE_COMMIT_HOME=" + filepath.Join(dir, "home"), "PREK_HOME=" + filepath.Join(dir, "home"),
		"GOMODCACHE=" + goEnv(t, "GOMODCACHE"), "GOCACHE=" + goEnv(t, "GOCACHE"), "GOPROXY=off", "GOTOOLCHAIN=local", "GOFLAGS=-trimpath",
		"GIT_CONFIG_GLOBAL=" + os.DevNull, "GIT_CONFIG_NOSYSTEM=1",
		"GIT_AUTHOR_NAME=Ada", "GIT_AUTHOR_EMAIL=ada@example.com", "GIT_COMMITTER_NAME=Ada", "GIT_COMMITTER_EMAIL=ada@example.com",
	}, "\n")
	if err := os.MkdirAll(h.dir, 0o755); err != nil {
		t.Fatal(err)
	}
	h.git("init", "-q", "--bare", "-b", "main", "../remote")
	h.git("init", "-q", "-b", "main")
	h.git("remote", "add", "origin", "../remote")
	rev := strings.TrimSpace(h.run("", "git", "-C", hooks, "rev-parse", "HEAD"))
	h.write(".pre-commit-config.yaml", fmt.Sprintf("repos:\n  - repo: %s\n    rev: %s\n    hooks: [{id: %s, verbose: true}]\n", hooks, rev, id))
	h.run("", program, "install", "-t", "pre-commit", "-t", "pre-push")
	h.run("", program, "install-hooks")
	return h
}

// run runs a program: with a refusal it must fail and say so.
func (h *hooked) run(refusal, name string, args ...string) string {
	h.t.Helper()
	cmd := exec.Command(name, args...)
	cmd.Dir, cmd.Env = h.dir, append(os.Environ(), strings.Split(h.env, "\n")...)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err := cmd.Run()
	switch {
	case refusal == "" && err != nil:
		h.t.Fatalf("%s %q: %v\n%s", filepath.Base(name), args, err, out.Bytes())
	case refusal != "" && err == nil:
		h.t.Fatalf("%s %q is let through\n%s", filepath.Base(name), args, out.Bytes())
	case refusal != "" && !regexp.MustCompile(refusal).Match(out.Bytes()):
		h.t.Fatalf("%s %q is stopped, want %s\n%s", filepath.Base(name), args, refusal, out.Bytes())
	}
	return out.String()
}

func (h *hooked) git(args ...string) { h.t.Helper(); h.run("", "git", args...) }

// commit commits everything, and must have the hook run.
func (h *hooked) commit(message, refusal string) {
	h.t.Helper()
	h.git("add", "-A")
	if out := h.run(refusal, "git", "commit", "-q", "-m", message); !strings.Contains(out, "decision: ") {
		h.t.Fatalf("commit %q: the hook did not run\n%s", message, out)
	}
}

// push pushes a branch, and must have the hook run.
func (h *hooked) push(branch, refusal string) {
	h.t.Helper()
	if out := h.run(refusal, "git", "push", "-q", "origin", branch); !strings.Contains(out, "decision: ") {
		h.t.Fatalf("push %s: the hook did not run\n%s", branch, out)
	}
}

func (h *hooked) write(name, text string) {
	h.t.Helper()
	p := filepath.Join(h.dir, name)
	if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
		h.t.Fatal(err)
	}
	if err := os.WriteFile(p, []byte(text), 0o644); err != nil {
		h.t.Fatal(err)
	}
}

// app writes a kustomization of two files.
func (h *hooked) app(name string) {
	h.write("apps/"+name+"/kustomization.yaml", "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nnamespace: "+name+"\nresources: [config.yaml]\n")
	h.write("apps/"+name+"/config.yaml", "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: "+name+
		"\n  labels: {pod-security.kubernetes.io/enforce: restricted}\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: "+name+"}\ndata: {level: info}\n")
}

func privilegedPod(name string) string {
	return "apiVersion: v1\nkind: Pod\nmetadata: {name: " + name + ", namespace: new-0}\nspec:\n  containers:\n    - name: web\n" +
		"      securityContext: {privileged: true}\n      image: registry.example.com/web:1.0.0\n"
}

// newHooksRepository is this checkout at its commit, as a repository of hooks.
// Before 3.2.0 pre-commit knows the stages by other names; that alone is changed
// for it.
func newHooksRepository(t *testing.T, program string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "hooks")
	git := func(dir string, args ...string) string {
		t.Helper()
		cmd := exec.Command("git", args...)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL="+os.DevNull, "GIT_CONFIG_NOSYSTEM=1",
			"GIT_AUTHOR_NAME=Ada", "GIT_AUTHOR_EMAIL=ada@example.com", "GIT_COMMITTER_NAME=Ada", "GIT_COMMITTER_EMAIL=ada@example.com")
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("git %v: %v\n%s", args, err, out)
		}
		return strings.TrimSpace(string(out))
	}
	checkout := git(".", "rev-parse", "--show-toplevel")
	if changed := git(checkout, "status", "--porcelain"); changed != "" {
		t.Logf("judged is the commit, without what is changed in the checkout:\n%s", changed)
	}
	git(checkout, "clone", "-q", "--depth=1", "file://"+checkout, dir)
	out, err := exec.Command(program, "--version").Output()
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%s", bytes.TrimSpace(out))
	var major, minor int
	if n, _ := fmt.Sscanf(string(out), "pre-commit %d.%d", &major, &minor); n == 2 && (major < 3 || major == 3 && minor < 2) {
		t.Log("it is older than the hooks ask for: the names of stages are translated")
		manifest := filepath.Join(dir, ".pre-commit-hooks.yaml")
		data, err := os.ReadFile(manifest)
		if err != nil {
			t.Fatal(err)
		}
		data = regexp.MustCompile(`(?m)^  minimum_pre_commit_version: .*\n`).ReplaceAll(data, nil)
		data = bytes.ReplaceAll(data, []byte("stages: [pre-commit, pre-push]"), []byte("stages: [commit, push]"))
		if err := os.WriteFile(manifest, data, 0o644); err != nil {
			t.Fatal(err)
		}
		git(dir, "commit", "-q", "-a", "-m", "old names of stages")
	}
	return dir
}

func goEnv(t *testing.T, name string) string {
	t.Helper()
	out, err := exec.Command("go", "env", name).Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(out))
}
