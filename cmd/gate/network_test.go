//go:build linux

package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
)

// packed is the archive of a chart that renders one privileged pod.
func packed(t *testing.T, version string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	w := tar.NewWriter(z)
	for _, f := range [][2]string{
		{"web/Chart.yaml", "apiVersion: v2\nname: web\nversion: " + version + "\n"}, {"web/templates/pod.yaml", strings.ReplaceAll(badPod, "x:1", "x:"+version)},
	} {
		if err := w.WriteHeader(&tar.Header{Name: f[0], Mode: 0o644, Size: int64(len(f[1])), Typeflag: tar.TypeReg}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(f[1])); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// repository serves chart web, and counts who asks.
type repository struct {
	*httptest.Server
	asked atomic.Int64
	evil  atomic.Bool
}

func newRepository(t *testing.T) *repository {
	t.Helper()
	r := &repository{}
	good, evil := packed(t, "1.0.0"), packed(t, "1.0.1")
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		r.asked.Add(1)
		switch {
		case req.URL.Path == "/index.yaml":
			fmt.Fprint(w, "entries: {web: [{version: 1.0.0, urls: [web-1.0.0.tgz]}, {version: 1.1.0, urls: [web-1.1.0.tgz]}]}\n")
		case req.URL.Path == "/web-1.1.0.tgz":
			_, _ = w.Write(packed(t, "1.1.0"))
		case req.URL.Path != "/web-1.0.0.tgz":
			http.NotFound(w, req)
		case r.evil.Load():
			_, _ = w.Write(evil)
		default:
			_, _ = w.Write(good)
		}
	}))
	t.Cleanup(r.Close)
	return r
}

func (r *repository) tree(t *testing.T) string {
	return tree(t, map[string]string{"app.yaml": fmt.Sprintf(`apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {name: shop}
spec:
  source:
    repoURL: %s
    chart: web
    targetRevision: 1.0.0
`, r.URL)})
}

// local runs gate in this process, where plain HTTP on this machine is allowed.
func local(t *testing.T, args ...string) (code int, text string) {
	t.Helper()
	var out bytes.Buffer
	s := &streams{In: strings.NewReader(""), Out: &out, Err: &out, Getenv: func(string) string { return "" }, PlainLoopback: true}
	code = Main(args, s)
	return code, out.String()
}

func TestFetchedCharts(t *testing.T) {
	repo := newRepository(t)
	dir, cache := repo.tree(t), t.TempDir()
	const now = "2026-11-23T12:00:00Z"
	want := func(step string, wantCode int, text ...string) func(code int, got string) {
		return func(code int, got string) {
			t.Helper()
			if code != wantCode {
				t.Errorf("%s: exit code %d, want %d", step, code, wantCode)
			}
			for _, w := range text {
				if !strings.Contains(got, w) {
					t.Errorf("%s: the output lacks %q:\n%s", step, w, got)
				}
			}
		}
	}
	silent := func(step string) {
		t.Helper()
		if n := repo.asked.Load(); n != 0 {
			t.Errorf("%s: the repository was asked %d times", step, n)
		}
		repo.asked.Store(0)
	}

	want("without the flag", exitIncomplete, "app.yaml:5:3: helm:web@shop:", "is not in the repository; nothing is fetched")(local(t, "check", dir, "--now", now))
	silent("without the flag")
	want("without a lock file", exitIncomplete, "is not in .gate/charts.lock", "gate vendor --allow-network=helm")(local(t, "check", dir, "--now", now, "--allow-network", "helm", "--cache", cache))
	silent("without a lock file")
	want("vendor without the flag", exitUsage, "want --allow-network=helm")(local(t, "vendor", dir))
	silent("vendor without the flag")
	want("another purpose", exitUsage, `--allow-network "forge": want helm`)(local(t, "check", dir, "--allow-network", "forge"))
	silent("another purpose")

	want("vendor", exitOK, "web 1.0.0 "+repo.URL+"/web-1.0.0.tgz sha256:")(local(t, "vendor", dir, "--allow-network=helm"))
	lock, err := os.ReadFile(filepath.Join(dir, ".gate", "charts.lock"))
	if err != nil {
		t.Fatal(err)
	}
	repo.asked.Store(0)
	want("without the flag, locked", exitIncomplete, "fetch what .gate/charts.lock names with --allow-network=helm, or ")(local(t, "check", dir, "--now", now))
	silent("without the flag, locked")
	want("with an empty cache and no network", exitIncomplete, "is not in the cache; nothing is fetched")(local(t, "check", dir, "--now", now, "--cache", cache))
	silent("with an empty cache and no network")

	repo.evil.Store(true)
	want("other bytes", exitIncomplete, "is not what .gate/charts.lock says: sha256 is")(local(t, "check", dir, "--now", now, "--allow-network=helm", "--cache", cache))
	repo.evil.Store(false)
	_, judged := local(t, "check", dir, "--now", now, "--allow-network=helm", "--cache", cache)
	want("fetched", exitDenied, "app.yaml:5:3", judgedBeside)(exitDenied, judged)
	if strings.Contains(judged, "incomplete") {
		t.Errorf("the run is incomplete:\n%s", judged)
	}
	want("locked again", exitOK, "web 1.0.0")(local(t, "vendor", dir, "--allow-network=helm", "--cache", cache))
	if again, err := os.ReadFile(filepath.Join(dir, ".gate", "charts.lock")); err != nil || !bytes.Equal(lock, again) {
		t.Errorf("the lock file changed: %v\n%s", err, again)
	}

	// The program itself, in a worker, without a network and without a server.
	repo.Close()
	repo.asked.Store(0)
	got := finish(t, gate(t, dir, "check", "--now", now, "--cache", cache))
	if got.Code != exitDenied || !strings.Contains(got.Out, judgedBeside) || strings.Contains(got.Out, "incomplete") {
		t.Errorf("out of the cache: exit code %d\n%s%s", got.Code, got.Out, got.Err)
	}
	again := finish(t, gate(t, dir, "check", "--now", now, "--cache", cache, "--allow-network=helm"))
	if again.Out != got.Out {
		t.Errorf("with the flag, all in the cache:\n%s", again.Out)
	}
	// Plain HTTP is asked of nobody.
	got = finish(t, gate(t, dir, "check", "--now", now, "--cache", t.TempDir(), "--allow-network=helm"))
	if got.Code != exitIncomplete || !strings.Contains(got.Out, "http:// is not asked; want https://") {
		t.Errorf("plain HTTP: exit code %d\n%s%s", got.Code, got.Out, got.Err)
	}
}

// The base is rendered by its own lock file.
func TestFetchedChartsOfBase(t *testing.T) {
	repo := newRepository(t)
	dir, cache := repo.tree(t), t.TempDir()
	run := func(args ...string) {
		t.Helper()
		cmd := exec.Command(args[0], args[1:]...)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_AUTHOR_NAME=a", "GIT_AUTHOR_EMAIL=a@example.com", "GIT_COMMITTER_NAME=a", "GIT_COMMITTER_EMAIL=a@example.com")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%q: %v\n%s", args, err, out)
		}
	}
	vendor := func() {
		t.Helper()
		if code, text := local(t, "vendor", dir, "--allow-network=helm", "--cache", cache); code != exitOK {
			t.Fatalf("vendor: exit code %d\n%s", code, text)
		}
	}
	vendor()
	run("git", "init", "-q")
	run("git", "add", ".")
	run("git", "commit", "-q", "-m", "base")
	run("sed", "-i", "s/1.0.0/1.1.0/", "app.yaml")
	vendor()
	code, text := local(t, "render", dir, "--diff", "HEAD", "--policy-ref", "worktree", "--cache", cache)
	for _, want := range []string{"x:1.0.0", "x:1.1.0"} {
		if code != exitOK || !strings.Contains(text, want) {
			t.Errorf("exit code %d, the difference lacks %q:\n%s", code, want, text)
		}
	}
	if code, text = local(t, "render", dir, "--diff", "HEAD", "--policy-ref", "worktree"); code != exitIncomplete || strings.Contains(text, "x:1.1.0") {
		t.Errorf("without the cache: exit code %d\n%s", code, text)
	}
}

// The lock file is written below the directory, whatever links stand there.
func TestLockStaysBelow(t *testing.T) {
	repo := newRepository(t)
	for name, link := range map[string]func(dir, out string) error{
		"the directory": func(dir, out string) error { return os.Symlink(out, filepath.Join(dir, ".gate")) },
		"the file": func(dir, out string) error {
			return os.WriteFile(filepath.Join(dir, ".gate"), []byte("no directory"), 0o600)
		},
	} {
		dir, out := repo.tree(t), t.TempDir()
		if err := link(dir, out); err != nil {
			t.Fatal(err)
		}
		if code, text := local(t, "vendor", dir, "--allow-network=helm"); code == exitOK {
			t.Errorf("%s: exit code 0\n%s", name, text)
		}
		if left, err := os.ReadDir(out); err != nil || len(left) > 0 {
			t.Errorf("%s: %v was written outside, %v", name, left, err)
		}
	}
}
