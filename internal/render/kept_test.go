package render

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"gate/internal/doc"
	"gate/internal/results"
	"gate/internal/source"
	"gate/internal/source/sourcetest"

	"github.com/google/go-cmp/cmp"
)

// keptTree is a kustomization of each kind of thing that one may be made of.
const keptTree = `
-- base/kustomization.yaml --
resources: [d.yaml, ../crds]
commonLabels: {app: web}
configMapGenerator:
  - name: settings
    envs: [settings.env]
    files: [motd.txt]
-- base/settings.env --
A=b
HOME
-- base/motd.txt --
hello
-- base/d.yaml --
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  template:
    spec:
      containers:
        - name: app
          image: "web:1"
          envFrom: [{configMapRef: {name: settings}}]
-- crds/kustomization.yml --
resources: [crd.yaml]
-- crds/crd.yaml --
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: things.example.com, annotations: {a: "é ü 1"}}
spec: {group: example.com}
-- comp/kustomization.yaml --
apiVersion: kustomize.config.k8s.io/v1alpha1
kind: Component
patches:
  - patch: |-
      - op: add
        path: /spec/template/spec/containers/0/tty
        value: true
    target: {kind: Deployment}
-- prod/kustomization.yaml --
resources: [../base]
components: [../comp]
namespace: shop
namePrefix: eu-
images: [{name: web, newTag: "2"}]
patches:
  - path: patch.yaml
replacements:
  - path: replacement.yaml
-- prod/patch.yaml --
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec: {replicas: 3}
-- prod/replacement.yaml --
source: {kind: Deployment, fieldPath: metadata.name}
targets:
  - select: {kind: ConfigMap}
    fieldPaths: [metadata.annotations.of]
    options: {create: true}
`

func keeping(t *testing.T, cache string) Options {
	t.Helper()
	store, err := results.Open(results.Options{Cache: cache})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	return Options{Results: store, Clean: func(_ string, data []byte) bool { return !bytes.Contains(data, []byte("hunter2")) }}
}

// saidOf is all that a rendered unit says, each field with its place.
func saidOf(r *Rendered, err error) string {
	if err != nil {
		return "error: " + err.Error()
	}
	var out strings.Builder
	fmt.Fprintln(&out, r.Sources, r.Closure, r.Digest, r.Notes, r.Seeded, r.Faults, r.Skipped, r.Repeats)
	for _, o := range r.Objects {
		text, _ := json.Marshal(o.Manifest)
		fmt.Fprintln(&out, string(text), o.File, o.Hook, o.Place, o.Repeats)
		var walk func(p source.Path, v any)
		walk = func(p source.Path, v any) {
			fmt.Fprintln(&out, p, o.Locator.Locate(p))
			for _, k := range slices.Sorted(maps.Keys(doc.Map(v))) {
				walk(append(slices.Clone(p), k), doc.Map(v)[k])
			}
			for i, e := range doc.List(v) {
				walk(append(slices.Clone(p), i), e)
			}
		}
		walk(nil, o.Manifest)
	}
	return out.String()
}

// What is taken is what would be built, whatever has happened to the tree since:
// a file that is another one, is gone, is new, or has become a directory.
func TestKeptBuilds(t *testing.T) {
	t.Parallel()
	start := sourcetest.Parse(keptTree)
	trees := map[string]sourcetest.Tree{"as it was": start}
	with := func(what string, change func(sourcetest.Tree)) {
		trees[what] = maps.Clone(start)
		change(trees[what])
	}
	for name, text := range start {
		with(name+" gone", func(t sourcetest.Tree) { delete(t, name) })
		with(name+" empty", func(t sourcetest.Tree) { t[name] = "" })
		with(name+" longer", func(t sourcetest.Tree) { t[name] = text + "# more\n" })
		with(name+" a directory", func(t sourcetest.Tree) { delete(t, name); t[name+"/x.yaml"] = text })
	}
	for _, name := range []string{"prod/kustomization.yml", "prod/Kustomization", "base/kustomization.yml", "crds/kustomization.yaml", "comp/Kustomization"} {
		with(name+" new", func(t sourcetest.Tree) { t[name] = "namePrefix: other-\n" })
	}
	with("another file of no use", func(t sourcetest.Tree) { t["base/README.md"] = "x\n" })
	with("no patch", func(t sourcetest.Tree) {
		t["prod/kustomization.yaml"] = strings.Replace(t["prod/kustomization.yaml"], "patches:\n  - path: patch.yaml\n", "", 1)
	})
	with("another patch", func(t sourcetest.Tree) { t["prod/patch.yaml"] = strings.Replace(t["prod/patch.yaml"], "3", "4", 1) })
	units := []Unit{kustomizationAt("prod"), kustomizationAt("base"), kustomizationAt("prod")}
	units[2].Overlay = map[string]any{"nameSuffix": "-x"}

	cache := t.TempDir()
	first := keeping(t, cache)
	for _, u := range units {
		none := saidOf(Render(t.Context(), start, u, Options{}))
		if strings.HasPrefix(none, "error") {
			t.Fatal(none)
		}
		if diff := cmp.Diff(none, saidOf(Render(t.Context(), start, u, first))); diff != "" {
			t.Errorf("%s, nothing kept yet (-none +kept):\n%s", u.Path, diff)
		}
	}
	if n := first.Results.Taken(KustomizeBuilds); n != 0 {
		t.Errorf("%d builds taken of none", n)
	}
	for _, what := range slices.Sorted(maps.Keys(trees)) {
		for i, u := range units {
			opts := keeping(t, cache)
			for range 2 {
				if diff := cmp.Diff(saidOf(Render(t.Context(), trees[what], u, Options{})), saidOf(Render(t.Context(), trees[what], u, opts))); diff != "" {
					t.Errorf("%s, unit %d (-none +kept):\n%s", what, i, diff)
				}
			}
		}
	}
	for i, u := range units { // what was kept first is there still
		opts := keeping(t, cache)
		_, _ = Render(t.Context(), start, u, opts)
		if n := opts.Results.Taken(KustomizeBuilds); n != 1 {
			t.Errorf("unit %d: %d builds taken, want 1", i, n)
		}
	}
}

// Nothing is kept of what a secret may have gone into, and nothing where a schema
// or a chart has a part in it.
func TestNotKept(t *testing.T) {
	t.Parallel()
	const object = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata: {a: b}\n"
	for _, c := range []struct {
		what string
		tree sourcetest.Tree
		kept bool
	}{
		{"nothing secret", sourcetest.Tree{"k/kustomization.yaml": "resources: [c.yaml]\n", "k/c.yaml": object}, true},
		{"a Secret", sourcetest.Tree{"k/kustomization.yaml": "resources: [c.yaml]\n", "k/c.yaml": "apiVersion: v1\nkind: 'Secret'\nmetadata: {name: c}\n"}, false},
		{"a generated Secret", sourcetest.Tree{"k/kustomization.yaml": "secretGenerator: [{name: s, literals: [a=b]}]\n"}, false},
		{"a value in an object", sourcetest.Tree{"k/kustomization.yaml": "resources: [c.yaml]\n", "k/c.yaml": strings.Replace(object, "a: b", "a: hunter2", 1)}, false},
		{"a value in a file", sourcetest.Tree{"k/kustomization.yaml": "configMapGenerator: [{name: s, envs: [.env]}]\n", "k/.env": "A=hunter2\n"}, false},
		{"a value that a patch takes away", sourcetest.Tree{
			"k/kustomization.yaml": "resources: [c.yaml]\npatches: [{path: p.yaml}]\n", "k/c.yaml": strings.Replace(object, "a: b", "a: hunter2", 1),
			"k/p.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\n$patch: delete\n",
		}, false},
		{"a value in the kustomization", sourcetest.Tree{"k/kustomization.yaml": "resources: [c.yaml]\n# hunter2\ncommonAnnotations: {a: hunter2}\n", "k/c.yaml": object}, false},
		{"a schema", sourcetest.Tree{"k/kustomization.yaml": "resources: [c.yaml]\nopenapi: {path: s.json}\n", "k/s.json": "{\"definitions\": {}}\n", "k/c.yaml": object}, false},
		{"a chart", sourcetest.Tree{
			"k/kustomization.yaml": "helmCharts: [{name: c, releaseName: r}]\n", "k/charts/c/Chart.yaml": "apiVersion: v2\nname: c\nversion: 1.0.0\n", "k/charts/c/templates/c.yaml": object,
		}, false},
		{"a fault", sourcetest.Tree{"k/kustomization.yaml": "resources: [c.yaml, c.yaml]\n", "k/c.yaml": object}, false},
	} {
		t.Run(c.what, func(t *testing.T) {
			t.Parallel()
			cache := t.TempDir()
			for range 2 {
				none := saidOf(Render(t.Context(), c.tree, kustomizationAt("k"), Options{}))
				opts := keeping(t, cache)
				if diff := cmp.Diff(none, saidOf(Render(t.Context(), c.tree, kustomizationAt("k"), opts))); diff != "" {
					t.Errorf("(-none +kept):\n%s", diff)
				}
				if strings.HasPrefix(none, "error") != (c.what == "a fault") {
					t.Error(none)
				}
			}
			list, err := os.ReadDir(filepath.Join(cache, results.Directory))
			if err != nil {
				t.Fatal(err)
			}
			if kept := len(list) > 0; kept != c.kept {
				t.Errorf("kept: %v, want %v", kept, c.kept)
			}
		})
	}
}

// An entry that says what this program never writes is worked out again.
func TestKeptBuildsPoisoned(t *testing.T) {
	t.Parallel()
	start := sourcetest.Parse(keptTree)
	none := saidOf(Render(t.Context(), start, kustomizationAt("prod"), Options{}))
	cache := t.TempDir()
	_, _ = Render(t.Context(), start, kustomizationAt("prod"), keeping(t, cache))
	dir := filepath.Join(cache, results.Directory)
	list, err := os.ReadDir(dir)
	if err != nil || len(list) != 2 {
		t.Fatalf("%v %v, want two entries", list, err)
	}
	spoil := func(e fs.DirEntry, with func([]byte) []byte) {
		name := filepath.Join(dir, e.Name())
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, with(data), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, e := range list {
		for what, with := range map[string]func([]byte) []byte{
			"cut":     func(d []byte) []byte { return d[:len(d)/2] },
			"flipped": func(d []byte) []byte { d[len(d)-9] ^= 4; return d },
			"empty":   func([]byte) []byte { return nil },
		} {
			spoil(e, with)
			opts := keeping(t, cache)
			if diff := cmp.Diff(none, saidOf(Render(t.Context(), start, kustomizationAt("prod"), opts))); diff != "" {
				t.Errorf("%s (-none +kept):\n%s", what, diff)
			}
			if n := opts.Results.Taken(KustomizeBuilds); n != 0 {
				t.Errorf("%s: taken", what)
			}
			opts = keeping(t, cache)
			if _, _ = Render(t.Context(), start, kustomizationAt("prod"), opts); opts.Results.Taken(KustomizeBuilds) != 1 {
				t.Errorf("%s: not replaced", what)
			}
		}
	}
	store := keeping(t, cache).Results
	for _, payload := range []string{"", "{", "{}", "[1]", `[{"Of":"RemoveAll","Path":"/"}]`, `[{"Of":"ReadFile","Path":"/../../etc/passwd"}]`} {
		store.Put(store.Key(kustomizeLookups, []byte("prod")), []byte(payload))
		if diff := cmp.Diff(none, saidOf(Render(t.Context(), start, kustomizationAt("prod"), keeping(t, cache)))); diff != "" {
			t.Errorf("%s (-none +kept):\n%s", payload, diff)
		}
	}
}
