package rendition

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"gate/internal/pipeline"

	"github.com/google/go-cmp/cmp"
)

// No other unit is rendered than the one that is asked for and what it is made by.
func TestOnlyWantedUnits(t *testing.T) {
	t.Parallel()
	const kustomization = "resources: [a.yaml]\n"
	const configMap = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\n"
	dir := t.TempDir()
	for name, text := range map[string]string{
		"web/Chart.yaml":             "apiVersion: v2\nname: web\nversion: 1.0.0\n",
		"web/templates/a.yaml":       configMap,
		"broken/Chart.yaml":          "apiVersion: v2\nname: broken\nversion: 1.0.0\n",
		"broken/templates/a.yaml":    "{{ fail \"never\" }}\n",
		"k/kustomization.yaml":       kustomization,
		"k/a.yaml":                   configMap,
		"apps/kustomization.yaml":    kustomization,
		"apps/a.yaml":                "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: made}\nspec:\n  source: {repoURL: https://git.example.com/x, path: made}\n  destination: {namespace: made, name: in-cluster}\n",
		"made/kustomization.yaml":    kustomization,
		"made/a.yaml":                configMap,
		"plain/a.yaml":               configMap,
		"overlay/kustomization.yaml": "resources: [../k]\n",
	} {
		file := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	rendered := func(units ...string) []string {
		var out []string
		err := pipeline.Render(t.Context(), pipeline.Options{Dir: dir}, units, false, func(r *pipeline.Rendered) error {
			for _, o := range r.Head.Outcomes {
				if o.Rendered == nil || !o.Rendered.AsBefore {
					out = append(out, o.Unit.ID)
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		slices.Sort(out)
		return out
	}
	all := rendered()

	for unit, want := range map[string][]string{
		"helm:web":          {"helm:web", "kustomize:apps"}, // which may deploy it
		"kustomize:overlay": {"kustomize:apps", "kustomize:overlay"},
	} {
		got := rendered(unit)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", unit, diff)
		}
		if len(all) <= len(got) {
			t.Errorf("all: %v", all)
		}
	}
}
