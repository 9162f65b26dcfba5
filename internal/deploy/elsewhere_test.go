package deploy

import (
	"strings"
	"testing"

	"gate/internal/discover"
	"gate/internal/render"

	"github.com/google/go-cmp/cmp"
)

// TestElsewhere checks that an Application of another repository is not
// rendered from this tree, and that unknown addresses change nothing.
func TestElsewhere(t *testing.T) {
	app := func(name, source string) string {
		return "---\napiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: " + name + "}\nspec: {" + source + ", destination: {name: c}}\n"
	}
	files := map[string]string{
		"raw/c.yaml":               configMap,
		"chart/Chart.yaml":         chartYAML,
		"chart/templates/c.yaml":   configMap,
		"values/prod.yaml":         "a: b\n",
		"argo/applicationset.yaml": "apiVersion: argoproj.io/v1alpha1\nkind: ApplicationSet\nmetadata: {name: set}\nspec:\n  generators: [{git: {repoURL: 'https://github.com/acme/other', directories: [{path: raw}]}}]\n  template: {metadata: {name: x}, spec: {source: {repoURL: 'https://github.com/acme/platform', path: '{{path}}'}, destination: {name: c}}}\n",
		"argo/apps.yaml": app("same", "source: {repoURL: 'git@github.com:Acme/platform.git', path: raw}") +
			app("other", "source: {repoURL: 'https://github.com/acme/other', path: raw}") +
			app("open", "source: {repoURL: 'https://git.example.com', path: raw}") +
			app("values", "sources: [{repoURL: 'https://github.com/acme/platform', path: chart, helm: {valueFiles: [$v/values/prod.yaml]}}, {repoURL: 'https://github.com/acme/other', ref: v}]"),
	}
	w := tree(t, files)
	inv, err := discover.Collect(t.Context(), w, discover.Options{})
	if err != nil {
		t.Fatal(err)
	}
	render := func(repositories ...string) map[string]string {
		got := map[string]string{}
		found := Tree(t.Context(), w, inv, nil, render.Options{Repositories: repositories}, nil)
		outs := found.Outcomes
		for _, o := range outs {
			if o.Unit.Controller == "" {
				continue
			}
			text := "rendered"
			if o.Err != nil {
				text, _, _ = strings.Cut(o.Err.Error(), "; ")
			}
			got[o.Unit.Controller] = text
		}
		return got
	}
	want := map[string]string{
		"Application/same":   "rendered",
		"Application/other":  `argo/apps.yaml:10:8: path "raw" is deployed from github.com/acme/other, which is another repository`,
		"Application/open":   "rendered",
		"Application/values": `argo/apps.yaml:20:97: value file "$v/values/prod.yaml" is in github.com/acme/other, which is another repository`,
		"ApplicationSet/set": "argo/applicationset.yaml:5:3: the git generator reads github.com/acme/other, which is another repository",
	}
	if diff := cmp.Diff(want, render("github.com/acme/platform", "github.com/me/platform")); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	for controller, text := range render() {
		if text != "rendered" {
			t.Errorf("%s: %s", controller, text)
		}
	}
	us, _ := Units(w, inv, nil, "github.com/acme/platform")
	for _, u := range us {
		if u.Controller == "Application/other" && u.Fault == nil {
			t.Error("a unit of the base is taken from another repository")
		}
	}
}

// TestFluxElsewhere checks the same for Flux, and that a chart behind chartRef
// is named.
func TestFluxElsewhere(t *testing.T) {
	repo := func(name, url string) string {
		return "apiVersion: source.toolkit.fluxcd.io/v1\nkind: GitRepository\nmetadata: {name: " + name + ", namespace: flux}\nspec: {url: '" + url + "'}\n---\n"
	}
	files := map[string]string{
		"apps/c.yaml":            configMap,
		"chart/Chart.yaml":       chartYAML,
		"chart/templates/c.yaml": configMap,
		"flux/flux.yaml": repo("here", "ssh://git@github.com/acme/platform") + repo("there", "https://github.com/acme/other") +
			"apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {name: here, namespace: flux}\nspec: {path: ./apps, sourceRef: {kind: GitRepository, name: here}}\n---\n" +
			"apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {name: there, namespace: flux}\nspec: {path: ./apps, sourceRef: {kind: GitRepository, name: there}}\n---\n" +
			"apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {name: there, namespace: flux}\nspec: {chart: {spec: {chart: ./chart, sourceRef: {kind: GitRepository, name: there}}}}\n---\n" +
			"apiVersion: source.toolkit.fluxcd.io/v1\nkind: OCIRepository\nmetadata: {name: cm, namespace: flux}\nspec: {url: 'oci://quay.io/charts/cert-manager'}\n---\n" +
			"apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {name: oci, namespace: flux}\nspec: {chartRef: {kind: OCIRepository, name: cm}}\n",
	}
	w := tree(t, files)
	inv, err := discover.Collect(t.Context(), w, discover.Options{})
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	found := Tree(t.Context(), w, inv, nil, render.Options{Repositories: []string{"github.com/acme/platform"}}, nil)
	outs := found.Outcomes
	for _, o := range outs {
		if o.Unit.Controller != "" {
			got[o.Unit.Controller] = "rendered"
			if o.Err != nil {
				got[o.Unit.Controller] = asError(o.Err).Msg
			}
		}
	}
	want := map[string]string{
		"Kustomization/here":  "rendered",
		"Kustomization/there": `path "./apps" is deployed from github.com/acme/other, which is another repository`,
		"HelmRelease/there":   `chart "./chart" is deployed from github.com/acme/other, which is another repository`,
		"HelmRelease/oci":     `chart "oci://quay.io/charts/cert-manager" of OCIRepository cm is not in the repository; nothing is fetched`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}
