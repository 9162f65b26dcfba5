//go:build linux

package main

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// gate is this test program under the name that makes it gate (TestMain).
func gate(t *testing.T, dir string, args ...string) *exec.Cmd {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(exe)
	cmd.Args = append([]string{"gate"}, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "COSIGN_PASSWORD=hunter2", "GITHUB_TOKEN=token", "GIT_CONFIG_GLOBAL=/dev/null")
	return cmd
}

type ended struct {
	Out, Err string
	Code     int
	// Peak is the largest memory of the parent in KiB, without its children.
	Peak int
}

func finish(t *testing.T, cmd *exec.Cmd) ended {
	t.Helper()
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return wait(cmd, &out, &errs)
}

func wait(cmd *exec.Cmd, out, errs *bytes.Buffer) ended {
	e := ended{}
	stop := make(chan struct{})
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			if n := highWater(cmd.Process.Pid); n > 0 {
				e.Peak = n
			}
			select {
			case <-stop:
				return
			case <-time.After(5 * time.Millisecond):
			}
		}
	}()
	_ = cmd.Wait()
	close(stop)
	<-done
	e.Out, e.Err, e.Code = out.String(), errs.String(), cmd.ProcessState.ExitCode()
	return e
}

// highWater is VmHWM of a process (proc(5), status).
func highWater(pid int) int {
	data, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	_, rest, _ := strings.Cut(string(data), "VmHWM:")
	fields := strings.Fields(rest)
	if len(fields) == 0 {
		return 0
	}
	n, _ := strconv.Atoi(fields[0])
	return n
}

func tree(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		file := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

const (
	badPod = `apiVersion: v1
kind: Pod
metadata: {name: web}
spec:
  containers:
    - name: web
      securityContext: {privileged: true}
      image: x:1
`
	chartFile = "apiVersion: v2\nname: web\nversion: 1.0.0\n"
	// What is judged beside every bomb.
	judgedBeside = `container "web" of Pod "web" is privileged`
)

// doubling is a policy whose text doubles with each line.
func doubling(lines int) string {
	var b strings.Builder
	b.WriteString("package main\n\ndeny contains \"judged by itself\" if input.kind == \"Fine\"\n\ndeny contains msg if {\n\tinput.kind == \"Pod\"\n\ta0 := sprintf(\"%s is sixteen long\", [input.kind])\n")
	for i := 1; i <= lines; i++ {
		fmt.Fprintf(&b, "\ta%d := concat(\"\", [a%d, a%d])\n", i, i-1, i-1)
	}
	fmt.Fprintf(&b, "\tcontains(a%d, \"?\")\n\tmsg := \"never\"\n}\n", lines)
	return b.String()
}

// copying is a kustomization whose object doubles with each patch.
func copying(patches int) map[string]string {
	var b strings.Builder
	b.WriteString("resources: [x.yaml]\npatches:\n")
	for i := range patches {
		fmt.Fprintf(&b, "- patch: |-\n    [{\"op\":\"copy\",\"from\":\"/data\",\"path\":\"/data/k%d\"}]\n  target: {kind: ConfigMap}\n", i)
	}
	return map[string]string{
		"app/kustomization.yaml": b.String(),
		"app/x.yaml":             "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\ndata: {a: " + strings.Repeat("x", 200) + "}\n",
	}
}

func nested(open, inner, closed string, n int) string {
	return strings.Repeat(open, n) + inner + strings.Repeat(closed, n)
}

// Each bomb costs the one thing that it stands in, the rest is judged, and the
// process that holds the key stays small.
func TestBombs(t *testing.T) {
	if testing.Short() {
		t.Skip("slow")
	}
	aliases := "a0: &a0 [x,x,x,x,x,x,x,x,x]\n"
	for i := 1; i < 10; i++ {
		aliases += fmt.Sprintf("a%d: &a%d [%s]\n", i, i, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*a%d,", i-1), 9), ","))
	}
	for _, tt := range []struct {
		name  string
		files map[string]string
		args  []string
		want  []string
	}{
		{
			name: "include and tpl without end",
			files: map[string]string{"charts/web/Chart.yaml": chartFile, "charts/web/templates/cm.yaml": `{{- define "a" }}{{ include "b" . }}{{ end }}
{{- define "b" }}{{ tpl "{{ include \"a\" . }}" . }}{{ end }}
data: {x: {{ include "a" . }}}
`},
			want: []string{"helm:charts/web: tpl is nested more than 100 levels deep"},
		},
		{
			name:  "values that alias themselves",
			files: map[string]string{"charts/web/Chart.yaml": chartFile, "charts/web/values.yaml": aliases, "charts/web/templates/cm.yaml": "data: {x: {{ toYaml .Values.a9 | quote }}}\n"},
			want:  []string{"helm:charts/web: ", "excessive aliasing"},
		},
		{
			name:  "a template that overflows the parser's stack",
			files: map[string]string{"charts/web/Chart.yaml": chartFile, "charts/web/templates/cm.yaml": nested("{{if 1}}", "x", "{{end}}", 500_000)},
			want:  []string{"charts/web/Chart.yaml: helm:charts/web: the worker died while it was rendered: stack overflow (limit 256MiB) [unit]"},
		},
		{
			name:  "a text for tpl that overflows the parser's stack",
			files: map[string]string{"charts/web/Chart.yaml": chartFile, "charts/web/values.yaml": `t: "` + nested("{{if 1}}", "x", "{{end}}", 500_000) + `"`, "charts/web/templates/cm.yaml": "{{ tpl .Values.t . }}"},
			want:  []string{"helm:charts/web: the worker died while it was rendered: stack overflow (limit 256MiB) [unit]"},
		},
		{
			name:  "a kustomization that includes itself",
			files: map[string]string{"a/kustomization.yaml": "resources: [../b]\n", "b/kustomization.yaml": "resources: [../a]\n"},
			want:  []string{"cycle detected"},
		},
		{
			name: "a kustomization whose object doubles", files: copying(40), args: []string{"--memory", "512MiB"},
			want: []string{"app/kustomization.yaml: kustomize:app: the worker died while it was rendered: out of memory (limit 512MiB) [unit]"},
		},
		{
			name: "a policy whose text doubles",
			files: map[string]string{
				".gate.yaml":    "apiVersion: gate/v1\npolicies:\n  - {path: bomb, style: conftest, documents: files, match: [pod.yaml, fine.yaml]}\n  - {path: own, namespaces: [pods], style: conftest, documents: files, match: [pod.yaml]}\n",
				"fine.yaml":     "kind: Fine\n",
				"bomb/p.rego":   doubling(36),
				"own/pods.rego": "package pods\n\ndeny contains \"this is a pod\" if input.kind == \"Pod\"\n",
			},
			args: []string{"--memory", "1GiB", "--policy-ref", "worktree"},
			want: []string{"bomb/main: evaluate pod.yaml: the worker died while it was evaluated: out of memory (limit 1GiB) [policy]", "judged by itself", "this is a pod"},
		},
		{
			name:  "Terraform that overflows the parser's stack",
			files: map[string]string{"stack/main.tf": "locals {\n  a = " + nested("(", "1", ")", 800_000) + "\n}\n"},
			want:  []string{"stack/main.tf: the worker died while it was parsed: stack overflow (limit 256MiB) [file]"},
		},
		{
			name: "a plan that is nested without end",
			files: map[string]string{
				"main.tf": "terraform {\n}\n", "plan.json": `{"format_version":"1.2","terraform_version":"1.9.0","resource_changes":` + nested("[", "", "]", 5_000_000) + "}",
			},
			args: []string{"--plan", ".=plan.json"},
			want: []string{"nested more than 250 levels deep", "its plan could not be read"},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tt.files["pod.yaml"] = badPod
			got := finish(t, gate(t, tree(t, tt.files), append([]string{"check", "--now", "2026-11-23T12:00:00Z"}, tt.args...)...))
			if got.Code != exitDenied {
				t.Errorf("exit code %d, want %d\n%s", got.Code, exitDenied, got.Err)
			}
			for _, want := range append(tt.want, judgedBeside, "incomplete") {
				if !strings.Contains(got.Out, want) {
					t.Errorf("the report lacks %q:\n%s", want, got.Out)
				}
			}
			if got.Peak > 160<<10 {
				t.Errorf("the parent took %d MiB", got.Peak>>10)
			}
		})
	}
}

// Only a unit that is fit to die: without anything to deny the run is
// incomplete, and the same in every format.
func TestDeadUnitIsIncomplete(t *testing.T) {
	t.Parallel()
	dir := tree(t, map[string]string{"charts/web/Chart.yaml": chartFile, "charts/web/templates/cm.yaml": nested("{{if 1}}", "x", "{{end}}", 500_000)})
	got := finish(t, gate(t, dir, "check", "--format", "json", "--format", "junit=junit.xml"))
	if got.Code != exitIncomplete || !strings.Contains(got.Out, `"complete": false`) {
		t.Errorf("exit code %d\n%s%s", got.Code, got.Out, got.Err)
	}
	junit, err := os.ReadFile(filepath.Join(dir, "junit.xml"))
	if err != nil || !bytes.Contains(junit, []byte("the worker died while it was rendered")) {
		t.Errorf("junit: %v\n%s", err, junit)
	}
}

// What a worker writes is what this process would write.
func TestWorkerChangesNothing(t *testing.T) {
	files := map[string]string{
		"pod.yaml": badPod, "broken.yaml": "apiVersion: v1\nkind: [\n", "charts/web/Chart.yaml": chartFile,
		"charts/web/templates/pod.yaml": "{{ if true }}\n" + badPod + "{{ end }}\n",
		"app/kustomization.yaml":        "resources: [pod.yaml]\nnamePrefix: a-\n", "app/pod.yaml": badPod,
		"stack/main.tf": "resource \"aws_s3_bucket\" \"a\" {\n  acl = \"public-read\"\n}\n",
		".gate.yaml":    "apiVersion: gate/v1\nenvironments:\n  - {name: prod, class: prod, paths: [\"**\"]}\npolicies:\n  - {path: own, namespaces: [\"*\"], style: conftest, documents: files, match: [pod.yaml]}\n",
		"own/pods.rego": "package pods\n\ndeny contains \"this is a pod\" if input.kind == \"Pod\"\n",
	}
	plan := `{"format_version":"1.2","terraform_version":"1.9.0","planned_values":{"root_module":{}},"configuration":{"root_module":{}}}`
	run := func(t *testing.T, args ...string) (ended, map[string]string) {
		dir := tree(t, files)
		out := t.TempDir()
		for i := range args {
			args[i] = strings.ReplaceAll(args[i], "OUT", out)
		}
		cmd := gate(t, dir, append(args, "--now", "2026-11-23T12:00:00Z", "--policy-ref", "worktree")...)
		cmd.Stdin = strings.NewReader(plan)
		got := finish(t, cmd)
		got.Peak = 0
		wrote := map[string]string{}
		err := fs.WalkDir(os.DirFS(out), ".", func(p string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			data, err := os.ReadFile(filepath.Join(out, p))
			wrote[p] = string(data)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return got, wrote
	}
	for _, tt := range []struct {
		args []string
		code int
	}{
		{args: []string{
			"check", "--format", "text", "--format", "json=OUT/j", "--format", "sarif=OUT/s", "--format", "junit=OUT/x", "--format", "html=OUT/h",
			"--plan", "stack=-", "--decision", "OUT/d/", "--color", "always",
		}, code: exitDenied},
		{args: []string{"check", "--plan", "stack=nowhere.json", "--event", "/dev/null"}, code: exitDenied},
		{args: []string{"facts", "--plan", "stack=-"}, code: exitIncomplete},
		{args: []string{"check", "--env", "nonsense"}, code: exitUsage},
		{args: []string{"check", "nowhere"}, code: exitUsage},
		{args: []string{"check", "--config", "nowhere.yaml"}, code: exitUsage},
		{args: []string{"check", "--base", "nowhere"}, code: exitUsage},
	} {
		t.Run(strings.Join(tt.args, " "), func(t *testing.T) {
			t.Parallel()
			got, wrote := run(t, append([]string{}, tt.args...)...)
			want, wanted := run(t, append(append([]string{}, tt.args...), "--no-worker")...)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-in process +in a worker):\n%s", diff)
			}
			if diff := cmp.Diff(wanted, wrote); diff != "" {
				t.Errorf("files (-in process +in a worker):\n%s", diff)
			}
			if got.Code != tt.code {
				t.Errorf("exit code %d, want %d\n%s", got.Code, tt.code, got.Err)
			}
		})
	}
}

// children are the processes whose parent is pid.
func children(pid int) []int {
	var out []int
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, s := range stats {
		data, _ := os.ReadFile(s)
		_, rest, _ := strings.Cut(string(data), ") ")
		if f := strings.Fields(rest); len(f) > 1 && f[1] == strconv.Itoa(pid) && f[0] != "Z" {
			n, _ := strconv.Atoi(filepath.Base(filepath.Dir(s)))
			out = append(out, n)
		}
	}
	return out
}

// started runs gate, without waiting for it, until its worker does what is asked
// for. The worker of one that has no end on standard input waits for its task.
func started(t *testing.T, cmd *exec.Cmd, does func(worker int) bool) (worker int, out, errs *bytes.Buffer) {
	t.Helper()
	out, errs = &bytes.Buffer{}, &bytes.Buffer{}
	cmd.Stdout, cmd.Stderr = out, errs
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for !dead(cmd.Process.Pid) {
		for _, pid := range children(cmd.Process.Pid) {
			if does(pid) {
				return pid, out, errs
			}
		}
		time.Sleep(20 * time.Millisecond)
	}
	_ = cmd.Wait()
	t.Fatalf("no worker does that: %s%s", out, errs)
	return 0, nil, nil
}

// waiting is a gate whose worker is there and waits for what stands on standard
// input, which has no end.
func waiting(t *testing.T, args ...string) (cmd *exec.Cmd, worker int, out, errs *bytes.Buffer) {
	t.Helper()
	cmd = gate(t, tree(t, map[string]string{"pod.yaml": badPod}), append([]string{"check", "--plan", "stack=-"}, args...)...)
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = in.Close() })
	worker, out, errs = started(t, cmd, func(int) bool { return true })
	return cmd, worker, out, errs
}

func TestWorkerIsKilled(t *testing.T) {
	t.Parallel()
	files := copying(40)
	files["pod.yaml"] = badPod
	cmd := gate(t, tree(t, files), "check")
	worker, out, errs := started(t, cmd, func(worker int) bool { return highWater(worker) > 180<<10 }) // the object has grown
	environ, err := os.ReadFile(fmt.Sprintf("/proc/%d/environ", worker))
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range strings.Split(strings.Trim(string(environ), "\x00"), "\x00") {
		switch name, _, _ := strings.Cut(v, "="); name {
		case "PATH", "TMPDIR", "TMP", "TEMP", "GOMAXPROCS", "GOGC":
		default:
			t.Errorf("the worker sees %s", name)
		}
	}
	limits, err := os.ReadFile(fmt.Sprintf("/proc/%d/limits", worker))
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range []string{"Max core file size", "Max cpu time"} {
		_, rest, _ := strings.Cut(string(limits), l)
		if f := strings.Fields(rest); len(f) < 2 || f[1] == "unlimited" {
			t.Errorf("%s is not limited:\n%s", l, limits)
		}
	}
	if err := syscall.Kill(worker, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	got := wait(cmd, out, errs)
	for _, want := range []string{"kustomize:app: the worker died while it was rendered: it was killed (signal 9", judgedBeside} {
		if !strings.Contains(got.Out, want) {
			t.Errorf("the report lacks %q:\n%s%s", want, got.Out, got.Err)
		}
	}
	if got.Code != exitDenied {
		t.Errorf("exit code %d", got.Code)
	}
}

func TestInterrupt(t *testing.T) {
	t.Parallel()
	cmd, worker, out, errs := waiting(t)
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	got := wait(cmd, out, errs)
	if got.Code != exitIncomplete || !strings.Contains(got.Err, "the run did not end") || got.Out != "" {
		t.Errorf("exit code %d\n%s%s", got.Code, got.Out, got.Err)
	}
	gone(t, worker)
}

// A run whose deadline cuts it while its inputs are still to come has nothing to
// report: it says why it ended, its code says that it is incomplete, and the
// worker ends with it, whenever that is. What a cut run reports that has its
// inputs is in testdata/script/deadline.txtar.
func TestDeadline(t *testing.T) {
	t.Parallel()
	cmd := gate(t, tree(t, map[string]string{"pod.yaml": badPod}), "check", "--plan", "stack=-", "--deadline", "1ns")
	temp := t.TempDir()
	cmd.Env = append(cmd.Env, "TMPDIR="+temp)
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	got := finish(t, cmd)
	if want := "gate: the run took more than --deadline 1ns"; got.Code != exitIncomplete || !strings.HasPrefix(got.Err, want) || got.Out != "" {
		t.Errorf("exit code %d\n%s%s", got.Code, got.Out, got.Err)
	}
	for _, pid := range below(temp) {
		gone(t, pid)
	}
}

// below are the processes whose temporary files stand below dir: the workers of
// the gate that was told so, whoever is their parent by now.
func below(dir string) []int {
	var out []int
	environs, _ := filepath.Glob("/proc/[0-9]*/environ")
	for _, e := range environs {
		data, _ := os.ReadFile(e)
		if n, err := strconv.Atoi(filepath.Base(filepath.Dir(e))); err == nil && bytes.Contains(append([]byte{0}, data...), []byte("\x00TMPDIR="+dir+"/")) {
			out = append(out, n)
		}
	}
	return out
}

// The worker ends with its parent, however that ends.
func TestParentIsKilled(t *testing.T) {
	t.Parallel()
	cmd, worker, _, _ := waiting(t)
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
	gone(t, worker)
}

// gone waits until a process has ended.
func gone(t *testing.T, pid int) {
	t.Helper()
	for !dead(pid) {
		time.Sleep(20 * time.Millisecond)
	}
}

// dead says whether a process has ended, whether or not someone has asked for
// its status.
func dead(pid int) bool {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	_, rest, _ := strings.Cut(string(data), ") ")
	return err != nil || strings.HasPrefix(rest, "Z")
}
