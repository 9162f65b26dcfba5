package pipeline

import (
	"strings"
	"testing"
)

// TestRoots tells what somebody applies by hand, so that what it deploys is
// deployed, from what stands beside it.
func TestRoots(t *testing.T) { runChanges(t, rootChanges()) }

func rootChanges() []changeCase {
	infra := files("apps/kustomization.yaml", "resources: [infra.yaml]", "apps/infra.yaml", app("infra", "path: infra"), "infra/c.yaml", configMap("infra", "1"))
	remote := files("root/kustomization.yaml", "resources: [../apps, \"https://example.com/base?ref=v1\"]", "live/root.yaml", app("root", "path: root"))
	dev := files("o/dev/kustomization.yaml", "resources: [../base]\nnamePrefix: dev-", "o/prod/kustomization.yaml", "resources: [../base]", "o/base/kustomization.yaml", "resources: [release.yaml]",
		"live/prod.yaml", flux("prod", "./o/prod", ""))
	web := func(v string) string {
		return webChart("charts/web") + files("o/base/release.yaml", release("web", "./charts/web", ", values: {v: "+v+"}"))
	}
	instance := files("flux/instance.yaml", "apiVersion: fluxcd.controlplane.io/v1\nkind: FluxInstance\nmetadata: {name: flux, namespace: flux-system}\nspec: {sync: {kind: GitRepository, url: x, ref: refs/heads/main, path: live}}") +
		files("old/c.yaml", configMap("old", "1"))
	lent := func(v string) string {
		return files("live/a.yaml", flux("a", "./a", ", postBuild: {substituteFrom: [{kind: ConfigMap, name: settings}]}"), "a/c.yaml", configMap("a", "${V}"),
			"vars/v.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings, namespace: flux-system}\ndata: {V: \""+v+"\"}")
	}
	plain := files("k/kustomization.yaml", "resources: [a.yaml, b.yaml]", "k/a.yaml", configMap("a", "1"))
	return []changeCase{
		{"a file of Applications goes that the kustomization around it did not list, and nobody can build that", infra + remote + files("apps/web.yaml", app("web", "path: web"), "web/c.yaml", configMap("web", "1")),
			infra + remote + files("web/c.yaml", configMap("web", "1")), []string{"unknown kustomize:root at the head"}},
		{"one comes", infra + remote + files("web/c.yaml", configMap("web", "1")),
			infra + remote + files("apps/web.yaml", app("web", "path: web"), "web/c.yaml", configMap("web", "1")), []string{"unknown kustomize:root at the head"}},
		{"a path goes that only a file leads to which was left out", infra + files("live/all.yaml", app("all", "path: apps"), "apps/osc.yaml", app("osc", "path: envs/osc"), "envs/osc/kustomization.yaml", "resources: [web.yaml]", "envs/osc/web.yaml", app("web", "path: web"), "web/c.yaml", configMap("web", "1")),
			infra + files("live/all.yaml", app("all", "path: apps")), nil},
		{"one that deploys the directory it stands in is where it begins", infra + files("apps/root.yaml", app("root", "path: apps")),
			infra + files("apps/root.yaml", app("root", "path: apps"), "infra/d.yaml", configMap("d", "1")), []string{"created manifests:infra#/ConfigMap/shop/d"}},
		{"a release in an overlay that nothing leads to", dev + web("one"), dev + web("two"),
			[]string{"updated helm:charts/web@web@shop@live#/ConfigMap/shop/web: data.v at o/base/release.yaml:4", "updated kustomize:o/prod#helm.toolkit.fluxcd.io/HelmRelease/flux-system/web: spec.values.v"}},
		{"the first Application hides nothing that was deployed by itself", plain + files("k/b.yaml", configMap("b", "1")), strings.Replace(plain, "resources: [a.yaml, b.yaml]", "resources: [a.yaml]", 1) + files("argocd/docs.yaml", app("docs", "path: docs"), "docs/x.yaml", configMap("x", "1")),
			[]string{"created manifests:argocd#argoproj.io/Application/argocd/docs", "created manifests:docs#/ConfigMap/shop/x", "deleted kustomize:k#/ConfigMap/shop/b at k/kustomization.yaml:1"}},
		{"without any, what a kustomization does not list any more is left out", plain + files("k/b.yaml", configMap("b", "1")), strings.Replace(plain, "resources: [a.yaml, b.yaml]", "resources: [a.yaml]", 1) + files("k/b.yaml", configMap("b", "1")),
			[]string{"deleted kustomize:k#/ConfigMap/shop/b at k/kustomization.yaml:1"}},
		{"what an instance of Flux syncs", instance + files("live/c.yaml", configMap("c", "1")), instance + files("live/c.yaml", configMap("c", "2")),
			[]string{"updated manifests:live#/ConfigMap/shop/c: data.v"}},
		{"what lends variables to what is deployed", lent("1"), lent("2"), []string{"updated manifests:a#/ConfigMap/shop/a: data.v at vars/v.yaml:4", "updated manifests:vars#/ConfigMap/flux-system/settings: data.V"}},
		{"a chart that nothing deploys and that does not render", infra + files("live/a.yaml", app("a", "path: a"), "a/c.yaml", configMap("a", "1"), "charts/x/Chart.yaml", "apiVersion: v2\nname: x\nversion: 1.0.0", "charts/x/templates/c.yaml", "{{ required \"v\" .Values.v }}"),
			infra + files("live/a.yaml", app("a", "path: a"), "a/c.yaml", configMap("a", "2"), "charts/x/Chart.yaml", "apiVersion: v2\nname: x\nversion: 1.0.1", "charts/x/templates/c.yaml", "{{ required \"v\" .Values.v }}"),
			[]string{"updated manifests:a#/ConfigMap/shop/a: data.v"}},
	}
}
