package deploy

import (
	"strings"
	"testing"

	"gate/internal/discover"
	"gate/internal/doc"
	"gate/internal/render"

	"github.com/google/go-cmp/cmp"
)

// TestTree checks that what rendered objects deploy is rendered too, as it is
// deployed and not by default.
func TestTree(t *testing.T) {
	files := map[string]string{
		"root/Chart.yaml":  "apiVersion: v2\nname: root\nversion: 1.0.0\n",
		"root/values.yaml": "apps: [one, two]\n",
		"root/templates/apps.yaml": `{{- range .Values.apps }}
---
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {name: {{ . }}}
spec:
  source: {repoURL: x, path: charts/show, helm: {valuesObject: {v: {{ . }}}}}
  destination: {name: c-{{ . }}, namespace: {{ . }}}
{{- end }}
`,
		"charts/show/Chart.yaml":       "apiVersion: v2\nname: show\nversion: 1.0.0\n",
		"charts/show/templates/c.yaml": showChart,
		"flux/base/kustomization.yaml": "resources: [release.yaml]\n",
		"flux/base/release.yaml":       "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {name: rel, namespace: apps}\nspec: {chart: {spec: {chart: ./charts/show, sourceRef: {kind: GitRepository, name: x}}}, values: {v: base}}\n",
		"flux/prod/kustomization.yaml": "resources: [../base]\npatches: [{path: patch.yaml}]\n",
		"flux/prod/patch.yaml":         "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {name: rel, namespace: apps}\nspec: {values: {v: prod}}\n",
		"loop/kustomization.yaml":      "resources: [app.yaml]\n",
		"loop/app.yaml":                "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: loop}\nspec: {source: {repoURL: x, path: loop}}\n",
		"raw/c.yaml":                   configMap,
	}
	w := tree(t, files)
	inv, err := discover.Collect(t.Context(), w, discover.Options{})
	if err != nil {
		t.Fatal(err)
	}
	found := Tree(t.Context(), w, inv, nil, render.Options{}, func(u render.Unit) bool { return u.Path != "raw" })
	outs := found.Outcomes
	got := map[string]string{}
	var order []string
	for _, o := range outs {
		order = append(order, o.Unit.ID)
		if o.Err != nil {
			got[o.Unit.ID] = o.Err.Error()
			continue
		}
		var v []string
		for _, obj := range o.Rendered.Objects {
			data := doc.Map(obj.Manifest, "data")
			text := doc.Text(data, "v")
			v = append(v, doc.Text(obj.Manifest, "metadata", "name")+":"+text)
		}
		got[o.Unit.ID] = o.Unit.Cluster + " " + strings.Join(v, " ")
	}
	want := map[string]string{
		"helm:root":            " one: two:",
		"helm:charts/show@one": "c-one one:one",
		"helm:charts/show@two": "c-two two:two",
		"helm:charts/show@rel": " rel:prod",
		"kustomize:flux/prod":  " rel:",
		"kustomize:loop":       " loop:",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	if len(order) != len(got) {
		t.Errorf("ids are not unique: %v", order)
	}
	for _, o := range outs {
		if o.Unit.ID == "helm:charts/show@one" {
			r := render.Facts([]render.Outcome{o}, nil)
			loc := r.Locators["helm:charts/show@one#/ConfigMap/one/one"].Locate([]any{"data", "v"})
			if len(loc.Related) == 0 || loc.Related[0].File != "root/templates/apps.yaml" || loc.Related[0].Line != 7 {
				t.Errorf("values come from %v, expected the template of the application", loc.Related)
			}
		}
	}
}
