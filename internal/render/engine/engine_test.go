package engine

import (
	"context"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"sort"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"helm.sh/helm/v3/pkg/chart"
	"helm.sh/helm/v3/pkg/chart/loader"
	"helm.sh/helm/v3/pkg/chartutil"
	helm "helm.sh/helm/v3/pkg/engine"
)

// corpusCharts lists the charts of the corpus, see Makefile CORPUS.
func corpusCharts(t testing.TB) []string {
	dir := os.Getenv("CORPUS")
	if dir == "" {
		t.Skip("CORPUS is not set: the corpus of real charts is not compared")
	}
	found, err := filepath.Glob(filepath.Join(dir, "*", "Chart.yaml"))
	if err != nil || len(found) == 0 {
		t.Fatalf("no charts below CORPUS=%s: %v", dir, err)
	}
	sort.Strings(found)
	for i := range found {
		found[i] = filepath.Dir(found[i])
	}
	return found
}

func load(t testing.TB, dir string) (*chart.Chart, chartutil.Values) {
	t.Helper()
	c, err := loader.LoadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := chartutil.ProcessDependencies(c, map[string]any{}); err != nil {
		t.Fatal(err)
	}
	kube, err := chartutil.ParseKubeVersion("v1.33.0")
	if err != nil {
		t.Fatal(err)
	}
	caps := chartutil.DefaultCapabilities.Copy()
	caps.KubeVersion = *kube
	vals, err := chartutil.ToRenderValuesWithSchemaValidation(c, map[string]any{},
		chartutil.ReleaseOptions{Name: "rel", Namespace: "ns", Revision: 1, IsInstall: true}, caps, true)
	if err != nil {
		t.Fatal(err)
	}
	return c, vals
}

func ours(t testing.TB, dir string, marks bool) (*Result, error) {
	c, vals := load(t, dir)
	return Render(context.Background(), c, vals, Options{Seed: dir, Now: time.Unix(1_700_000_000, 0), Marks: marks})
}

// TestCorpusEqualsHelm compares every deterministic file of the corpus with
// Helm's engine, byte for byte.
func TestCorpusEqualsHelm(t *testing.T) {
	files, same, random := 0, 0, 0
	for _, dir := range corpusCharts(t) {
		name := filepath.Base(dir)
		c, vals := load(t, dir)
		want, wantErr := helm.Render(c, vals)
		c, vals = load(t, dir)
		again, _ := helm.Render(c, vals)
		got, err := ours(t, dir, false)
		if (err != nil) != (wantErr != nil) {
			t.Errorf("%s: error %v, helm's %v", name, err, wantErr)
			continue
		}
		if err != nil {
			t.Logf("%s: %v (helm: %v)", name, err, wantErr)
			continue
		}
		for f, text := range want {
			files++
			if again[f] != text {
				random++
				if len(got.Seeded) == 0 {
					t.Errorf("%s: %s differs from run to run in helm, but nothing is seeded", name, f)
				}
				continue
			}
			if got.Files[f] != text {
				t.Errorf("%s: %s: -helm +gate\n%s", name, f, clip(cmp.Diff(text, got.Files[f])))
				continue
			}
			same++
		}
		if len(got.Files) != len(want) {
			t.Errorf("%s: %d files, helm %d", name, len(got.Files), len(want))
		}
	}
	t.Logf("%d files: %d equal, %d random in helm", files, same, random)
}

// TestCorpusMarks checks on every chart of the corpus that marks change
// nothing, and how many lines they explain.
func TestCorpusMarks(t *testing.T) {
	total, mapped, keys, onLine := 0, 0, 0, 0
	misses := map[string]int{}
	for _, dir := range corpusCharts(t) {
		name := filepath.Base(dir)
		plain, err := ours(t, dir, false)
		if err != nil {
			continue
		}
		c, _ := load(t, dir)
		texts := templateLines(c)
		marked, err := ours(t, dir, true)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		for f, text := range plain.Files {
			if marked.Files[f] != text {
				t.Errorf("%s: %s: -plain +marked\n%s", name, f, clip(cmp.Diff(text, marked.Files[f])))
				continue
			}
			for i, line := range strings.Split(text, "\n") {
				if strings.TrimSpace(line) == "" {
					continue
				}
				total++
				o := marked.Lines[f][i]
				if o.File == "" {
					t.Logf("%s: %s:%d: no origin: %q", name, f, i+1, line)
					continue
				}
				mapped++
				m := yamlKey.FindStringSubmatch(line)
				if m == nil || !o.Literal {
					continue
				}
				keys++
				src := texts[o.File]
				if o.Line <= len(src) && strings.Contains(src[o.Line-1], m[1]+":") {
					onLine++
				} else {
					misses[fmt.Sprintf("%s:%d: %s", o.File, o.Line, m[1])]++
				}
			}
		}
	}
	for m, n := range misses {
		t.Logf("miss %d %s", n, m)
	}
	t.Logf("%d lines, %d mapped; %d literal keys, %d on the mapped line", total, mapped, keys, onLine)
}

var yamlKey = regexp.MustCompile(`^\s*(?:- )*([A-Za-z0-9_./-]+):(?:\s|$)`)

// templateLines returns the lines of every template.
func templateLines(c *chart.Chart) map[string][]string {
	out := map[string][]string{}
	for _, t := range c.Templates {
		out[path.Join(c.ChartFullPath(), t.Name)] = strings.Split(string(t.Data), "\n")
	}
	for _, d := range c.Dependencies() {
		for k, v := range templateLines(d) {
			out[k] = v
		}
	}
	return out
}

func BenchmarkCorpus(b *testing.B) {
	dirs := corpusCharts(b)
	for name, render := range map[string]func(*chart.Chart, chartutil.Values) error{
		"helm": func(c *chart.Chart, v chartutil.Values) error { _, err := helm.Render(c, v); return err },
		"plain": func(c *chart.Chart, v chartutil.Values) error {
			_, err := Render(b.Context(), c, v, Options{})
			return err
		},
		"marks": func(c *chart.Chart, v chartutil.Values) error {
			_, err := Render(b.Context(), c, v, Options{Marks: true})
			return err
		},
	} {
		b.Run(name, func(b *testing.B) {
			for range b.N {
				for _, d := range dirs {
					b.StopTimer()
					c, v := load(b, d)
					b.StartTimer()
					if err := render(c, v); err != nil {
						b.Log(err)
					}
				}
			}
		})
	}
}
