package pipeline

import (
	"fmt"
	"strings"
	"testing"

	"gate/internal/facts"

	"github.com/google/go-cmp/cmp"
)

// stepsOf writes what a change does, as transitions does, with what else is told
// of a step: the place that is not the object's own, and what comes of it. What
// ApplicationSets make stands behind.
func stepsOf(c *chain) []string {
	var out []string
	f := c.facts()
	line := func(o facts.Object) {
		if o.Change == nil || o.Change.Action == "unchanged" {
			return
		}
		s := o.Change.Action + " " + o.ID
		if o.Environment != "" {
			s += " in " + strings.TrimSuffix(o.Environment+"/"+o.Target, "/")
		}
		if len(o.Change.Paths) > 0 {
			s += ": " + strings.Join(o.Change.Paths, " ")
		}
		if o.Change.From != "" && o.Change.From != o.ID {
			s += " from " + o.Change.From
		}
		at := c.rendered.places[o.ID]
		if o.Change.Action == "deleted" {
			at = c.record.Locators[o.ID]
		}
		if at != nil {
			p := at.Locate(nil)
			s += fmt.Sprintf(" at %s:%d", p.File, p.Line)
		}
		for _, id := range o.Change.Candidates {
			s += " or " + id
		}
		if o.Change.Outcome != facts.OutcomeApplied {
			s += " (" + o.Change.Outcome + ")"
		}
		out = append(out, s)
	}
	for _, list := range [][]facts.Object{f.Objects, f.DeletedObjects, f.GeneratedObjects} {
		for _, o := range list {
			line(o)
		}
	}
	for _, u := range f.Change.Unknown {
		out = append(out, "unknown "+u.ID+" at the "+u.Side)
	}
	for _, e := range c.record.Ledger {
		if e.Kind == "base" && e.State == facts.Failed {
			out = append(out, "failed "+e.ID)
		}
	}
	return out
}

// tree writes a tree out of files: names and contents by turns.
func files(pairs ...string) string {
	var out strings.Builder
	for i := 0; i+1 < len(pairs); i += 2 {
		fmt.Fprintf(&out, "-- %s --\n%s\n", pairs[i], pairs[i+1])
	}
	return out.String()
}

// configMap is one with a value.
func configMap(name, value string) string {
	return fmt.Sprintf("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: %s, namespace: shop}\ndata: {v: %q}", name, value)
}

// app is an Application that prunes and takes with it what it deploys; source
// are fields of its source beside the address.
func app(name, source string) string {
	return fmt.Sprintf(`apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {name: %s, namespace: argocd, finalizers: [resources-finalizer.argocd.argoproj.io]}
spec:
  project: default
  source: {repoURL: "https://git.example.com/acme/shop.git", %s}
  destination: {server: "https://kubernetes.default.svc", namespace: shop}
  syncPolicy: {automated: {prune: true}}`, name, source)
}

// set is an ApplicationSet with fast templates.
func set(generators, source string) string {
	return fmt.Sprintf(`apiVersion: argoproj.io/v1alpha1
kind: ApplicationSet
metadata: {name: set, namespace: argocd}
spec:
  generators: %s
  template:
    metadata: {name: "{{name}}", finalizers: [resources-finalizer.argocd.argoproj.io]}
    spec:
      project: default
      source: {repoURL: "https://git.example.com/acme/shop.git", %s}
      destination: {server: "https://kubernetes.default.svc", namespace: shop}
      syncPolicy: {automated: {prune: true}}`, generators, source)
}

// flux is a Flux Kustomization; more are further fields of its spec.
func flux(name, dir, more string) string {
	return fmt.Sprintf(`apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: %s, namespace: flux-system}
spec: {path: %q, prune: true, sourceRef: {kind: GitRepository, name: flux-system}%s}`, name, dir, more)
}

// release is a HelmRelease of a chart in the tree.
func release(name, chart, more string) string {
	return fmt.Sprintf(`apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: %s, namespace: flux-system}
spec: {targetNamespace: shop, releaseName: %s, chart: {spec: {chart: %q, sourceRef: {kind: GitRepository, name: flux-system}}}%s}`, name, name, chart, more)
}

// webChart is a chart with a ConfigMap that is named as its release is.
func webChart(dir string) string {
	return files(dir+"/Chart.yaml", "apiVersion: v2\nname: web\nversion: 1.0.0", dir+"/values.yaml", "v: default",
		dir+"/templates/c.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: '{{ .Release.Name }}', namespace: '{{ .Release.Namespace }}'}\ndata: {v: '{{ .Values.v }}'}")
}

// other keeps a second Application in a repository.
var other = files("argocd/other.yaml", app("other", "path: other"), "other/c.yaml", configMap("other", "1"))

// change is a change and what is said of it.
type changeCase struct {
	name, base, head string
	want             []string
}

func runChanges(t *testing.T, list []changeCase) {
	t.Parallel()
	for _, c := range list {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got := stepsOf(changeFacts(t, c.base, c.head))
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestDeployed(t *testing.T) { runChanges(t, deployedChanges()) }

func deployedChanges() []changeCase {
	return []changeCase{
		{"the Application of a chart goes", other + webChart("charts/web") + files("argocd/web.yaml", app("web", "path: charts/web")),
			other + webChart("charts/web"),
			[]string{
				"deleted helm:charts/web@web#/ConfigMap/shop/web at argocd/web.yaml:0",
				"deleted manifests:argocd#argoproj.io/Application/argocd/web at argocd/web.yaml:0",
			}},
		{"the last Application of a repository goes, of a chart", webChart("charts/web") + files("argocd/web.yaml", app("web", "path: charts/web")),
			webChart("charts/web"),
			[]string{
				"deleted helm:charts/web@web#/ConfigMap/shop/web at argocd/web.yaml:0",
				"deleted manifests:argocd#argoproj.io/Application/argocd/web at argocd/web.yaml:0",
			}},
		{"the last Application of a repository goes, of manifests", files("web/c.yaml", configMap("web", "1"), "argocd/web.yaml", app("web", "path: web")),
			files("web/c.yaml", configMap("web", "1")),
			[]string{
				"deleted manifests:argocd#argoproj.io/Application/argocd/web at argocd/web.yaml:0",
				"deleted manifests:web#/ConfigMap/shop/web~deleted at argocd/web.yaml:0",
			}},
		{"the last Application of a repository goes, of a kustomization", files("web/kustomization.yaml", "resources: [c.yaml]", "web/c.yaml", configMap("web", "1"), "argocd/web.yaml", app("web", "path: web")),
			files("web/kustomization.yaml", "resources: [c.yaml]", "web/c.yaml", configMap("web", "1")),
			[]string{
				"deleted kustomize:web#/ConfigMap/shop/web~deleted at argocd/web.yaml:0",
				"deleted manifests:argocd#argoproj.io/Application/argocd/web at argocd/web.yaml:0",
			}},
		{"the first Application of a repository comes, of a chart", webChart("charts/web") + files("more/c.yaml", configMap("more", "1")),
			webChart("charts/web") + files("more/c.yaml", configMap("more", "1"), "argocd/web.yaml", app("web", "path: charts/web")),
			[]string{
				"created helm:charts/web@web#/ConfigMap/shop/web at argocd/web.yaml:1",
				"created manifests:argocd#argoproj.io/Application/argocd/web",
			}},
		{"the first Application of a repository comes, of manifests", files("web/c.yaml", configMap("web", "1"), "more/c.yaml", configMap("more", "1")),
			files("web/c.yaml", configMap("web", "1"), "more/c.yaml", configMap("more", "1"), "argocd/web.yaml", app("web", "path: web")),
			[]string{"created manifests:argocd#argoproj.io/Application/argocd/web"}},
		{"the last goes and what it did not deploy changes", files("web/c.yaml", configMap("web", "1"), "more/c.yaml", configMap("more", "1"), "argocd/web.yaml", app("web", "path: web")),
			files("web/c.yaml", configMap("web", "1"), "more/c.yaml", configMap("more", "2")),
			[]string{
				"deleted manifests:argocd#argoproj.io/Application/argocd/web at argocd/web.yaml:0",
				"deleted manifests:web#/ConfigMap/shop/web~deleted at argocd/web.yaml:0",
			}},

		{"one of two Applications of a chart goes", other + webChart("charts/web") + files("argocd/web.yaml", app("web", "path: charts/web")+"\n---\n"+app("api", "path: charts/web")),
			other + webChart("charts/web") + files("argocd/web.yaml", app("web", "path: charts/web")),
			[]string{
				"deleted helm:charts/web@api#/ConfigMap/shop/api at argocd/web.yaml:8",
				"deleted manifests:argocd#argoproj.io/Application/argocd/api at argocd/web.yaml:8",
			}},
		{"an Application goes with its directory", other + files("argocd/web.yaml", app("web", "path: web"), "web/c.yaml", configMap("web", "1")), other,
			[]string{
				"deleted manifests:argocd#argoproj.io/Application/argocd/web at argocd/web.yaml:0",
				"deleted manifests:web#/ConfigMap/shop/web at web/c.yaml:0",
			}},
		{"a directory goes and its Application stays", other + files("argocd/web.yaml", app("web", "path: web"), "web/c.yaml", configMap("web", "1")), other + files("argocd/web.yaml", app("web", "path: web")),
			[]string{"unknown manifests:web at the head"}},
		{"an Application turns to another path", other + files("argocd/web.yaml", app("web", "path: web/v1"), "web/v1/c.yaml", configMap("web", "1"), "web/v1/d.yaml", configMap("more", "1"), "web/v2/c.yaml", configMap("web", "2")),
			other + files("argocd/web.yaml", app("web", "path: web/v2"), "web/v1/c.yaml", configMap("web", "1"), "web/v1/d.yaml", configMap("more", "1"), "web/v2/c.yaml", configMap("web", "2")),
			[]string{
				"updated manifests:argocd#argoproj.io/Application/argocd/web: spec.source.path",
				"updated manifests:web/v2#/ConfigMap/shop/web: data.v from manifests:web/v1#/ConfigMap/shop/web at argocd/web.yaml:6",
				"deleted manifests:web/v1#/ConfigMap/shop/more~deleted at argocd/web.yaml:6",
			}},
		{"an Application moves to another file", other + files("argocd/web.yaml", app("web", "path: web"), "web/c.yaml", configMap("web", "1")),
			other + files("argocd/shop/web.yaml", app("web", "path: web"), "web/c.yaml", configMap("web", "1")),
			[]string{"moved manifests:argocd/shop#argoproj.io/Application/argocd/web from manifests:argocd#argoproj.io/Application/argocd/web"}},
		{"an Application moves to another file, and what it deploys changes", other + files("argocd/web.yaml", app("web", "path: web"), "web/c.yaml", configMap("web", "1")),
			other + files("argocd/shop/web.yaml", app("web", "path: web"), "web/c.yaml", configMap("web", "2")),
			[]string{
				"moved manifests:argocd/shop#argoproj.io/Application/argocd/web from manifests:argocd#argoproj.io/Application/argocd/web",
				"updated manifests:web#/ConfigMap/shop/web: data.v",
			}},
		{"an Application of a chart moves to another directory", other + webChart("charts/web") + files("argocd/web.yaml", app("web", "path: charts/web")),
			other + webChart("charts/web") + files("apps/web.yaml", app("web", "path: charts/web")),
			[]string{"moved manifests:apps#argoproj.io/Application/argocd/web from manifests:argocd#argoproj.io/Application/argocd/web"}},
		{"an Application is renamed", other + files("argocd/web.yaml", app("web", "path: web"), "web/c.yaml", configMap("web", "1")),
			other + files("argocd/web.yaml", app("shop", "path: web"), "web/c.yaml", configMap("web", "1")),
			[]string{
				"created manifests:argocd#argoproj.io/Application/argocd/shop",
				"deleted manifests:argocd#argoproj.io/Application/argocd/web at argocd/web.yaml:3",
			}},
		{"an Application of a chart is renamed", other + webChart("charts/web") + files("argocd/web.yaml", app("web", "path: charts/web, helm: {releaseName: web}")),
			other + webChart("charts/web") + files("argocd/web.yaml", app("shop", "path: charts/web, helm: {releaseName: web}")),
			[]string{
				"created manifests:argocd#argoproj.io/Application/argocd/shop",
				"deleted manifests:argocd#argoproj.io/Application/argocd/web at argocd/web.yaml:3",
			}},
		{"an element of a list goes", other + webChart("charts/web") + files("argocd/set.yaml", set("[{list: {elements: [{name: a}, {name: b}]}}]", "path: charts/web")),
			other + webChart("charts/web") + files("argocd/set.yaml", set("[{list: {elements: [{name: a}]}}]", "path: charts/web")),
			[]string{
				"updated manifests:argocd#argoproj.io/ApplicationSet/argocd/set: spec.generators[0].list.elements[name=b]",
				"deleted applicationset:ApplicationSet/argocd/set#argoproj.io/Application/argocd/b at argocd/set.yaml:6",
				"deleted helm:charts/web@b#/ConfigMap/shop/b at argocd/set.yaml:5",
			}},
		{"an element of a list comes", other + webChart("charts/web") + files("argocd/set.yaml", set("[{list: {elements: [{name: a}]}}]", "path: charts/web")),
			other + webChart("charts/web") + files("argocd/set.yaml", set("[{list: {elements: [{name: a}, {name: b}]}}]", "path: charts/web")),
			[]string{
				"created helm:charts/web@b#/ConfigMap/shop/b at argocd/set.yaml:5",
				"updated manifests:argocd#argoproj.io/ApplicationSet/argocd/set: spec.generators[0].list.elements[name=b]",
				"created applicationset:ApplicationSet/argocd/set#argoproj.io/Application/argocd/b",
			}},
		{"a directory of a generator goes", other + files("argocd/set.yaml", strings.ReplaceAll(set("[{git: {repoURL: x, directories: [{path: \"tenants/*\"}]}}]", "path: \"{{path}}\""), "{{name}}", "{{path.basename}}"), "tenants/a/c.yaml", configMap("a", "1"), "tenants/b/c.yaml", configMap("b", "1")),
			other + files("argocd/set.yaml", strings.ReplaceAll(set("[{git: {repoURL: x, directories: [{path: \"tenants/*\"}]}}]", "path: \"{{path}}\""), "{{name}}", "{{path.basename}}"), "tenants/a/c.yaml", configMap("a", "1")),
			[]string{
				"deleted applicationset:ApplicationSet/argocd/set#argoproj.io/Application/argocd/b at argocd/set.yaml:6",
				"deleted manifests:tenants/b#/ConfigMap/shop/b at tenants/b/c.yaml:0",
			}},
		{"a directory of a generator is excluded", other + files("argocd/set.yaml", strings.ReplaceAll(set("[{git: {repoURL: x, directories: [{path: \"tenants/*\"}]}}]", "path: \"{{path}}\""), "{{name}}", "{{path.basename}}"), "tenants/a/c.yaml", configMap("a", "1"), "tenants/b/c.yaml", configMap("b", "1")),
			other + files("argocd/set.yaml", strings.ReplaceAll(set("[{git: {repoURL: x, directories: [{path: \"tenants/*\"}, {path: tenants/b, exclude: true}]}}]", "path: \"{{path}}\""), "{{name}}", "{{path.basename}}"), "tenants/a/c.yaml", configMap("a", "1"), "tenants/b/c.yaml", configMap("b", "1")),
			[]string{
				"updated manifests:argocd#argoproj.io/ApplicationSet/argocd/set: spec.generators[0].git.directories",
				"deleted applicationset:ApplicationSet/argocd/set#argoproj.io/Application/argocd/b at argocd/set.yaml:6",
				"deleted manifests:tenants/b#/ConfigMap/shop/b~deleted at argocd/set.yaml:5",
			}},
		{"a file of a generator goes and another comes", other + files("argocd/set.yaml", set("[{git: {repoURL: x, files: [{path: \"tenants/*/config.yaml\"}]}}]", "path: \"tenants/{{name}}/all\""), "tenants/a/config.yaml", "name: a", "tenants/a/all/c.yaml", configMap("a", "1"), "tenants/b/config.yaml", "name: b", "tenants/b/all/c.yaml", configMap("b", "1")),
			other + files("argocd/set.yaml", set("[{git: {repoURL: x, files: [{path: \"tenants/*/config.yaml\"}]}}]", "path: \"tenants/{{name}}/all\""), "tenants/a/config.yaml", "name: a", "tenants/a/all/c.yaml", configMap("a", "1"), "tenants/b/all/c.yaml", configMap("b", "1"), "tenants/c/config.yaml", "name: c", "tenants/c/all/c.yaml", configMap("c", "1")),
			[]string{
				"created manifests:tenants/c/all#/ConfigMap/shop/c",
				"deleted applicationset:ApplicationSet/argocd/set#argoproj.io/Application/argocd/b at tenants/b/config.yaml:0",
				"deleted manifests:tenants/b/all#/ConfigMap/shop/b~deleted at tenants/b/config.yaml:0",
				"created applicationset:ApplicationSet/argocd/set#argoproj.io/Application/argocd/c",
			}},
		{"a file of a generator changes what is deployed", other + webChart("charts/web") + files("argocd/set.yaml", set("[{git: {repoURL: x, files: [{path: \"tenants/*/config.yaml\"}]}}]", "path: charts/web, helm: {parameters: [{name: v, value: \"{{v}}\"}]}"), "tenants/a/config.yaml", "name: a\nv: one"),
			other + webChart("charts/web") + files("argocd/set.yaml", set("[{git: {repoURL: x, files: [{path: \"tenants/*/config.yaml\"}]}}]", "path: charts/web, helm: {parameters: [{name: v, value: \"{{v}}\"}]}"), "tenants/a/config.yaml", "name: a\nv: two"),
			[]string{
				"updated helm:charts/web@a#/ConfigMap/shop/a: data.v at tenants/a/config.yaml:2",
				"updated applicationset:ApplicationSet/argocd/set#argoproj.io/Application/argocd/a: spec.source.helm.parameters[name=v].value",
			}},
		{"a file of a generator is renamed", other + webChart("charts/web") + files("argocd/set.yaml", set("[{git: {repoURL: x, files: [{path: \"tenants/*/config.yaml\"}]}}]", "path: charts/web, helm: {parameters: [{name: v, value: \"{{v}}\"}]}"), "tenants/a/config.yaml", "name: a\nv: one"),
			other + webChart("charts/web") + files("argocd/set.yaml", set("[{git: {repoURL: x, files: [{path: \"tenants/*/config.yaml\"}]}}]", "path: charts/web, helm: {parameters: [{name: v, value: \"{{v}}\"}]}"), "tenants/z/config.yaml", "name: a\nv: one"),
			nil},
		{"the whole set goes", other + webChart("charts/web") + files("argocd/set.yaml", set("[{list: {elements: [{name: a}, {name: b}]}}]", "path: charts/web")),
			other + webChart("charts/web"),
			[]string{
				"deleted applicationset:ApplicationSet/argocd/set#argoproj.io/Application/argocd/a at argocd/set.yaml:0",
				"deleted applicationset:ApplicationSet/argocd/set#argoproj.io/Application/argocd/b at argocd/set.yaml:0",
				"deleted helm:charts/web@a#/ConfigMap/shop/a at argocd/set.yaml:0",
				"deleted helm:charts/web@b#/ConfigMap/shop/b at argocd/set.yaml:0",
				"deleted manifests:argocd#argoproj.io/ApplicationSet/argocd/set at argocd/set.yaml:0",
			}},
		{"a set takes the place of Applications", other + webChart("charts/web") + files("argocd/a.yaml", app("a", "path: charts/web"), "argocd/b.yaml", app("b", "path: charts/web")),
			other + webChart("charts/web") + files("argocd/set.yaml", set("[{list: {elements: [{name: a}, {name: b}]}}]", "path: charts/web")),
			[]string{
				"created manifests:argocd#argoproj.io/ApplicationSet/argocd/set",
				"moved applicationset:ApplicationSet/argocd/set#argoproj.io/Application/argocd/a from manifests:argocd#argoproj.io/Application/argocd/a",
				"moved applicationset:ApplicationSet/argocd/set#argoproj.io/Application/argocd/b from manifests:argocd#argoproj.io/Application/argocd/b",
			}},
		{"a Flux path goes", files("clusters/live/a.yaml", flux("a", "./a", ""), "clusters/live/b.yaml", flux("b", "./b", ""), "a/c.yaml", configMap("a", "1"), "b/c.yaml", configMap("b", "1")),
			files("clusters/live/a.yaml", flux("a", "./a", ""), "a/c.yaml", configMap("a", "1"), "b/c.yaml", configMap("b", "1")),
			[]string{
				"deleted manifests:b#/ConfigMap/shop/b~deleted at clusters/live/b.yaml:0",
				"deleted manifests:clusters/live#kustomize.toolkit.fluxcd.io/Kustomization/flux-system/b at clusters/live/b.yaml:0",
			}},
		{"a Flux path is another one", files("clusters/live/a.yaml", flux("a", "./a", ""), "a/kustomization.yaml", "resources: [c.yaml]", "a/c.yaml", configMap("a", "1"), "b/kustomization.yaml", "resources: [c.yaml]", "b/c.yaml", configMap("a", "2")),
			files("clusters/live/a.yaml", flux("a", "./b", ""), "a/kustomization.yaml", "resources: [c.yaml]", "a/c.yaml", configMap("a", "1"), "b/kustomization.yaml", "resources: [c.yaml]", "b/c.yaml", configMap("a", "2")),
			[]string{
				"updated kustomize:b#/ConfigMap/shop/a: data.v from kustomize:a#/ConfigMap/shop/a at clusters/live/a.yaml:4",
				"updated manifests:clusters/live#kustomize.toolkit.fluxcd.io/Kustomization/flux-system/a: spec.path",
			}},
		{"a kustomization of a Flux path lists one directory less", files("clusters/live/a.yaml", flux("a", "./apps", ""), "apps/kustomization.yaml", "resources: [one, two]", "apps/one/kustomization.yaml", "resources: [c.yaml]", "apps/one/c.yaml", configMap("one", "1"), "apps/two/kustomization.yaml", "resources: [c.yaml]", "apps/two/c.yaml", configMap("two", "1")),
			files("clusters/live/a.yaml", flux("a", "./apps", ""), "apps/kustomization.yaml", "resources: [one]", "apps/one/kustomization.yaml", "resources: [c.yaml]", "apps/one/c.yaml", configMap("one", "1"), "apps/two/kustomization.yaml", "resources: [c.yaml]", "apps/two/c.yaml", configMap("two", "1")),
			[]string{"deleted kustomize:apps#/ConfigMap/shop/two at apps/kustomization.yaml:1"}},
		{"a kustomization of a Flux path lists one file less", files("clusters/live/a.yaml", flux("a", "./apps", ""), "apps/kustomization.yaml", "resources: [c.yaml, d.yaml]", "apps/c.yaml", configMap("c", "1"), "apps/d.yaml", configMap("d", "1")),
			files("clusters/live/a.yaml", flux("a", "./apps", ""), "apps/kustomization.yaml", "resources: [c.yaml]", "apps/c.yaml", configMap("c", "1"), "apps/d.yaml", configMap("d", "1")),
			[]string{"deleted kustomize:apps#/ConfigMap/shop/d at apps/kustomization.yaml:1"}},
		{"a kustomization that lists a HelmRelease no longer", webChart("charts/web") + files("clusters/live/a.yaml", flux("a", "./apps", ""), "apps/kustomization.yaml", "resources: [web.yaml, c.yaml]", "apps/c.yaml", configMap("c", "1"), "apps/web.yaml", release("web", "./charts/web", "")),
			webChart("charts/web") + files("clusters/live/a.yaml", flux("a", "./apps", ""), "apps/kustomization.yaml", "resources: [c.yaml]", "apps/c.yaml", configMap("c", "1"), "apps/web.yaml", release("web", "./charts/web", "")),
			[]string{
				"deleted helm:charts/web@web#/ConfigMap/shop/web at apps/kustomization.yaml:1",
				"deleted kustomize:apps#helm.toolkit.fluxcd.io/HelmRelease/flux-system/web at apps/kustomization.yaml:1",
			}},
		{"a HelmRelease goes", webChart("charts/web") + files("clusters/live/web.yaml", release("web", "./charts/web", ""), "clusters/live/api.yaml", release("api", "./charts/web", "")),
			webChart("charts/web") + files("clusters/live/api.yaml", release("api", "./charts/web", "")),
			[]string{
				"deleted helm:charts/web@web#/ConfigMap/shop/web at clusters/live/web.yaml:0",
				"deleted manifests:clusters/live#helm.toolkit.fluxcd.io/HelmRelease/flux-system/web at clusters/live/web.yaml:0",
			}},
		{"the last HelmRelease goes", webChart("charts/web") + files("clusters/live/web.yaml", release("web", "./charts/web", ""), "plain/c.yaml", configMap("plain", "1")),
			webChart("charts/web") + files("plain/c.yaml", configMap("plain", "1")),
			[]string{
				"deleted helm:charts/web@web#/ConfigMap/shop/web at clusters/live/web.yaml:0",
				"deleted manifests:clusters/live#helm.toolkit.fluxcd.io/HelmRelease/flux-system/web at clusters/live/web.yaml:0",
			}},
		{"a chart loses a dependency", other + webChart("charts/lib") + files("charts/web/Chart.yaml", "apiVersion: v2\nname: web\nversion: 1.0.0\ndependencies: [{name: web, alias: lib, version: 1.0.0, repository: \"file://../lib\"}]", "charts/web/templates/c.yaml", configMap("own", "1"), "argocd/web.yaml", app("web", "path: charts/web")),
			other + webChart("charts/lib") + files("charts/web/Chart.yaml", "apiVersion: v2\nname: web\nversion: 1.0.0", "charts/web/templates/c.yaml", configMap("own", "1"), "argocd/web.yaml", app("web", "path: charts/web")),
			[]string{"deleted helm:charts/web@web#/ConfigMap/shop/web at charts/web/Chart.yaml:3"}},
		{"an app of apps loses a child in its values", files("argocd/root.yaml", app("root", "path: root"), "root/Chart.yaml", "apiVersion: v2\nname: root\nversion: 1.0.0", "root/values.yaml", "apps: [one, two]", "root/templates/apps.yaml", "{{- range .Values.apps }}\n---\n"+app("{{ . }}", "path: 'apps/{{ . }}'")+"\n{{- end }}", "apps/one/c.yaml", configMap("one", "1"), "apps/two/c.yaml", configMap("two", "1")),
			files("argocd/root.yaml", app("root", "path: root"), "root/Chart.yaml", "apiVersion: v2\nname: root\nversion: 1.0.0", "root/values.yaml", "apps: [one]", "root/templates/apps.yaml", "{{- range .Values.apps }}\n---\n"+app("{{ . }}", "path: 'apps/{{ . }}'")+"\n{{- end }}", "apps/one/c.yaml", configMap("one", "1"), "apps/two/c.yaml", configMap("two", "1")),
			[]string{
				"deleted helm:root@root#argoproj.io/Application/argocd/two at root/values.yaml:1",
				"deleted manifests:apps/two#/ConfigMap/shop/two~deleted at root/values.yaml:1",
			}},
		{"what nothing deploys changes", other + files("argocd/web.yaml", app("web", "path: web"), "web/c.yaml", configMap("web", "1"), "old/c.yaml", configMap("old", "1")),
			other + files("argocd/web.yaml", app("web", "path: web"), "web/c.yaml", configMap("web", "1"), "old/c.yaml", configMap("old", "2")),
			nil},
		{"what nothing deploys goes, and other comes", other + files("old/c.yaml", configMap("old", "1")), other + files("older/c.yaml", configMap("older", "1")),
			nil},
		{"the root of an app of apps goes", files("argocd/root.yaml", app("root", "path: apps"), "apps/web.yaml", app("web", "path: web"), "web/c.yaml", configMap("web", "1")),
			files("apps/web.yaml", app("web", "path: web"), "web/c.yaml", configMap("web", "1")),
			[]string{
				"deleted manifests:apps#argoproj.io/Application/argocd/web~deleted at argocd/root.yaml:0",
				"deleted manifests:argocd#argoproj.io/Application/argocd/root at argocd/root.yaml:0",
				"deleted manifests:web#/ConfigMap/shop/web~deleted at argocd/root.yaml:0",
			}},
		{"a root that deploys itself goes", files("apps/root.yaml", app("root", "path: apps"), "apps/web.yaml", app("web", "path: web"), "web/c.yaml", configMap("web", "1")),
			files("apps/web.yaml", app("web", "path: web"), "web/c.yaml", configMap("web", "1")),
			[]string{
				"deleted manifests:apps#argoproj.io/Application/argocd/root at apps/root.yaml:0",
				"deleted manifests:apps#argoproj.io/Application/argocd/web~deleted at apps/root.yaml:0",
				"deleted manifests:web#/ConfigMap/shop/web~deleted at apps/root.yaml:0",
			}},
		{"the root of an app of apps comes", files("apps/web.yaml", app("web", "path: web"), "web/c.yaml", configMap("web", "1")),
			files("argocd/root.yaml", app("root", "path: apps"), "apps/web.yaml", app("web", "path: web"), "web/c.yaml", configMap("web", "1")),
			[]string{"created manifests:argocd#argoproj.io/Application/argocd/root"}},
		{"a root without a finalizer goes", files("argocd/root.yaml", strings.Replace(app("root", "path: apps"), ", finalizers: [resources-finalizer.argocd.argoproj.io]", "", 1), "apps/web.yaml", app("web", "path: web"), "web/c.yaml", configMap("web", "1")),
			files("apps/web.yaml", app("web", "path: web"), "web/c.yaml", configMap("web", "1")),
			[]string{
				"deleted manifests:apps#argoproj.io/Application/argocd/web~deleted at argocd/root.yaml:0 (orphaned)",
				"deleted manifests:argocd#argoproj.io/Application/argocd/root at argocd/root.yaml:0",
				"deleted manifests:web#/ConfigMap/shop/web~deleted at argocd/root.yaml:0 (orphaned)",
			}},
		{"a root kustomization that nobody deploys lists a Flux Kustomization no longer", files("live/kustomization.yaml", "resources: [../ks/a.yaml, ../ks/b.yaml]", "ks/a.yaml", flux("a", "./a", ""), "ks/b.yaml", flux("b", "./b", ""), "a/c.yaml", configMap("a", "1"), "b/c.yaml", configMap("b", "1")),
			files("live/kustomization.yaml", "resources: [../ks/a.yaml]", "ks/a.yaml", flux("a", "./a", ""), "ks/b.yaml", flux("b", "./b", ""), "a/c.yaml", configMap("a", "1"), "b/c.yaml", configMap("b", "1")),
			[]string{
				"deleted kustomize:live#kustomize.toolkit.fluxcd.io/Kustomization/flux-system/b at live/kustomization.yaml:1",
				"deleted manifests:b#/ConfigMap/shop/b~deleted at live/kustomization.yaml:1",
			}},
		{"three below each other, and the first lists the second no longer", webChart("charts/web") + files("flux/apps.yaml", flux("apps", "./apps", ""), "apps/kustomization.yaml", "resources: [web/ks.yaml, api/ks.yaml]", "apps/web/ks.yaml", flux("web", "./apps/web/app", ""), "apps/api/ks.yaml", flux("api", "./apps/api/app", ""), "apps/web/app/kustomization.yaml", "resources: [hr.yaml]", "apps/web/app/hr.yaml", release("web", "./charts/web", ""), "apps/api/app/kustomization.yaml", "resources: [hr.yaml]", "apps/api/app/hr.yaml", release("api", "./charts/web", "")),
			webChart("charts/web") + files("flux/apps.yaml", flux("apps", "./apps", ""), "apps/kustomization.yaml", "resources: [api/ks.yaml]", "apps/web/ks.yaml", flux("web", "./apps/web/app", ""), "apps/api/ks.yaml", flux("api", "./apps/api/app", ""), "apps/web/app/kustomization.yaml", "resources: [hr.yaml]", "apps/web/app/hr.yaml", release("web", "./charts/web", ""), "apps/api/app/kustomization.yaml", "resources: [hr.yaml]", "apps/api/app/hr.yaml", release("api", "./charts/web", "")),
			[]string{
				"deleted helm:charts/web@web#/ConfigMap/shop/web~deleted at apps/kustomization.yaml:1",
				"deleted kustomize:apps#kustomize.toolkit.fluxcd.io/Kustomization/flux-system/web at apps/kustomization.yaml:1",
				"deleted kustomize:apps/web/app#helm.toolkit.fluxcd.io/HelmRelease/flux-system/web~deleted at apps/kustomization.yaml:1",
			}},
		{"and lists it again", webChart("charts/web") + files("flux/apps.yaml", flux("apps", "./apps", ""), "apps/kustomization.yaml", "resources: [api/ks.yaml]", "apps/web/ks.yaml", flux("web", "./apps/web/app", ""), "apps/api/ks.yaml", flux("api", "./apps/api/app", ""), "apps/web/app/kustomization.yaml", "resources: [hr.yaml]", "apps/web/app/hr.yaml", release("web", "./charts/web", ""), "apps/api/app/kustomization.yaml", "resources: [hr.yaml]", "apps/api/app/hr.yaml", release("api", "./charts/web", "")),
			webChart("charts/web") + files("flux/apps.yaml", flux("apps", "./apps", ""), "apps/kustomization.yaml", "resources: [web/ks.yaml, api/ks.yaml]", "apps/web/ks.yaml", flux("web", "./apps/web/app", ""), "apps/api/ks.yaml", flux("api", "./apps/api/app", ""), "apps/web/app/kustomization.yaml", "resources: [hr.yaml]", "apps/web/app/hr.yaml", release("web", "./charts/web", ""), "apps/api/app/kustomization.yaml", "resources: [hr.yaml]", "apps/api/app/hr.yaml", release("api", "./charts/web", "")),
			[]string{
				"created helm:charts/web@web#/ConfigMap/shop/web at apps/kustomization.yaml:1",
				"created kustomize:apps#kustomize.toolkit.fluxcd.io/Kustomization/flux-system/web at apps/kustomization.yaml:1",
				"created kustomize:apps/web/app#helm.toolkit.fluxcd.io/HelmRelease/flux-system/web at apps/kustomization.yaml:1",
			}},
		{"an entry of the root is split off into another root", files("live/kustomization.yaml", "resources: [../ks/a.yaml, ../ks/b.yaml]", "ks/a.yaml", flux("a", "./a", ""), "ks/b.yaml", flux("b", "./b", ""), "a/c.yaml", configMap("a", "1"), "b/c.yaml", configMap("b", "1")),
			files("live/kustomization.yaml", "resources: [../ks/a.yaml]", "live2/kustomization.yaml", "resources: [../ks/b.yaml]", "ks/a.yaml", flux("a", "./a", ""), "ks/b.yaml", flux("b", "./b", ""), "a/c.yaml", configMap("a", "1"), "b/c.yaml", configMap("b", "1")),
			[]string{"moved kustomize:live2#kustomize.toolkit.fluxcd.io/Kustomization/flux-system/b from kustomize:live#kustomize.toolkit.fluxcd.io/Kustomization/flux-system/b at live2/kustomization.yaml:1"}},
		{"an Application moves out of what is deployed", files("argocd/root.yaml", app("root", "path: apps"), "apps/web.yaml", app("web", "path: web"), "apps/api.yaml", app("api", "path: api"), "web/c.yaml", configMap("web", "1"), "api/c.yaml", configMap("api", "1")),
			files("argocd/root.yaml", app("root", "path: apps"), "attic/web.yaml", app("web", "path: web"), "apps/api.yaml", app("api", "path: api"), "web/c.yaml", configMap("web", "1"), "api/c.yaml", configMap("api", "1")),
			[]string{
				"deleted manifests:apps#argoproj.io/Application/argocd/web at attic/web.yaml:1",
				"deleted manifests:web#/ConfigMap/shop/web~deleted at attic/web.yaml:8",
			}},
		{"a chart of Applications is deployed by nobody, by its default values", files("argocd/root.yaml", app("root", "path: root, helm: {valuesObject: {apps: [one]}}"), "root/Chart.yaml", "apiVersion: v2\nname: root\nversion: 1.0.0", "root/values.yaml", "apps: [two]", "root/templates/apps.yaml", "{{- range .Values.apps }}\n---\n"+app("{{ . }}", "path: 'apps/{{ . }}'")+"\n{{- end }}", "apps/one/c.yaml", configMap("one", "1"), "apps/two/c.yaml", configMap("two", "1")) + other,
			files("root/Chart.yaml", "apiVersion: v2\nname: root\nversion: 1.0.0", "root/values.yaml", "apps: [two]", "root/templates/apps.yaml", "{{- range .Values.apps }}\n---\n"+app("{{ . }}", "path: 'apps/{{ . }}'")+"\n{{- end }}", "apps/one/c.yaml", configMap("one", "1"), "apps/two/c.yaml", configMap("two", "1")) + other,
			[]string{
				"deleted helm:root@root#argoproj.io/Application/argocd/one at argocd/root.yaml:0",
				"deleted manifests:apps/one#/ConfigMap/shop/one~deleted at argocd/root.yaml:0",
				"deleted manifests:argocd#argoproj.io/Application/argocd/root at argocd/root.yaml:0",
			}},
		{"self-managed by Flux, which goes", files("live/flux-system/kustomization.yaml", "resources: [sync.yaml]", "live/flux-system/sync.yaml", flux("flux-system", "./live", ""), "live/apps.yaml", flux("apps", "./apps", ""), "apps/c.yaml", configMap("c", "1")),
			files("live/apps.yaml", flux("apps", "./apps", ""), "apps/c.yaml", configMap("c", "1")),
			[]string{
				"deleted kustomize:live#kustomize.toolkit.fluxcd.io/Kustomization/flux-system/apps at live/flux-system/sync.yaml:0",
				"deleted kustomize:live#kustomize.toolkit.fluxcd.io/Kustomization/flux-system/flux-system at live/flux-system/sync.yaml:0",
				"deleted manifests:apps#/ConfigMap/shop/c~deleted at live/flux-system/kustomization.yaml:0",
			}},
		{"self-managed by Flux, where an object goes", files("live/flux-system/kustomization.yaml", "resources: [sync.yaml]", "live/flux-system/sync.yaml", flux("flux-system", "./live", ""), "live/apps.yaml", flux("apps", "./apps", ""), "live/more.yaml", flux("more", "./more", ""), "apps/c.yaml", configMap("c", "1"), "more/c.yaml", configMap("m", "1")),
			files("live/flux-system/kustomization.yaml", "resources: [sync.yaml]", "live/flux-system/sync.yaml", flux("flux-system", "./live", ""), "live/apps.yaml", flux("apps", "./apps", ""), "apps/c.yaml", configMap("c", "1"), "more/c.yaml", configMap("m", "1")),
			[]string{
				"deleted kustomize:live#kustomize.toolkit.fluxcd.io/Kustomization/flux-system/more at live/flux-system/sync.yaml:1",
				"deleted manifests:more#/ConfigMap/shop/m~deleted at live/more.yaml:0",
			}},
		{"Flux is bootstrapped", files("live/apps.yaml", flux("apps", "./apps", ""), "apps/c.yaml", configMap("c", "1")),
			files("live/flux-system/kustomization.yaml", "resources: [sync.yaml]", "live/flux-system/sync.yaml", flux("flux-system", "./live", ""), "live/apps.yaml", flux("apps", "./apps", ""), "apps/c.yaml", configMap("c", "1")),
			[]string{
				"moved kustomize:live#kustomize.toolkit.fluxcd.io/Kustomization/flux-system/apps from manifests:live#kustomize.toolkit.fluxcd.io/Kustomization/flux-system/apps at live/flux-system/kustomization.yaml:1",
				"created kustomize:live#kustomize.toolkit.fluxcd.io/Kustomization/flux-system/flux-system",
			}},
	}
}

// rootChart is a chart of Applications, one for each of its values.
func rootChart(apps string) string {
	return files("root/Chart.yaml", "apiVersion: v2\nname: root\nversion: 1.0.0", "root/values.yaml", "apps: "+apps,
		"root/templates/apps.yaml", "{{- range .Values.apps }}\n---\n"+app("{{ . }}", "path: 'apps/{{ . }}'")+"\n{{- end }}")
}

// brokenChart fails where rootChart renders.
func brokenChart() string {
	return files("root/Chart.yaml", "apiVersion: v2\nname: root\nversion: 1.0.0", "root/values.yaml", "apps: []", "root/templates/apps.yaml", "{{ fail \"no\" }}")
}

const (
	listed     = "[{list: {elements: [{name: a}, {name: b}]}}]"
	ofClusters = "[{clusters: {}}]"
)

// What hangs on a controller that cannot be followed on a side is not known.
func TestHangsOnWhatFails(t *testing.T) { runChanges(t, failingChanges()) }

func failingChanges() []changeCase {
	children := files("apps/one/c.yaml", configMap("one", "1"), "apps/two/c.yaml", configMap("two", "1"))
	tenants := files("tenants/a/c.yaml", configMap("a", "1"), "tenants/b/c.yaml", configMap("b", "1"))
	return []changeCase{
		{"a generator cannot be run at the head", other + webChart("charts/web") + files("argocd/set.yaml", set(listed, "path: charts/web")),
			other + webChart("charts/web") + files("argocd/set.yaml", set(ofClusters, "path: charts/web")),
			[]string{
				"updated manifests:argocd#argoproj.io/ApplicationSet/argocd/set: spec.generators[0].clusters spec.generators[0].list",
				"unknown applicationset:ApplicationSet/argocd/set#argoproj.io/Application/argocd/a at the head",
				"unknown applicationset:ApplicationSet/argocd/set#argoproj.io/Application/argocd/b at the head",
				"unknown helm:charts/web@a#/ConfigMap/shop/a at the head",
				"unknown helm:charts/web@b#/ConfigMap/shop/b at the head",
				"unknown manifests:applicationset/set at the head",
			}},
		{"a generator cannot be run at the base", other + webChart("charts/web") + files("argocd/set.yaml", set(ofClusters, "path: charts/web")),
			other + webChart("charts/web") + files("argocd/set.yaml", set(listed, "path: charts/web")),
			[]string{
				"updated manifests:argocd#argoproj.io/ApplicationSet/argocd/set: spec.generators[0].clusters spec.generators[0].list",
				"unknown applicationset:ApplicationSet/argocd/set#argoproj.io/Application/argocd/a at the base",
				"unknown applicationset:ApplicationSet/argocd/set#argoproj.io/Application/argocd/b at the base",
				"unknown helm:charts/web@a#/ConfigMap/shop/a at the base",
				"unknown helm:charts/web@b#/ConfigMap/shop/b at the base",
				"unknown manifests:applicationset/set at the base",
				"failed manifests:applicationset/set",
			}},
		{"a generator cannot be run on either side, and the change is elsewhere", other + webChart("charts/web") + files("argocd/set.yaml", set(ofClusters, "path: charts/web")),
			strings.Replace(other, `v: "1"`, `v: "2"`, 1) + webChart("charts/web") + files("argocd/set.yaml", set(ofClusters, "path: charts/web")),
			[]string{"updated manifests:other#/ConfigMap/shop/other: data.v"}},
		{"a generator cannot be run on either side, and what it deploys changes", other + webChart("charts/web") + files("argocd/set.yaml", set(ofClusters, "path: charts/web")),
			other + strings.Replace(webChart("charts/web"), "default", "changed", 1) + files("argocd/set.yaml", set(ofClusters, "path: charts/web")),
			[]string{"unknown manifests:applicationset/set at the head"}},
		{"a generator cannot be run on either side, and what its template may lead to changes", other + tenants + files("argocd/set.yaml", set(ofClusters, "path: \"tenants/{{name}}\"")),
			other + strings.Replace(tenants, `v: "1"`, `v: "2"`, 1) + files("argocd/set.yaml", set(ofClusters, "path: \"tenants/{{name}}\"")),
			[]string{"unknown manifests:applicationset/set at the head"}},
		{"a generator cannot be run on either side, and the set changes otherwise", other + tenants + files("argocd/set.yaml", set(ofClusters, "path: \"tenants/{{name}}\"")),
			other + tenants + files("argocd/set.yaml", strings.Replace(set(ofClusters, "path: \"tenants/{{name}}\""), "prune: true", "prune: false", 1)),
			[]string{
				"updated manifests:argocd#argoproj.io/ApplicationSet/argocd/set: spec.template.spec.syncPolicy.automated.prune",
				"unknown manifests:applicationset/set at the head",
			}},
		{"the only set of a repository cannot be expanded at the head", webChart("charts/web") + files("argocd/set.yaml", set(listed, "path: charts/web")),
			webChart("charts/web") + files("argocd/set.yaml", set(ofClusters, "path: charts/web")),
			[]string{
				"updated manifests:argocd#argoproj.io/ApplicationSet/argocd/set: spec.generators[0].clusters spec.generators[0].list",
				"unknown applicationset:ApplicationSet/argocd/set#argoproj.io/Application/argocd/a at the head",
				"unknown applicationset:ApplicationSet/argocd/set#argoproj.io/Application/argocd/b at the head",
				"unknown helm:charts/web@a#/ConfigMap/shop/a at the head",
				"unknown helm:charts/web@b#/ConfigMap/shop/b at the head",
				"unknown manifests:applicationset/set at the head",
			}},
		{"a set that cannot be expanded goes", other + webChart("charts/web") + files("argocd/set.yaml", set(ofClusters, "path: charts/web")),
			other + webChart("charts/web"),
			[]string{
				"deleted manifests:argocd#argoproj.io/ApplicationSet/argocd/set at argocd/set.yaml:0",
				"unknown manifests:applicationset/set at the base",
				"failed manifests:applicationset/set",
			}},
		{"a set that cannot be expanded comes", other + webChart("charts/web"),
			other + webChart("charts/web") + files("argocd/set.yaml", set(ofClusters, "path: charts/web")),
			[]string{
				"created manifests:argocd#argoproj.io/ApplicationSet/argocd/set",
				"unknown manifests:applicationset/set at the head",
			}},
		{"a chart of Applications fails at the head", files("argocd/root.yaml", app("root", "path: root")) + rootChart("[one, two]") + children,
			files("argocd/root.yaml", app("root", "path: root")) + brokenChart() + children,
			[]string{
				"unknown helm:root@root at the head",
				"unknown manifests:apps/one#/ConfigMap/shop/one at the head",
				"unknown manifests:apps/two#/ConfigMap/shop/two at the head",
			}},
		{"a chart of Applications fails at the base", files("argocd/root.yaml", app("root", "path: root")) + brokenChart() + children,
			files("argocd/root.yaml", app("root", "path: root")) + rootChart("[one, two]") + children,
			[]string{
				"unknown helm:root@root at the base",
				"unknown manifests:apps/one#/ConfigMap/shop/one at the base",
				"unknown manifests:apps/two#/ConfigMap/shop/two at the base",
				"failed helm:root@root",
			}},
		{"a chart of Applications fails on both sides, and a child changes", files("argocd/root.yaml", app("root", "path: root")) + brokenChart() + children,
			files("argocd/root.yaml", app("root", "path: root")) + brokenChart() + strings.Replace(children, `v: "1"`, `v: "2"`, 1),
			nil},
		{"a value file of an Application is gone", other + webChart("charts/web") + files("argocd/web.yaml", app("web", "path: charts/web, helm: {valueFiles: [live.yaml]}"), "charts/web/live.yaml", "v: live"),
			other + webChart("charts/web") + files("argocd/web.yaml", app("web", "path: charts/web, helm: {valueFiles: [live.yaml]}")),
			[]string{"unknown helm:charts/web@web at the head"}},
		{"the path of an Application is mistyped", other + webChart("charts/web") + files("argocd/web.yaml", app("web", "path: charts/web")),
			other + webChart("charts/web") + files("argocd/web.yaml", app("web", "path: charts/wbe")),
			[]string{
				"updated manifests:argocd#argoproj.io/Application/argocd/web: spec.source.path",
				"unknown helm:charts/web@web#/ConfigMap/shop/web at the head",
				"unknown manifests:charts/wbe at the head",
			}},
		{"the path of the only Application is mistyped", webChart("charts/web") + files("argocd/web.yaml", app("web", "path: charts/web")),
			webChart("charts/web") + files("argocd/web.yaml", app("web", "path: charts/wbe")),
			[]string{
				"updated manifests:argocd#argoproj.io/Application/argocd/web: spec.source.path",
				"unknown helm:charts/web@web#/ConfigMap/shop/web at the head",
				"unknown manifests:charts/wbe at the head",
			}},
		{"an Application of one child is mistyped in a chart of Applications", files("argocd/root.yaml", app("root", "path: root")) + rootChart("[one, two]") + children,
			files("argocd/root.yaml", app("root", "path: root")) + rootChart("[one, tow]") + children,
			[]string{
				"created helm:root@root#argoproj.io/Application/argocd/tow at root/values.yaml:1",
				"deleted helm:root@root#argoproj.io/Application/argocd/two at root/values.yaml:1",
				"deleted manifests:apps/two#/ConfigMap/shop/two~deleted at root/values.yaml:1",
				"unknown manifests:apps/tow at the head",
			}},
		{"a Flux path below another that fails", files("live/apps.yaml", flux("apps", "./apps", ""), "apps/kustomization.yaml", "resources: [web.yaml]", "apps/web.yaml", flux("web", "./web", ""), "web/c.yaml", configMap("web", "1")),
			files("live/apps.yaml", flux("apps", "./apps", ""), "apps/kustomization.yaml", "resources: [web.yaml, none.yaml]", "apps/web.yaml", flux("web", "./web", ""), "web/c.yaml", configMap("web", "1")),
			[]string{
				"unknown kustomize:apps at the head",
				"unknown manifests:web#/ConfigMap/shop/web at the head",
			}},
	}
}

// Each object is there once, as it is deployed in the end.
func TestEachOnce(t *testing.T) { runChanges(t, onceChanges()) }

func onceChanges() []changeCase {
	one := func(v string) string {
		return files("argocd/root.yaml", app("root", "path: root, helm: {valuesObject: {apps: [one]}}")) + rootChart("[two]") +
			files("apps/one/c.yaml", configMap("one", v), "apps/two/c.yaml", configMap("two", v))
	}
	nested := func(more, v string) string {
		return files("live/apps.yaml", flux("apps", "./apps", ""), "apps/plain.yaml", configMap("plain", v), "apps/web/kustomization.yaml", "resources: [c.yaml"+more+"]", "apps/web/c.yaml", configMap("web", v),
			"apps/deep/er/kustomization.yaml", "resources: [c.yaml]", "apps/deep/er/c.yaml", configMap("deep", v), "apps/web/below/kustomization.yaml", "resources: [c.yaml]", "apps/web/below/c.yaml", configMap("below", v))
	}
	child := func(v string) string {
		return files("live/apps.yaml", flux("apps", "./apps", ""), "apps/web.yaml", flux("web", "./apps/web", ", targetNamespace: web"), "apps/api/c.yaml", configMap("api", v), "apps/web/kustomization.yaml", "resources: [c.yaml]", "apps/web/c.yaml", configMap("web", v))
	}
	substituted := func(v string) string {
		return files("live/all.yaml", flux("all", "./ks", ", postBuild: {substitute: {env: live}}"), "ks/web.yaml", flux("web", "./web/${env}", ""), "web/live/c.yaml", configMap("web", v), "web/test/c.yaml", configMap("web", v))
	}
	several := func(v string) string {
		return webChart("charts/web") + files("values/web.yaml", "v: "+v, "extra/c.yaml", configMap("extra", "1"), "argocd/web.yaml", `apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {name: web, namespace: argocd}
spec:
  sources:
    - {repoURL: x, path: charts/web, helm: {valueFiles: [$values/values/web.yaml]}}
    - {repoURL: x, ref: values}
    - {repoURL: x, path: extra}
  destination: {namespace: shop}`)
	}
	generated := func(v string) string {
		return strings.Replace(substituted(v), "postBuild:", "targetNamespace: flux-system, postBuild:", 1)
	}
	return []changeCase{
		{"the default values of a chart of Applications deploy others", one("1"), one("2"), []string{"updated manifests:apps/one#/ConfigMap/shop/one: data.v"}},
		{"a Flux path without a kustomization, beside those of directories below", nested("", "1"), nested("", "2"), []string{
			"updated kustomize:apps#/ConfigMap/shop/deep: data.v",
			"updated kustomize:apps#/ConfigMap/shop/plain: data.v",
			"updated kustomize:apps#/ConfigMap/shop/web: data.v",
		}},
		{"and one of them lists another", nested(", below", "1"), nested(", below", "2"), []string{
			"updated kustomize:apps#/ConfigMap/shop/below: data.v",
			"updated kustomize:apps#/ConfigMap/shop/deep: data.v",
			"updated kustomize:apps#/ConfigMap/shop/plain: data.v",
			"updated kustomize:apps#/ConfigMap/shop/web: data.v",
		}},
		{"a child that deploys a directory of its parent", child("1"), child("2"), []string{
			"updated kustomize:apps#/ConfigMap/shop/api: data.v",
			"updated kustomize:apps#/ConfigMap/shop/web: data.v",
			"updated kustomize:apps/web#/ConfigMap/web/web: data.v",
		}},
		{"a path with a variable, in manifests", substituted("1"), substituted("2"), []string{"updated manifests:web/live#/ConfigMap/shop/web: data.v"}},
		{"a path with a variable, in a kustomization that Flux makes", generated("1"), generated("2"), []string{"updated manifests:web/live#/ConfigMap/shop/web: data.v"}},
		{"two that deploy each other", files("a/to.yaml", flux("b", "./b", ""), "a/c.yaml", configMap("a", "1"), "b/to.yaml", flux("a", "./a", ""), "b/c.yaml", configMap("b", "1")),
			files("a/to.yaml", flux("b", "./b", ""), "a/c.yaml", configMap("a", "2"), "b/to.yaml", flux("a", "./a", ""), "b/c.yaml", configMap("b", "2")), []string{
				"updated manifests:a#/ConfigMap/shop/a: data.v",
				"updated manifests:b#/ConfigMap/shop/b: data.v",
			}},
		{"two built ones that deploy each other", files("a/kustomization.yaml", "resources: [to.yaml, c.yaml]", "a/to.yaml", flux("b", "./b", ""), "a/c.yaml", configMap("a", "1"), "b/kustomization.yaml", "resources: [to.yaml, c.yaml]", "b/to.yaml", flux("a", "./a", ""), "b/c.yaml", configMap("b", "1")),
			files("a/kustomization.yaml", "resources: [to.yaml, c.yaml]", "a/to.yaml", flux("b", "./b", ""), "a/c.yaml", configMap("a", "2"), "b/kustomization.yaml", "resources: [to.yaml, c.yaml]", "b/to.yaml", flux("a", "./a", ""), "b/c.yaml", configMap("b", "2")), []string{
				"updated kustomize:a#/ConfigMap/shop/a: data.v",
				"updated kustomize:b#/ConfigMap/shop/b: data.v",
			}},
		{"what never settles", files("live/loop.yaml", flux("loop", "./loop", ", postBuild: {substituteFrom: [{kind: ConfigMap, name: dir, optional: true}]}"), "loop/kustomization.yaml", "resources: [to.yaml]", "loop/to.yaml", flux("to", "./${dir:=x}", ""), "x/dir.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: dir, namespace: flux-system}\ndata: {dir: y}", "y/c.yaml", configMap("y", "1")),
			files("live/loop.yaml", flux("loop", "./loop", ", postBuild: {substituteFrom: [{kind: ConfigMap, name: dir, optional: true}]}"), "loop/kustomization.yaml", "resources: [to.yaml]", "loop/to.yaml", flux("to", "./${dir:=x}", ""), "x/dir.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: dir, namespace: flux-system}\ndata: {dir: y}", "y/c.yaml", configMap("y", "2")), nil},
		{"a chart of two Applications with values of their own", webChart("charts/web") + files("argocd/web.yaml", app("web", "path: charts/web, helm: {valuesObject: {v: one}}"), "argocd/api.yaml", app("api", "path: charts/web, helm: {valuesObject: {v: one}}")),
			webChart("charts/web") + files("argocd/web.yaml", app("web", "path: charts/web, helm: {valuesObject: {v: one}}"), "argocd/api.yaml", app("api", "path: charts/web, helm: {valuesObject: {v: two}}")), []string{
				"updated helm:charts/web@api#/ConfigMap/shop/api: data.v at argocd/api.yaml:6",
				"updated manifests:argocd#argoproj.io/Application/argocd/api: spec.source.helm.valuesObject.v",
			}},
		{"several sources, and values of one of them", several("one"), several("two"), []string{"updated helm:charts/web@web#/ConfigMap/shop/web: data.v at values/web.yaml:1"}},
	}
}

// Variables and values come from objects wherever they are deployed from.
func TestVariablesOfOthers(t *testing.T) { runChanges(t, variableChanges()) }

func variableChanges() []changeCase {
	settings := func(v string) string {
		return "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings, namespace: flux-system}\ndata: {v: " + v + "}"
	}
	from := ", postBuild: {substituteFrom: [{kind: ConfigMap, name: settings}]}"
	web := files("web/kustomization.yaml", "resources: [c.yaml]", "web/c.yaml", configMap("web", "${v}"))
	rendered := func(unit, v string) string {
		return web + files("live/web.yaml", flux("web", "./web", from), "live/"+unit+".yaml", flux(unit, "./"+unit, ""), unit+"/kustomization.yaml", "resources: [s.yaml]", unit+"/s.yaml", settings(v))
	}
	generator := func(v string) string {
		return web + files("live/web.yaml", flux("web", "./web", from), "live/vars.yaml", flux("vars", "./vars", ""), "vars/kustomization.yaml",
			"namespace: flux-system\ngeneratorOptions: {disableNameSuffixHash: true}\nconfigMapGenerator: [{name: settings, envs: [s.env]}]", "vars/s.env", "v="+v)
	}
	two := func(east, west string) string {
		out := web
		for name, v := range map[string]string{"east": east, "west": west} {
			out += files("clusters/"+name+"/web.yaml", flux("web", "./web", from+", targetNamespace: "+name), "clusters/"+name+"/s.yaml", settings(v))
		}
		return out
	}
	twoBuilt := func(east, west string) string {
		out := web
		for name, v := range map[string]string{"east": east, "west": west} {
			out += files("clusters/"+name+"/flux/kustomization.yaml", "resources: [sync.yaml]", "clusters/"+name+"/flux/sync.yaml", flux("flux-system", "./clusters/"+name, ""),
				"clusters/"+name+"/web.yaml", flux("web", "./web", from+", targetNamespace: "+name), "clusters/"+name+"/vars.yaml", flux("vars", "./vars/"+name, ""),
				"vars/"+name+"/kustomization.yaml", "resources: [s.yaml]", "vars/"+name+"/s.yaml", settings(v))
		}
		return out
	}
	values := func(unit, v string) string {
		return webChart("charts/web") + files("live/web.yaml", release("web", "./charts/web", ", valuesFrom: [{kind: ConfigMap, name: web-values}]"), "live/"+unit+".yaml", flux(unit, "./"+unit, ""),
			unit+"/kustomization.yaml", "resources: [v.yaml]", unit+"/v.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: web-values, namespace: flux-system}\ndata: {values.yaml: \"v: "+v+"\"}")
	}
	standIns := files(".gate.yaml", "apiVersion: gate/v1\nstandIns: {web: {v: stand-in}}")
	absent := func(v string) string {
		return files("live/web.yaml", flux("web", "./web", from), "web/kustomization.yaml", "resources: [c.yaml, d.yaml]", "web/c.yaml", configMap("web", "${v}"), "web/d.yaml", configMap("more", v))
	}
	return []changeCase{
		{"a ConfigMap that an earlier unit renders", rendered("a", "1"), rendered("a", "2"), []string{
			"updated kustomize:a#/ConfigMap/flux-system/settings: data.v",
			"updated kustomize:web#/ConfigMap/shop/web: data.v at a/s.yaml:4",
		}},
		{"a ConfigMap that a later unit renders", rendered("z", "1"), rendered("z", "2"), []string{
			"updated kustomize:web#/ConfigMap/shop/web: data.v at z/s.yaml:4",
			"updated kustomize:z#/ConfigMap/flux-system/settings: data.v",
		}},
		{"a ConfigMap that a generator makes", generator("1"), generator("2"), []string{
			"updated kustomize:vars#/ConfigMap/flux-system/settings: data.v at vars/s.env:1",
			"updated kustomize:web#/ConfigMap/shop/web: data.v at vars/s.env:1",
		}},
		{"a ConfigMap that is gone", rendered("z", "1"), web + files("live/web.yaml", flux("web", "./web", from), "live/z.yaml", flux("z", "./z", ""), "z/kustomization.yaml", "resources: [c.yaml]", "z/c.yaml", configMap("z", "1")), []string{
			"created kustomize:z#/ConfigMap/shop/z",
			"deleted kustomize:z#/ConfigMap/flux-system/settings at z/kustomization.yaml:1",
			"unknown kustomize:web at the head",
		}},
		{"a ConfigMap that is nowhere, and other things change", absent("1"), absent("2"), []string{"unknown kustomize:web at the head"}},
		{"a ConfigMap that is nowhere, with a stand-in", standIns + absent("1"), standIns + absent("2"), []string{"updated kustomize:web#/ConfigMap/shop/more: data.v"}},
		{"one of two clusters", two("1", "1"), two("1", "2"), []string{
			"updated kustomize:web@west#/ConfigMap/west/web: data.v at clusters/west/s.yaml:4",
			"updated manifests:clusters/west#/ConfigMap/flux-system/settings: data.v",
		}},
		{"one of two clusters that render their own", twoBuilt("1", "1"), twoBuilt("1", "2"), []string{
			"updated kustomize:vars/west#/ConfigMap/flux-system/settings: data.v",
			"updated kustomize:web@west#/ConfigMap/west/web: data.v at vars/west/s.yaml:4",
		}},
		{"values that an earlier unit renders", values("a", "1"), values("a", "2"), []string{
			"updated helm:charts/web@web#/ConfigMap/shop/web: data.v at a/v.yaml:4",
			"updated kustomize:a#/ConfigMap/flux-system/web-values: data[\"values.yaml\"]",
		}},
		{"values that a later unit renders", values("z", "1"), values("z", "2"), []string{
			"updated helm:charts/web@web#/ConfigMap/shop/web: data.v at z/v.yaml:4",
			"updated kustomize:z#/ConfigMap/flux-system/web-values: data[\"values.yaml\"]",
		}},
		{"a release that takes values from elsewhere changes", webChart("charts/web") + files("live/web.yaml", release("web", "./charts/web", ", valuesFrom: [{kind: ConfigMap, name: none}], values: {v: one}")),
			webChart("charts/web") + files("live/web.yaml", release("web", "./charts/web", ", valuesFrom: [{kind: ConfigMap, name: none}], values: {v: two}")), []string{
				"updated helm:charts/web@web#/ConfigMap/shop/web: data.v at live/web.yaml:4",
				"updated manifests:live#helm.toolkit.fluxcd.io/HelmRelease/flux-system/web: spec.values.v",
			}},
		{"a release that cannot be followed changes", webChart("charts/web") + files("live/web.yaml", release("web", "./charts/web", ", postRenderers: [{exec: {command: x}}], values: {v: one}")),
			webChart("charts/web") + files("live/web.yaml", release("web", "./charts/web", ", postRenderers: [{exec: {command: x}}], values: {v: two}")), []string{
				"updated manifests:live#helm.toolkit.fluxcd.io/HelmRelease/flux-system/web: spec.values.v",
				"unknown helm:charts/web@web at the head",
			}},
		{"the template of a set changes that cannot be expanded", other + webChart("charts/web") + files("argocd/set.yaml", set(ofClusters, "path: charts/web, helm: {valuesObject: {v: one}}")),
			other + webChart("charts/web") + files("argocd/set.yaml", set(ofClusters, "path: charts/web, helm: {valuesObject: {v: two}}")), []string{
				"updated manifests:argocd#argoproj.io/ApplicationSet/argocd/set: spec.template.spec.source.helm.valuesObject.v",
				"unknown manifests:applicationset/set at the head",
			}},
	}
}

// What an object deploys belongs where it does, unless it says otherwise.
func TestScopesOfDeployed(t *testing.T) { runChanges(t, scopeChanges()) }

func scopeChanges() []changeCase {
	environments := files(".gate.yaml", "apiVersion: gate/v1\nenvironments:\n  - {name: prod, class: prod, paths: [\"clusters/prod/**\"]}\n  - {name: dev, class: non-prod, paths: [\"clusters/dev/**\"]}")
	raw := func(v string) string {
		return environments + files("clusters/prod/web.yaml", flux("web", "./web", ", targetNamespace: prod"), "clusters/dev/web.yaml", flux("web", "./web", ", targetNamespace: dev"), "web/kustomization.yaml", "resources: [c.yaml]", "web/c.yaml", configMap("web", v))
	}
	built := func(v string) string {
		return environments + webChart("charts/web") + files("apps/kustomization.yaml", "resources: [web.yaml]", "apps/web.yaml", release("web", "./charts/web", ", values: {v: "+v+"}"),
			"clusters/prod/apps.yaml", flux("apps", "./apps", ", postBuild: {substitute: {env: prod}}"), "clusters/dev/apps.yaml", flux("apps", "./apps", ", postBuild: {substitute: {env: dev}}"))
	}
	alike := func(v string, clusters ...string) string {
		out := environments + webChart("charts/web") + files("apps/kustomization.yaml", "resources: [web.yaml, c.yaml]", "apps/c.yaml", configMap("c", v), "apps/web.yaml", release("web", "./charts/web", ", values: {v: "+v+"}"))
		for _, c := range clusters {
			out += files("clusters/"+c+"/apps.yaml", flux("apps", "./apps", ""))
		}
		return out
	}
	twoApps := func(clusters ...string) string {
		out := files("web/c.yaml", configMap("web", "1"))
		for _, c := range clusters {
			out += files("clusters/"+c+"/web.yaml", app("web-"+c, "path: web"))
		}
		return out
	}
	return []changeCase{
		{"by the file of the controller", raw("1"), raw("2"), []string{
			"updated kustomize:web@dev#/ConfigMap/dev/web in dev: data.v",
			"updated kustomize:web@prod#/ConfigMap/prod/web in prod: data.v",
		}},
		{"by a controller that is rendered", built("1"), built("2"), []string{
			"updated helm:charts/web@web@shop@clusters/dev#/ConfigMap/shop/web in dev: data.v at apps/web.yaml:4",
			"updated helm:charts/web@web@shop@clusters/prod#/ConfigMap/shop/web in prod: data.v at apps/web.yaml:4",
			"updated kustomize:apps@clusters/dev#helm.toolkit.fluxcd.io/HelmRelease/flux-system/web in dev: spec.values.v",
			"updated kustomize:apps@clusters/prod#helm.toolkit.fluxcd.io/HelmRelease/flux-system/web in prod: spec.values.v",
		}},
		{"the same in two clusters", alike("1", "dev", "prod"), alike("2", "dev", "prod"), []string{
			"updated helm:charts/web@web@shop@clusters/dev#/ConfigMap/shop/web in dev: data.v at apps/web.yaml:4",
			"updated helm:charts/web@web@shop@clusters/prod#/ConfigMap/shop/web in prod: data.v at apps/web.yaml:4",
			"updated kustomize:apps@clusters/dev#/ConfigMap/shop/c in dev: data.v",
			"updated kustomize:apps@clusters/dev#helm.toolkit.fluxcd.io/HelmRelease/flux-system/web in dev: spec.values.v",
			"updated kustomize:apps@clusters/prod#/ConfigMap/shop/c in prod: data.v",
			"updated kustomize:apps@clusters/prod#helm.toolkit.fluxcd.io/HelmRelease/flux-system/web in prod: spec.values.v",
		}},
		{"in a second cluster", alike("1", "prod"), alike("1", "dev", "prod"), []string{
			"created helm:charts/web@web@shop@clusters/dev#/ConfigMap/shop/web in dev at clusters/dev/apps.yaml:1",
			"created kustomize:apps@clusters/dev#/ConfigMap/shop/c in dev at clusters/dev/apps.yaml:1",
			"created kustomize:apps@clusters/dev#helm.toolkit.fluxcd.io/HelmRelease/flux-system/web in dev at clusters/dev/apps.yaml:1",
			"created manifests:clusters/dev#kustomize.toolkit.fluxcd.io/Kustomization/flux-system/apps in dev",
		}},
		{"in a third cluster", alike("1", "dev", "prod"), alike("1", "aaa", "dev", "prod"), []string{
			"created helm:charts/web@web@shop@clusters/aaa#/ConfigMap/shop/web at clusters/aaa/apps.yaml:1",
			"created kustomize:apps@clusters/aaa#/ConfigMap/shop/c at clusters/aaa/apps.yaml:1",
			"created kustomize:apps@clusters/aaa#helm.toolkit.fluxcd.io/HelmRelease/flux-system/web at clusters/aaa/apps.yaml:1",
			"created manifests:clusters/aaa#kustomize.toolkit.fluxcd.io/Kustomization/flux-system/apps",
		}},
		{"in one of two clusters no longer", alike("1", "dev", "prod"), alike("1", "prod"), []string{
			"deleted helm:charts/web@web@shop@clusters/dev#/ConfigMap/shop/web in dev at clusters/dev/apps.yaml:0",
			"deleted kustomize:apps@clusters/dev#/ConfigMap/shop/c in dev at clusters/dev/apps.yaml:0",
			"deleted kustomize:apps@clusters/dev#helm.toolkit.fluxcd.io/HelmRelease/flux-system/web in dev at clusters/dev/apps.yaml:0",
			"deleted manifests:clusters/dev#kustomize.toolkit.fluxcd.io/Kustomization/flux-system/apps in dev at clusters/dev/apps.yaml:0",
		}},
		{"two Applications of one path, of which one goes", environments + twoApps("dev", "prod"), environments + twoApps("prod"), []string{
			"deleted manifests:clusters/dev#argoproj.io/Application/argocd/web-dev in dev at clusters/dev/web.yaml:0",
			"deleted manifests:web@shop@clusters/dev#/ConfigMap/shop/web in dev at clusters/dev/web.yaml:0",
		}},
	}
}
