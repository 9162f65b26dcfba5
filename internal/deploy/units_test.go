package deploy

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gate/internal/config"
	"gate/internal/discover"
	"gate/internal/facts"
	"gate/internal/render"
	"gate/internal/source"
)

// tree writes files and opens them; a content "-> x" is a symbolic link to x.
func tree(t testing.TB, files map[string]string) *discover.Work {
	t.Helper()
	w, err := discover.Open(t.Context(), write(t, files), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.Close() })
	return w
}

// write writes files as tree does and returns their directory.
func write(t testing.TB, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range files {
		p := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
			t.Fatal(err)
		}
		var err error
		if target, ok := strings.CutPrefix(content, "-> "); ok {
			err = os.Symlink(target, p)
		} else {
			err = os.WriteFile(p, []byte(content), 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func units(t testing.TB, w *discover.Work, cfg *config.Config) ([]render.Unit, map[string]string) {
	t.Helper()
	inv, err := discover.Collect(t.Context(), w, discover.Options{})
	if err != nil {
		t.Fatal(err)
	}
	us, ledger := Units(w, inv, cfg)
	entries := map[string]string{}
	for _, e := range ledger {
		entries[e.ID] = string(e.State) + ": " + e.Reason
	}
	return us, entries
}

func ids(us []render.Unit) []string {
	var out []string
	for _, u := range us {
		out = append(out, u.ID)
	}
	return out
}

const (
	chartYAML  = "apiVersion: v2\nname: web\nversion: 1.0.0\n"
	deployment = "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\nspec:\n  template:\n    spec:\n      containers:\n        - name: app\n          image: web:1\n"
)

func TestUnits(t *testing.T) {
	w := tree(t, map[string]string{
		"charts/web/Chart.yaml":                   chartYAML + "dependencies: [{name: base, version: 1.x, repository: 'file://../base'}]\n",
		"charts/web/templates/a.yaml":             "kind: {{ .Values.x }}",
		"charts/web/charts/sub/Chart.yaml":        "apiVersion: v2\nname: sub\nversion: 1.0.0\n",
		"charts/base/Chart.yaml":                  "apiVersion: v2\nname: base\nversion: 1.0.0\n",
		"charts/lib/Chart.yaml":                   "apiVersion: v2\nname: lib\ntype: library\nversion: 1.0.0\n",
		"charts/other/Chart.yaml":                 "apiVersion: v2\nname: other\nversion: 1.0.0\n",
		"apps/base/kustomization.yaml":            "resources: [d.yaml]\n",
		"apps/base/d.yaml":                        deployment,
		"apps/prod/kustomization.yaml":            "resources: [../base]\ncomponents: [../extra]\n",
		"apps/extra/kustomization.yaml":           "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\n",
		"apps/unused/kustomization.yaml":          "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\n",
		"apps/ring/a/kustomization.yaml":          "resources: [../b]\n",
		"apps/ring/b/kustomization.yaml":          "resources: [../a]\n",
		"raw/one.yaml":                            deployment,
		"raw/two.yaml":                            deployment,
		"notes/values.yaml":                       "a: 1\n",
		"charts/web/values-prod.yaml":             "x: ConfigMap\n",
		"charts/other/templates/configmap.yaml":   "a: 1\n",
		"charts/other/crds/thing.yaml":            "a: 1\n",
		"charts/other/templates/tests/probe.yaml": "a: 1\n",
	})
	cfg := &config.Config{Units: []config.Unit{
		{Chart: "charts/web", Release: "web", Environment: "prod", Target: "eu", Namespace: "shop", Values: []string{"charts/web/values-prod.yaml"}},
		{Chart: "charts/web", Release: "web", Environment: "prod", Target: "us", Namespace: "shop"},
		{Chart: "charts/web", Release: "web", Environment: "dev", Namespace: "a"},
		{Chart: "charts/web", Release: "web", Environment: "dev", Namespace: "b"},
		{Kustomization: "apps/base", Environment: "dev"},
		{Chart: "charts/gone"},
	}}
	us, ledger := units(t, w, cfg)
	want := []string{
		"helm:charts/other", "helm:charts/web@web@dev@a", "helm:charts/web@web@dev@b",
		"helm:charts/web@web@prod/eu", "helm:charts/web@web@prod/us",
		"kustomize:apps/base@dev", "kustomize:apps/prod", "kustomize:apps/ring/a", "manifests:raw",
	}
	if diff := cmp.Diff(want, ids(us)); diff != "" {
		t.Errorf("units -want +got\n%s", diff)
	}
	wantLedger := map[string]string{
		"helm:charts/base":           "not-applicable: rendered as a dependency of charts/web",
		"helm:charts/gone":           `failed: the configuration names chart "charts/gone", but there is no Chart.yaml`,
		"helm:charts/lib":            "not-applicable: a library chart renders nothing by itself",
		"helm:charts/web/charts/sub": "not-applicable: rendered with its parent chart charts/web",
		"kustomize:apps/extra":       "not-applicable: built as part of apps/prod",
		"kustomize:apps/ring/b":      "not-applicable: built as part of apps/ring/a",
		"kustomize:apps/unused":      "not-applicable: a component that no kustomization uses",
	}
	if diff := cmp.Diff(wantLedger, ledger); diff != "" {
		t.Errorf("ledger -want +got\n%s", diff)
	}
}

// TestInflatedCharts checks that a chart that a kustomization inflates is no
// unit of its own.
func TestInflatedCharts(t *testing.T) {
	us, ledger := units(t, tree(t, map[string]string{
		"k/kustomization.yaml":           "helmCharts: [{name: show, releaseName: rel}]\n",
		"k/charts/show/Chart.yaml":       "apiVersion: v2\nname: show\nversion: 1.0.0\n",
		"k/charts/show/templates/c.yaml": configMap,
		"b/kustomization.yaml":           "helmCharts: nonsense\n",
	}), nil)
	if diff := cmp.Diff([]string{"kustomize:b", "kustomize:k"}, ids(us)); diff != "" {
		t.Error(diff)
	}
	if got, want := ledger["helm:k/charts/show"], "not-applicable: inflated by the kustomization k"; got != want {
		t.Errorf("ledger says %q, want %q", got, want)
	}
}

// asError returns the *source.Error in err, or nil.
func asError(err error) *source.Error {
	var e *source.Error
	errors.As(err, &e)
	return e
}

func noteLines(r *render.Rendered) string {
	var out []string
	for _, n := range r.Notes {
		out = append(out, fmt.Sprintf("%s:%d %s", n.Place.File, n.Place.Line, n.Msg))
	}
	return strings.Join(out, "; ")
}

// TestUnreadableStaysAUnit checks that a chart or kustomization that cannot be
// read fails, however it is reached, and never vanishes.
func TestUnreadableStaysAUnit(t *testing.T) {
	const app = "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: app}\nspec: {source: {repoURL: x, path: c}}\n"
	kustomization := strings.Replace(fluxHead, "repo}", "repo}\n  path: c", 1)
	for name, c := range map[string]struct {
		files map[string]string
		want  []string // what fails
	}{
		"a chart that is no YAML":           {map[string]string{"c/Chart.yaml": "name: ["}, []string{"file c/Chart.yaml"}},
		"a chart without a name":            {map[string]string{"c/Chart.yaml": "version: 1.0.0\n"}, []string{"unit helm:c"}},
		"a chart that is a list":            {map[string]string{"c/Chart.yaml": "- a\n"}, []string{"unit helm:c"}},
		"an empty chart":                    {map[string]string{"c/Chart.yaml": ""}, []string{"unit helm:c"}},
		"a chart out of the tree":           {map[string]string{"c/Chart.yaml": "-> /etc/hostname"}, []string{"file c/Chart.yaml"}},
		"a chart of an Application":         {map[string]string{"c/Chart.yaml": "name: [", "argo/app.yaml": app}, []string{"file c/Chart.yaml", "unit helm:c@app"}},
		"a kustomization that is no YAML":   {map[string]string{"c/kustomization.yaml": "resources: [", "c/a.yaml": configMap}, []string{"file c/kustomization.yaml"}},
		"a list for a kustomization":        {map[string]string{"c/kustomization.yaml": "- a.yaml\n", "c/a.yaml": configMap}, []string{"unit kustomize:c"}},
		"an empty kustomization":            {map[string]string{"c/kustomization.yaml": "", "c/a.yaml": configMap}, []string{"unit kustomize:c"}},
		"a kustomization out of the tree":   {map[string]string{"c/kustomization.yaml": "-> /etc/hostname", "c/a.yaml": configMap}, []string{"file c/kustomization.yaml"}},
		"a kustomization of an Application": {map[string]string{"c/kustomization.yaml": "resources: [", "c/a.yaml": configMap, "argo/app.yaml": app}, []string{"file c/kustomization.yaml", "unit kustomize:c"}},
		"a kustomization of Flux":           {map[string]string{"c/kustomization.yaml": "resources: [", "c/a.yaml": configMap, "flux/k.yaml": kustomization}, []string{"file c/kustomization.yaml", "unit kustomize:c"}},
		"a base":                            {map[string]string{"c/kustomization.yaml": "resources: [../b]\n", "b/kustomization.yaml": "resources: [", "b/a.yaml": configMap}, []string{"file b/kustomization.yaml", "unit kustomize:c"}},
		"a dependency":                      {map[string]string{"c/Chart.yaml": chartYAML + "dependencies: [{name: b, version: 1.x, repository: 'file://../b'}]\n", "b/Chart.yaml": "name: ["}, []string{"file b/Chart.yaml", "unit helm:c"}},
	} {
		w := tree(t, c.files)
		inv, err := discover.Collect(t.Context(), w, discover.Options{})
		if err != nil {
			t.Fatal(err)
		}
		found := Tree(t.Context(), w, inv, nil, render.Options{}, nil)
		outs, ledger := found.Outcomes, found.Ledger
		var got []string
		for _, o := range outs {
			if o.Err != nil {
				got = append(got, "unit "+o.Unit.ID)
			}
		}
		for _, e := range append(ledger, inv.Ledger...) {
			if e.State == facts.Failed {
				got = append(got, e.Kind+" "+e.ID)
			}
		}
		slices.Sort(got)
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s -want +got\n%s", name, diff)
		}
	}
}
