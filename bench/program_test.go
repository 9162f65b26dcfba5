package bench

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
)

// program builds gate once.
func program(b *testing.B) string {
	b.Helper()
	bin := filepath.Join(b.TempDir(), "gate")
	if out, err := exec.Command("go", "build", "-o", bin, "../cmd/gate").CombinedOutput(); err != nil {
		b.Fatalf("%v: %s", err, out)
	}
	return bin
}

// run starts the program and reports wall time, CPU time and peak memory of it
// and of the processes it starts.
func run(b *testing.B, bin string, want int, args ...string) {
	b.Helper()
	var cpu, peak int64
	for b.Loop() {
		cmd := exec.Command(bin, args...)
		out, err := cmd.CombinedOutput()
		var status *exec.ExitError
		if err != nil && !errors.As(err, &status) {
			b.Fatal(err)
		}
		if code := cmd.ProcessState.ExitCode(); code != want {
			b.Fatalf("exit code %d, want %d: %s", code, want, out[:min(len(out), 2000)])
		}
		cpu += int64(cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime())
		if u, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage); ok {
			peak = max(peak, u.Maxrss)
		}
	}
	b.ReportMetric(float64(cpu)/1e6/float64(b.N), "cpu-ms/op")
	b.ReportMetric(float64(peak)/1024, "peak-MiB")
}

// BenchmarkProgramOneManifest is start-up and the judging of one small file;
// the goal is 150 ms.
func BenchmarkProgramOneManifest(b *testing.B) {
	dir := b.TempDir()
	manifest := "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec:\n  containers: [{name: web, image: x}]\n"
	if err := os.WriteFile(filepath.Join(dir, "pod.yaml"), []byte(manifest), 0o600); err != nil {
		b.Fatal(err)
	}
	run(b, program(b), 0, "check", dir)
}

// BenchmarkProgramPlatform is the reference repository with all inputs; the
// goals are 5 s and 300 MiB on two cores.
func BenchmarkProgramPlatform(b *testing.B) {
	dir := platform(b)
	args := []string{"check", dir, "--policy-ref", "main", "--base", "main", "--now", "2026-11-23T12:00:00Z",
		"--event", dir + ".event.json", "--attestations", "../fixtures/inputs/attestations", "--format", "sarif"}
	plans, err := filepath.Glob("../fixtures/inputs/plans/*.json")
	if err != nil {
		b.Fatal(err)
	}
	for _, p := range plans {
		args = append(args, "--plan", "stacks/"+filepath.Base(p[:len(p)-len(".json")])+"="+p)
	}
	run(b, program(b), 1, args...)
}

// BenchmarkProgramScale is a tree of 10,000 objects.
func BenchmarkProgramScale(b *testing.B) {
	run(b, program(b), 1, "check", scale(b), "--policy-ref", "worktree", "--format", "json")
}

// BenchmarkProgramCorpus is the real charts: make bench CORPUS=DIR.
func BenchmarkProgramCorpus(b *testing.B) {
	if *corpus == "" {
		b.Skip("no -corpus: make bench CORPUS=DIR judges the charts below DIR")
	}
	run(b, program(b), 0, "check", *corpus, "--format", "json", "--fail-on", "deny")
}
