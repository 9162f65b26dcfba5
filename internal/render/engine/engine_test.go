package engine

import (
	"context"
	"os"
	"path/filepath"
	"sort"
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
