package render

import (
	"fmt"
	"testing"

	"gate/internal/doc"
	"gate/internal/source"
	"gate/internal/source/sourcetest"

	"github.com/google/go-cmp/cmp"
)

// TestKustomizeMapping checks that every field points to the line that a
// person would change.
func TestKustomizeMapping(t *testing.T) {
	w := tree(t, map[string]string{
		"base/kustomization.yaml": "resources:\n  - d.yaml\nconfigMapGenerator:\n  - name: settings\n    literals: [a=b]\n",
		"base/d.yaml": `apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  replicas: 1
  template:
    spec:
      hostNetwork: true
      containers:
        - name: sidecar
          image: side:1
          securityContext:
            privileged: true
        - name: app
          image: web:1
          env:
            - name: A
              value: base
`,
		"comp/kustomization.yaml": `apiVersion: kustomize.config.k8s.io/v1alpha1
kind: Component
patches:
  - patch: |-
      - op: add
        path: /spec/template/spec/containers/0/tty
        value: true
    target: {kind: Deployment}
`,
		"prod/kustomization.yaml": `resources:
  - ../base
components:
  - ../comp
namespace: shop
namePrefix: eu-
labels:
  - pairs:
      team: web
images:
  - name: web
    newTag: "2"
replicas:
  - name: web
    count: 3
patches:
  - path: patch.yaml
`,
		"prod/patch.yaml": `apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  template:
    spec:
      containers:
        - name: app
          securityContext:
            runAsUser: 0
          env:
            - name: A
              value: patched
`,
	})
	r, err := Render(t.Context(), w, kustomizationAt("prod"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	byKind := map[string]Object{}
	for _, o := range r.Objects {
		byKind[o.Manifest["kind"].(string)] = o
	}
	containers := source.Path{"spec", "template", "spec", "containers"}
	index := map[string]int{}
	list, _ := doc.Lookup(byKind["Deployment"].Manifest, containers...)
	for i, c := range list.([]any) {
		index[c.(map[string]any)["name"].(string)] = i
	}
	in := func(name string, p ...any) source.Path { return append(append(containers[:4:4], index[name]), p...) }
	for _, tc := range []struct {
		kind string
		path source.Path
		want string
	}{
		{"Deployment", source.Path{"spec", "template", "spec", "hostNetwork"}, "base/d.yaml:9:7"},
		{"Deployment", in("sidecar", "image"), "base/d.yaml:12:11"},
		{"Deployment", in("sidecar", "securityContext", "privileged"), "base/d.yaml:14:13"},
		{"Deployment", in("sidecar"), "base/d.yaml:11:11"},
		{"Deployment", in("app"), "base/d.yaml:15:11"},
		{"Deployment", in("app", "image"), "prod/kustomization.yaml:12:5"},
		{"Deployment", in("app", "securityContext", "runAsUser"), "prod/patch.yaml:11:13"},
		{"Deployment", in("app", "env", 0, "value"), "prod/patch.yaml:14:15"},
		{"Deployment", source.Path{"spec", "replicas"}, "prod/kustomization.yaml:15:5"},
		{"Deployment", source.Path{"metadata", "namespace"}, "prod/kustomization.yaml:5:1"},
		{"Deployment", source.Path{"metadata", "name"}, "prod/kustomization.yaml:6:1"},
		{"Deployment", source.Path{"metadata", "labels", "team"}, "prod/kustomization.yaml:9:7"},
		{"ConfigMap", source.Path{"data", "a"}, "base/kustomization.yaml:4:5"},
	} {
		loc := byKind[tc.kind].Locator.Locate(tc.path)
		if loc.String() != tc.want || loc.Approximate {
			t.Errorf("%s %s: %s (approximate: %v), expected %s", tc.kind, tc.path, loc, loc.Approximate, tc.want)
		}
	}
	loc := byKind["Deployment"].Locator.Locate(in("sidecar", "tty")) // a later patch moved the element
	if loc.String() != "comp/kustomization.yaml:7" || !loc.Approximate {
		t.Errorf("a patched field: %s, expected the operation, approximate", loc)
	}
	loc = byKind["Deployment"].Locator.Locate(in("app", "resources", "limits"))
	if loc.String() != "base/d.yaml:15:11" || !loc.Approximate {
		t.Errorf("a missing field: %s, expected the container, approximate", loc)
	}
	if notes, ok := doc.Lookup(byKind["Deployment"].Manifest, "metadata", "annotations"); ok {
		t.Errorf("annotations are left over: %v", notes)
	}
	want := []string{"base/d.yaml", "base/kustomization.yaml", "comp/kustomization.yaml", "prod/kustomization.yaml", "prod/patch.yaml"}
	if diff := cmp.Diff(want, r.Sources); diff != "" {
		t.Errorf("sources -want +got\n%s", diff)
	}
}

// TestOpenAPIDoesNotLeak builds kustomizations with schemas of their own beside
// ones without, many at a time: each merges lists by its own schema.
func TestOpenAPIDoesNotLeak(t *testing.T) {
	const patch = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec: {template: {spec: {containers: [{name: app, tty: true}]}}}\n"
	files := map[string]string{}
	var us []Unit
	for i := range 12 {
		dir := fmt.Sprintf("k%02d", i)
		head := "resources: [d.yaml]\npatches: [{path: p.yaml}]\n"
		if i%3 == 0 { // nothing is known of Deployments, so that the patch replaces the list
			head += "openapi: {path: schema.json}\n"
			files[dir+"/schema.json"] = `{"definitions": {}}`
		}
		files[dir+"/kustomization.yaml"], files[dir+"/d.yaml"], files[dir+"/p.yaml"] = head, deployment, patch
		us = append(us, kustomizationAt(dir))
	}
	for i, o := range All(t.Context(), tree(t, files), us, Options{Workers: 8}) {
		if o.Err != nil {
			t.Fatal(o.Err)
		}
		merged := doc.Text(o.Rendered.Objects[0].Manifest, "spec", "template", "spec", "containers", 0, "image") != ""
		if want := i%3 != 0; merged != want {
			t.Errorf("%s: the container was merged: %v, expected %v", o.Unit.ID, merged, want)
		}
	}
}

func FuzzScout(f *testing.F) {
	f.Add("resources: [a.yaml, ../b]\npatches: [{path: x}]\n", "a: 1\n")
	f.Add("generators:\n- |\n  kind: x\n", "path: http://example.com\n")
	f.Add("helmGlobals: {chartHome: ../b}\nhelmCharts: [{name: x, version: 1, valuesInline: {a: [b]}}]\n", "kind: HelmChartInflationGenerator\nname: x\n")
	f.Add("generators: [a.yaml]\nhelmChartInflationGenerator: [{chartName: x}]\n", "kind: HelmChartInflationGenerator\nname: ../x\n")
	f.Fuzz(func(t *testing.T, k, other string) {
		w := sourcetest.Tree{"k/kustomization.yaml": k, "k/a.yaml": other, "b/kustomization.yaml": other}
		in := &input{tree: w, sums: map[string]string{}}
		s := newScout(in, source.Directories(w))
		_ = s.kustomization("k", false, "")
	})
}

func FuzzRemote(f *testing.F) {
	for _, s := range []string{"https://a/b", "git@github.com:a/b", "github.com/a/b", "../base", "git::https://x"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if vendorName(s) == "" {
			t.Error("no name")
		}
		Remote(s)
	})
}

// Of keys that stand twice in a kustomization kustomize takes the last; in a
// resource it refuses them, which is told at the second of them.
func TestRepeatedKeysOfKustomize(t *testing.T) {
	t.Parallel()
	const doubled = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata:\n  v: one\n  v: two\n"
	for name, c := range map[string]struct{ kustomization, resource, want string }{
		"prefix":         {"namePrefix: a-\nresources: [c.yaml]\nnamePrefix: b-\n", configMap, "b-plain; namePrefix k/kustomization.yaml:1:1 k/kustomization.yaml:3:1"},
		"resources":      {"resources: [gone.yaml]\nresources: [c.yaml]\n", configMap, "plain; resources k/kustomization.yaml:1:1 k/kustomization.yaml:2:1"},
		"build metadata": {"buildMetadata: [managedByLabel]\nresources: [c.yaml]\nbuildMetadata: []\n", configMap, "plain; buildMetadata k/kustomization.yaml:1:1 k/kustomization.yaml:3:1"},
		"a resource":     {"resources: [c.yaml]\n", doubled, "k/c.yaml:6:3: kustomize refuses that data.v stands twice in one mapping"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, err := Render(t.Context(), tree(t, map[string]string{"k/kustomization.yaml": c.kustomization, "k/c.yaml": c.resource}), kustomizationAt("k"), Options{})
			var got string
			if err != nil {
				got = err.Error()
			} else {
				got = doc.Text(r.Objects[0].Manifest, "metadata", "name")
				for _, k := range r.Repeats {
					got += "; " + k.Path.String() + " " + k.First.String() + " " + k.Last.String()
				}
				if labels := doc.At(r.Objects[0].Manifest, "metadata", "labels"); labels != nil {
					t.Errorf("labels: %v", labels)
				}
			}
			if got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}
