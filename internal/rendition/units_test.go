package rendition

import (
	"os"
	"os/exec"
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

// Of a change no more is rendered than the unit that is asked for and what the
// change reaches: an object may have moved from there.
func TestOnlyWantedUnitsOfAChange(t *testing.T) {
	t.Parallel()
	const kustomization = "resources: [a.yaml]\n"
	configMap := func(name string) string { return "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: " + name + "}\n" }
	dir := t.TempDir()
	write := func(files map[string]string) {
		for name, text := range files {
			file := filepath.Join(dir, filepath.FromSlash(name))
			if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	run := func(args ...string) {
		cmd := exec.Command("git", append([]string{"-C", dir, "-c", "user.name=a", "-c", "user.email=a@example.com"}, args...)...)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("git %v: %v\n%s", args, err, out)
		}
	}
	write(map[string]string{
		"from/kustomization.yaml":  kustomization,
		"from/a.yaml":              configMap("moves"),
		"to/kustomization.yaml":    kustomization,
		"to/a.yaml":                configMap("stays"),
		"other/kustomization.yaml": kustomization,
		"other/a.yaml":             configMap("other"),
		"web/Chart.yaml":           "apiVersion: v2\nname: web\nversion: 1.0.0\n",
		"web/templates/a.yaml":     configMap("web"),
	})
	run("init", "-q", "-b", "main")
	run("add", "-A")
	run("commit", "-q", "-m", "base")
	write(map[string]string{"from/a.yaml": configMap("new"), "to/a.yaml": configMap("stays") + "---\n" + configMap("moves")})
	run("commit", "-q", "-a", "-m", "head")

	for unit, want := range map[string]struct {
		rendered []string
		changes  map[string]string
	}{
		"kustomize:to":    {[]string{"kustomize:from", "kustomize:to"}, map[string]string{"moves": "moved", "stays": "unchanged"}},
		"kustomize:other": {[]string{"kustomize:from", "kustomize:other", "kustomize:to"}, map[string]string{"other": "unchanged"}},
	} {
		options := pipeline.Options{Dir: dir, PolicyRef: "worktree", Base: "HEAD^"}
		var rendered []string
		err := pipeline.Render(t.Context(), options, []string{unit}, true, func(r *pipeline.Rendered) error {
			for _, o := range r.Head.Outcomes {
				if o.Rendered == nil || !o.Rendered.AsBefore {
					rendered = append(rendered, o.Unit.ID)
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		slices.Sort(rendered)
		if diff := cmp.Diff(want.rendered, rendered); diff != "" {
			t.Errorf("%s is rendered by (-want +got):\n%s", unit, diff)
		}
		got, err := Of(t.Context(), options, Options{Units: []string{unit}, Diff: true})
		if err != nil {
			t.Fatal(err)
		}
		changes := map[string]string{}
		for _, o := range got.Objects {
			if o.Change == nil {
				t.Fatalf("%s: nothing is said of %s", unit, o.Name)
			}
			changes[o.Name] = o.Change.Action
		}
		if diff := cmp.Diff(want.changes, changes); diff != "" || len(got.Failed) > 0 {
			t.Errorf("%s: what the change does (-want +got):\n%s%v", unit, diff, got.Failed)
		}
	}
}
