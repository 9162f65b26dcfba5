package render

import (
	"strings"
	"testing"

	"gate/internal/discover"

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
	inv, err := discover.Collect(t.Context(), w)
	if err != nil {
		t.Fatal(err)
	}
	render := func(repositories ...string) map[string]string {
		got := map[string]string{}
		outs, _ := Tree(t.Context(), w, inv, nil, Options{Repositories: repositories}, nil)
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
