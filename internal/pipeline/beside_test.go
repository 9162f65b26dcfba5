package pipeline

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestBeside checks what a change does of files that deployers read beside a
// source, and of those that they leave out of it; no more is said where nothing is
// judged but what the change reaches.
func TestBeside(t *testing.T) {
	t.Parallel()
	for _, c := range besideChanges() {
		for _, narrow := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, narrow %v", c.name, narrow), func(t *testing.T) {
				t.Parallel()
				got := stepsOf(factsOf(t, c.base, c.head, narrow))
				if diff := cmp.Diff(c.want, got); diff != "" {
					t.Error(diff)
				}
			})
		}
	}
}

func besideChanges() []changeCase {
	argo := files("argocd/web.yaml", app("web", "path: charts/web")) + webChart("charts/web")
	override := func(name, value string) string {
		return files("charts/web/"+name, "helm: {valuesObject: {v: "+value+"}}")
	}
	repository := func(more string) string {
		return files("flux/repo.yaml", "apiVersion: source.toolkit.fluxcd.io/v1\nkind: GitRepository\nmetadata: {name: flux-system, namespace: flux-system}\nspec: {url: \"https://git.example.com/acme/shop.git\""+more+"}")
	}
	fluxed := files("flux/web.yaml", flux("web", "./web", "")) + repository("")
	list := files("web/kustomization.yaml", "resources: [a.yaml]", "web/a.yaml", configMap("a", "1"), "web/b.yaml", configMap("b", "1"))
	return []changeCase{
		{"an override comes", argo, argo + override(".argocd-source.yaml", "new"), []string{"updated helm:charts/web@web#/ConfigMap/shop/web: data.v at charts/web/.argocd-source.yaml:1"}},
		{"an override of the Application changes", argo + override(".argocd-source-web.yaml", "old"), argo + override(".argocd-source-web.yaml", "new"), []string{"updated helm:charts/web@web#/ConfigMap/shop/web: data.v at charts/web/.argocd-source-web.yaml:1"}},
		{"an override goes", argo + override(".argocd-source-web.yaml", "old"), argo, []string{"updated helm:charts/web@web#/ConfigMap/shop/web: data.v"}},
		{"an override of another Application", argo, argo + override(".argocd-source-other.yaml", "new"), nil},
		{"rules come that leave the kustomization out", fluxed + list, fluxed + list + files(".sourceignore", "kustomization.yaml"), []string{"created manifests:web#/ConfigMap/shop/b at .sourceignore:1"}},
		{"rules go that left the kustomization out", fluxed + list + files("web/.sourceignore", "kustomization.yaml"), fluxed + list, []string{"deleted manifests:web#/ConfigMap/shop/b~deleted at web/.sourceignore:0"}},
		{"the source leaves the kustomization out from now on", fluxed + list, files("flux/web.yaml", flux("web", "./web", "")) + repository(", ignore: kustomization.yaml") + list, []string{"updated manifests:flux#source.toolkit.fluxcd.io/GitRepository/flux-system/flux-system: spec.ignore", "created manifests:web#/ConfigMap/shop/b"}},
		{"the source checks out less from now on", fluxed + files("web/kustomization.yaml", "resources: [a.yaml]", "web/a.yaml", configMap("a", "1"), "web/sub/b.yaml", configMap("b", "1")),
			files("flux/web.yaml", flux("web", "./web", "")) + repository(", sparseCheckout: [web/sub]") + files("web/kustomization.yaml", "resources: [a.yaml]", "web/a.yaml", configMap("a", "1"), "web/sub/b.yaml", configMap("b", "1")), []string{"updated manifests:flux#source.toolkit.fluxcd.io/GitRepository/flux-system/flux-system: spec.sparseCheckout", "created manifests:web#/ConfigMap/shop/b", "deleted kustomize:web#/ConfigMap/shop/a~deleted at web/kustomization.yaml:1"}},
		{"a file that is left out changes", fluxed + files(".sourceignore", "b.yaml", "web/a.yaml", configMap("a", "1"), "web/b.yaml", configMap("b", "1")),
			fluxed + files(".sourceignore", "b.yaml", "web/a.yaml", configMap("a", "1"), "web/b.yaml", configMap("b", "2")), nil},
		{"a file that is left out comes in", fluxed + files(".sourceignore", "b.yaml", "web/a.yaml", configMap("a", "1"), "web/b.yaml", configMap("b", "1")),
			fluxed + files(".sourceignore", "c.yaml", "web/a.yaml", configMap("a", "1"), "web/b.yaml", configMap("b", "1")), []string{"created manifests:web#/ConfigMap/shop/b at .sourceignore:1"}},
		{"an object that is left out deploys nothing", files("flux/all.yaml", flux("all", "./flux/all", "")) + repository("") + files(".sourceignore", "flux/all/old", "flux/all/a.yaml", configMap("a", "1"), "flux/all/old/k.yaml", flux("old", "./old", ""), "old/c.yaml", configMap("c", "1")),
			files("flux/all.yaml", flux("all", "./flux/all", "")) + repository("") + files(".sourceignore", "flux/all/old", "flux/all/a.yaml", configMap("a", "1"), "flux/all/old/k.yaml", flux("old", "./old", ""), "old/c.yaml", configMap("c", "2")), nil},
		{"a file of CI below the path of a source changes", fluxed + files("web/a.yaml", configMap("a", "1"), "web/.github/b.yaml", configMap("b", "1")),
			fluxed + files("web/a.yaml", configMap("a", "1"), "web/.github/b.yaml", configMap("b", "2")), nil},
		{"a marked file changes", files("argocd/web.yaml", app("web", "path: web")) + files("web/a.yaml", configMap("a", "1"), "web/b.yaml", configMap("b", "1")+"\n# +argocd:skip-file-rendering"),
			files("argocd/web.yaml", app("web", "path: web")) + files("web/a.yaml", configMap("a", "1"), "web/b.yaml", configMap("b", "2")+"\n# +argocd:skip-file-rendering"), nil},
		{"a mark comes", files("argocd/web.yaml", app("web", "path: web")) + files("web/a.yaml", configMap("a", "1"), "web/b.yaml", configMap("b", "1")),
			files("argocd/web.yaml", app("web", "path: web")) + files("web/a.yaml", configMap("a", "1"), "web/b.yaml", configMap("b", "1")+"\n# +argocd:skip-file-rendering"), []string{"deleted manifests:web#/ConfigMap/shop/b~deleted at web/b.yaml:5"}},
	}
}
