// Package bench measures gate: each step by itself, and whole runs of the
// program with their CPU time and peak memory. Speed goals live here, never in
// tests.
package bench

import (
	"context"
	"flag"
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

	"gate/internal/deploy"
	"gate/internal/discover"
	"gate/internal/facts"
	"gate/internal/pipeline"
	"gate/internal/policy"
	"gate/internal/render"
	"gate/internal/report"
	"gate/internal/secrets"
	"gate/rules"

	"github.com/open-policy-agent/opa/v1/rego"
)

var (
	corpus = flag.String("corpus", "", "directory of charts to render as well")
	now    = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
)

// tree returns a work directory that is made once for the whole run.
func tree(b *testing.B, name string, args ...string) string {
	b.Helper()
	dir := filepath.Join(os.TempDir(), fmt.Sprintf("gate-bench-%d", os.Getpid()), name)
	if _, err := os.Stat(dir); err == nil {
		return dir
	}
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		b.Fatal(err)
	}
	args = append([]string{"run", "./fixtures/generate"}, args...)
	for i, a := range args {
		args[i] = strings.ReplaceAll(a, "DIR", dir)
	}
	cmd := exec.Command("go", args...)
	cmd.Dir = ".."
	if out, err := cmd.CombinedOutput(); err != nil {
		b.Fatalf("%v: %s", err, out)
	}
	return dir
}

func platform(b *testing.B) string { return tree(b, "platform", "-checkout", "DIR") }

func scale(b *testing.B) string { return scaled(b, 10_000) }

// scaled is a tree of so many objects.
func scaled(b *testing.B, objects int) string {
	n := strconv.Itoa(objects)
	return tree(b, "scale"+n, "-scale", n, "-out", "DIR")
}

func TestMain(m *testing.M) {
	flag.Parse()
	code := m.Run()
	os.RemoveAll(filepath.Join(os.TempDir(), fmt.Sprintf("gate-bench-%d", os.Getpid())))
	os.Exit(code)
}

func options(dir string) pipeline.Options {
	return pipeline.Options{Dir: dir, Tool: "bench", Now: now, Workers: 2, PolicyRef: pipeline.WorkTree}
}

func work(b *testing.B, dir string) *discover.Work {
	b.Helper()
	w, err := discover.Open(b.Context(), dir, nil)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { w.Close() })
	return w
}

// cpu reports the CPU time that the measured part took, over all threads.
func cpu(b *testing.B, run func()) {
	b.Helper()
	before := used(syscall.RUSAGE_SELF)
	for b.Loop() {
		run()
	}
	b.ReportMetric(float64((used(syscall.RUSAGE_SELF)-before).Milliseconds())/float64(b.N), "cpu-ms/op")
}

func used(who int) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(who, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func BenchmarkDiscover(b *testing.B) {
	w := work(b, scale(b))
	cpu(b, func() {
		if _, err := discover.Collect(b.Context(), w, discover.Options{}); err != nil {
			b.Fatal(err)
		}
	})
}

func BenchmarkRenderPlatform(b *testing.B) { benchmarkRender(b, platform(b)) }

// BenchmarkRenderCorpus renders real charts: make bench CORPUS=DIR.
func BenchmarkRenderCorpus(b *testing.B) {
	if *corpus == "" {
		b.Skip("no -corpus: make bench CORPUS=DIR renders the charts below DIR")
	}
	benchmarkRender(b, *corpus)
}

func benchmarkRender(b *testing.B, dir string) {
	w := work(b, dir)
	inv, err := discover.Collect(b.Context(), w, discover.Options{})
	if err != nil {
		b.Fatal(err)
	}
	units, _ := deploy.Units(w, inv, nil)
	cpu(b, func() { render.All(b.Context(), w, units, render.Options{Workers: 2}) })
	b.ReportMetric(float64(len(units)), "units")
}

func BenchmarkSecrets(b *testing.B) {
	w := work(b, scale(b))
	s, err := secrets.NewScanner()
	if err != nil {
		b.Fatal(err)
	}
	cpu(b, func() {
		if _, err := s.Files(b.Context(), w, func(string) bool { return false }); err != nil {
			b.Fatal(err)
		}
	})
}

func BenchmarkLoadCatalog(b *testing.B) {
	cpu(b, func() {
		c, err := policy.Load(rules.FS, nil)
		if err == nil {
			err = c.Compile()
		}
		if err != nil {
			b.Fatal(err)
		}
	})
}

// BenchmarkJudge evaluates the catalog over 10,000 objects.
func BenchmarkJudge(b *testing.B) {
	out, err := pipeline.Check(b.Context(), options(scale(b)))
	if err != nil {
		b.Fatal(err)
	}
	defer out.Close()
	benchmarkJudge(b, out.Facts, nil)
}

// BenchmarkJudge2500 evaluates the catalog over 2,500 objects, compiling
// included; the goal is 0.7 s of CPU time.
func BenchmarkJudge2500(b *testing.B) {
	out, err := pipeline.Check(b.Context(), options(scaled(b, 2_500)))
	if err != nil {
		b.Fatal(err)
	}
	defer out.Close()
	cpu(b, func() {
		c, err := policy.Load(rules.FS, nil)
		if err == nil {
			_, err = c.Evaluate(context.Background(), out.Facts, policy.Options{Workers: 2})
		}
		if err != nil {
			b.Fatal(err)
		}
	})
	b.ReportMetric(float64(len(out.Facts.Objects)), "objects")
}

// BenchmarkDocumentAtATime evaluates the rules that look at one subject over
// the same 2,500 objects as tools do that know no whole: each object with its
// containers and assessments is a document, and each rule a query of it. The
// compiled rules are shared. BenchmarkJudge2500 shall take a fifth of it.
func BenchmarkDocumentAtATime(b *testing.B) {
	out, err := pipeline.Check(b.Context(), options(scaled(b, 2_500)))
	if err != nil {
		b.Fatal(err)
	}
	defer out.Close()
	documents := perObject(b, out.Facts)
	compiler, store, queries := compiled(b)
	cpu(b, func() {
		for _, d := range documents {
			for _, q := range queries {
				_, err := rego.New(rego.Query(q), rego.Compiler(compiler), rego.Store(store), rego.Input(d)).Eval(b.Context())
				if err != nil {
					b.Fatal(err)
				}
			}
		}
	})
	b.ReportMetric(float64(len(documents)), "objects")
}

// BenchmarkJudge60 evaluates 60 rules over 10,000 containers: the rules over
// containers, as often as it takes.
func BenchmarkJudge60(b *testing.B) {
	out, err := pipeline.Check(b.Context(), options(scale(b)))
	if err != nil {
		b.Fatal(err)
	}
	defer out.Close()
	f := *out.Facts
	for len(f.Containers) < 10_000 {
		f.Containers = append(f.Containers, f.Containers...)
	}
	f.Containers = f.Containers[:10_000]
	benchmarkJudge(b, &f, sixty(b))
	b.ReportMetric(float64(len(f.Containers)), "containers")
}

func benchmarkJudge(b *testing.B, f *facts.Facts, fsys fs.FS) {
	if fsys == nil {
		fsys = rules.FS
	}
	c, err := policy.Load(fsys, nil)
	if err != nil {
		b.Fatal(err)
	}
	for _, byRule := range f.Params { // copies of rules have copies of parameters
		for _, r := range c.Rules() {
			if byRule[r.ID] == nil {
				byRule[r.ID] = map[string]any{}
				for name, p := range r.Params {
					byRule[r.ID][name] = p.Default
				}
			}
		}
	}
	cpu(b, func() {
		if _, err := c.Evaluate(context.Background(), f, policy.Options{Workers: 2}); err != nil {
			b.Fatal(err)
		}
	})
	b.ReportMetric(float64(len(c.Rules())), "rules")
}

func BenchmarkReport(b *testing.B) {
	out, err := pipeline.Check(b.Context(), options(platform(b)))
	if err != nil {
		b.Fatal(err)
	}
	defer out.Close()
	for _, format := range []string{"text", "json", "sarif", "junit"} {
		b.Run(format, func(b *testing.B) {
			cpu(b, func() {
				if err := report.Write(discard{}, format, report.Input{Result: out.Result, Rules: out.Rules, Source: out.ReadFile}); err != nil {
					b.Fatal(err)
				}
			})
		})
	}
}

type discard struct{}

func (discard) Write(p []byte) (int, error) { return len(p), nil }
