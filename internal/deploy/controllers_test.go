package deploy

import (
	"fmt"
	"maps"
	"slices"
	"sort"
	"strings"
	"testing"

	"gate/internal/config"
	"gate/internal/discover"
	"gate/internal/doc"
	"gate/internal/render"

	"github.com/google/go-cmp/cmp"
)

// deployed renders what the controllers of a tree deploy and says for each
// unit the ConfigMaps' data, or the error.
func deployed(t *testing.T, files map[string]string, cfg *config.Config) map[string]string {
	t.Helper()
	w := tree(t, files)
	inv, err := discover.Collect(t.Context(), w, discover.Options{})
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	found := Tree(t.Context(), w, inv, cfg, render.Options{}, nil)
	outs := found.Outcomes
	for _, o := range outs {
		if o.Unit.Controller == "" {
			continue
		}
		if o.Err != nil {
			out[o.Unit.ID] = o.Err.Error()
			continue
		}
		var lines []string
		for _, obj := range o.Rendered.Objects {
			data := doc.Map(obj.Manifest, "data")
			ns, _ := doc.Lookup(obj.Manifest, "metadata", "namespace")
			var pairs []string
			for _, k := range slices.Sorted(maps.Keys(data)) {
				pairs = append(pairs, fmt.Sprintf("%s=%v", k, data[k]))
			}
			lines = append(lines, fmt.Sprintf("%v/%s %s", ns, doc.Text(obj.Manifest, "metadata", "name"), strings.Join(pairs, " ")))
		}
		sort.Strings(lines)
		out[o.Unit.ID] = o.Unit.Namespace + "|" + o.Unit.Cluster + "|" + strings.Join(lines, "; ")
	}
	return out
}

const (
	showChart = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: {{ .Release.Name }}, namespace: {{ .Release.Namespace }}}\ndata: {v: {{ .Values.v | quote }}, num: {{ .Values.num | quote }}, l: {{ .Values.l | default list | join \"+\" | quote }}}\n"
	configMap = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: plain}\ndata: {a: b}\n"
)

func TestArgoCD(t *testing.T) {
	files := map[string]string{
		"charts/show/Chart.yaml":       "apiVersion: v2\nname: show\nversion: 1.0.0\n",
		"charts/show/values.yaml":      "v: default\nnum: 1\n",
		"charts/show/prod.yaml":        "v: prod\n",
		"charts/show/part.txt":         "text",
		"charts/show/templates/c.yaml": showChart,
		"envs/prod.yaml":               "v: shared\n",
		"k/kustomization.yaml":         "resources: [c.yaml]\n",
		"k/c.yaml":                     configMap,
		"raw/a.yaml":                   configMap,
		"raw/deep/b.yaml":              strings.ReplaceAll(configMap, "plain", "deep"),
		"raw/skip.yaml":                strings.ReplaceAll(configMap, "plain", "skipped"),
		"argo/apps.yaml": `apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {name: one}
spec:
  source:
    repoURL: https://example.com/repo
    path: charts/show
    helm:
      releaseName: rel
      valueFiles: [prod.yaml]
      valuesObject: {num: 2}
      parameters:
        - {name: v, value: "a,b"}
        - {name: l, value: "{x,y}"}
  destination: {name: prod-1, namespace: shop}
---
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {name: two}
spec:
  sources:
    - {repoURL: https://example.com/repo, ref: values}
    - repoURL: https://example.com/repo
      path: charts/show
      helm:
        valueFiles: ["$values/envs/prod.yaml", missing.yaml]
        ignoreMissingValueFiles: true
        values: |
          num: 3
        fileParameters: [{name: v, path: part.txt}]
  destination: {server: https://kubernetes.default.svc, namespace: two}
---
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {name: kust}
spec:
  source: {repoURL: x, path: k, kustomize: {namePrefix: eu-, namespace: over}}
  destination: {namespace: kust}
---
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {name: raw}
spec:
  source: {repoURL: x, path: raw, directory: {recurse: true, exclude: "skip*"}}
  destination: {namespace: rawns}
---
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {name: far}
spec:
  source: {repoURL: https://charts.example.com, chart: redis, targetRevision: 1.2.3}
---
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {name: elsewhere}
spec:
  source: {repoURL: https://example.com/other, path: gone}
---
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {name: escape}
spec:
  source: {repoURL: x, path: charts/show, helm: {valueFiles: [../../../etc/passwd]}}
`,
	}
	got := deployed(t, files, nil)
	want := map[string]string{
		"helm:charts/show@rel":    "shop|prod-1|shop/rel l=x+y num=2 v=a,b",
		"helm:charts/show@two":    "two||two/two l= num=3 v=text",
		"kustomize:k":             "kust||over/eu-plain a=b",
		"manifests:raw@rawns":     "rawns||<nil>/deep a=b; <nil>/plain a=b",
		"helm:redis@far":          `argo/apps.yaml:51:3: chart "redis" of https://charts.example.com is not in the repository; nothing is fetched`,
		"manifests:gone":          `argo/apps.yaml:57:3: path "gone" of https://example.com/other is not in this tree`,
		"helm:charts/show@escape": `argo/apps.yaml:63:63: value file "../../../etc/passwd" leaves the repository`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}

func TestApplicationSet(t *testing.T) {
	set := func(name, spec string) string {
		return "apiVersion: argoproj.io/v1alpha1\nkind: ApplicationSet\nmetadata: {name: " + name + "}\nspec:\n" + spec
	}
	files := map[string]string{
		"apps/a/overlays/eu/kustomization.yaml": "resources: [c.yaml]\n", "apps/a/overlays/eu/c.yaml": configMap,
		"apps/a/overlays/us/kustomization.yaml": "resources: [c.yaml]\n", "apps/a/overlays/us/c.yaml": configMap,
		"raw/one/c.yaml": configMap, "raw/two/c.yaml": configMap, "raw/not/c.yaml": configMap,
		"conf/x.json":                  `{"env": {"name": "x"}, "release": "from-file"}`,
		"charts/show/Chart.yaml":       "apiVersion: v2\nname: show\nversion: 1.0.0\n",
		"charts/show/templates/c.yaml": showChart,
		"argo/list.yaml": set("list", `  goTemplate: true
  goTemplateOptions: ["missingkey=error"]
  generators:
    - matrix:
        generators:
          - list: {elements: [{app: a}]}
          - list: {elements: [{region: eu}, {region: us}]}
  template:
    metadata: {name: "{{ .app }}-{{ .region }}"}
    spec:
      source: {repoURL: x, path: "apps/{{ .app }}/overlays/{{ .region }}"}
      destination: {name: "{{ .region | upper }}-1", namespace: "{{ .app }}"}
`),
		"argo/git.yaml": set("git", `  generators:
    - git:
        directories: [{path: raw/*}, {path: raw/not, exclude: true}]
  template:
    metadata: {name: "{{path.basename}}"}
    spec:
      source: {repoURL: x, path: "{{path}}"}
      destination: {namespace: "{{path[0]}}-{{ path.basename }}"}
`),
		"argo/files.yaml": set("files", `  generators:
    - git: {files: [{path: "conf/*.json"}]}
  template:
    metadata: {name: "{{release}}"}
    spec:
      source: {repoURL: x, path: charts/show, helm: {parameters: [{name: v, value: "{{env.name}}"}]}}
      destination: {namespace: files}
`),
		"argo/clusters.yaml": set("clusters", "  generators: [{clusters: {}}]\n  template: {}\n"),
		"argo/bad.yaml":      set("bad", "  goTemplate: true\n  goTemplateOptions: [missingkey=error]\n  generators: [{list: {elements: [{a: b}]}}]\n  template: {metadata: {name: \"{{ .nope }}\"}}\n"),
	}
	got := deployed(t, files, nil)
	want := map[string]string{
		"kustomize:apps/a/overlays/eu":      "a|EU-1|<nil>/plain a=b",
		"kustomize:apps/a/overlays/us":      "a|US-1|<nil>/plain a=b",
		"manifests:raw/one":                 "raw-one||<nil>/plain a=b",
		"manifests:raw/two":                 "raw-two||<nil>/plain a=b",
		"helm:charts/show@from-file":        "files||files/from-file l= num=<nil> v=x",
		"manifests:applicationset/clusters": "argo/clusters.yaml:5:3: the clusters generator needs the clusters that Argo CD knows, and .gate.yaml lists none under `clusters`",
		"manifests:applicationset/bad":      `argo/bad.yaml:8:3: template: "{{ .nope }}": map has no entry for key "nope"`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}

func TestFlux(t *testing.T) {
	files := map[string]string{
		"charts/show/Chart.yaml":       "apiVersion: v2\nname: show\nversion: 1.0.0\n",
		"charts/show/values.yaml":      "v: default\nnum: 1\n",
		"charts/show/prod.yaml":        "v: prod\n",
		"charts/show/templates/c.yaml": showChart,
		"k/kustomization.yaml":         "resources: [c.yaml]\n",
		"k/c.yaml":                     strings.ReplaceAll(configMap, "a: b", "a: 'x-${who}-${none:=dflt}', b: '$${who}'"),
		"gen/c.yaml":                   configMap,
		"gen/sub/kustomization.yaml":   "resources: [d.yaml]\nnameSuffix: -sub\n",
		"gen/sub/d.yaml":               configMap,
		"flat/c.yaml":                  configMap,
		"flux/all.yaml": `apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: k, namespace: flux-system}
spec:
  path: ./k
  targetNamespace: shop
  sourceRef: {kind: GitRepository, name: repo}
  kubeConfig: {secretRef: {name: prod-1}}
  postBuild:
    substitute: {who: me}
    substituteFrom: [{kind: ConfigMap, name: vars}, {kind: Secret, name: absent, optional: true}]
---
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: gen, namespace: flux-system}
spec: {path: gen, targetNamespace: gen, sourceRef: {kind: GitRepository, name: repo}}
---
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: flat, namespace: flux-system}
spec: {path: /flat, sourceRef: {kind: GitRepository, name: repo}}
---
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: far, namespace: flux-system}
spec: {path: ./far, sourceRef: {kind: GitRepository, name: other}}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: vars, namespace: flux-system}
data: {who: nobody}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: values, namespace: flux-system}
data: {values.yaml: "num: 7\nv: from-map"}
---
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: rel, namespace: flux-system}
spec:
  targetNamespace: apps
  chart: {spec: {chart: ./charts/show, sourceRef: {kind: GitRepository, name: repo}, valuesFiles: [charts/show/values.yaml, charts/show/prod.yaml]}}
  valuesFrom: [{kind: ConfigMap, name: values}, {kind: ConfigMap, name: vars, valuesKey: who, targetPath: v}]
  values: {l: [p, q]}
---
apiVersion: source.toolkit.fluxcd.io/v1
kind: HelmRepository
metadata: {name: charts}
spec: {url: https://charts.example.com}
---
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: redis, namespace: flux-system}
spec: {chart: {spec: {chart: redis, version: 1.x, sourceRef: {kind: HelmRepository, name: charts}}}}
`,
	}
	got := deployed(t, files, nil)
	want := map[string]string{
		"kustomize:k":               "shop|prod-1|shop/plain a=x-me-dflt b=${who}",
		"kustomize:gen":             "gen||gen/plain a=b; gen/plain-sub a=b",
		"manifests:flat":            "||<nil>/plain a=b",
		"kustomize:far":             `flux/all.yaml:26:8: path "./far" of GitRepository other is not in this tree`,
		"helm:charts/show@apps-rel": "apps||apps/apps-rel l=p+q num=7 v=nobody",
		"helm:redis@redis":          `flux/all.yaml:55:8: chart "redis" of HelmRepository charts is not in the repository; nothing is fetched`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	w := tree(t, files)
	inv, err := discover.Collect(t.Context(), w, discover.Options{})
	if err != nil {
		t.Fatal(err)
	}
	found := Tree(t.Context(), w, inv, nil, render.Options{}, nil)
	outs := found.Outcomes
	for _, o := range outs {
		if o.Unit.Release == "redis" {
			if hint := asError(o.Err).Hint; !strings.HasPrefix(hint, "vendor it: helm pull redis --repo https://charts.example.com --version '1.x' ") {
				t.Errorf("hint %q", hint)
			}
		}
	}
}

// TestConfiguredFirst checks that a release is rendered once if both the
// configuration and a controller name it.
func TestConfiguredFirst(t *testing.T) {
	files := map[string]string{
		"c/Chart.yaml": chartYAML, "c/prod.yaml": "a: 1\n",
		"argo/app.yaml": "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: web}\nspec: {source: {repoURL: x, path: c, helm: {valueFiles: [values.yaml, prod.yaml]}}}\n",
	}
	cfg := &config.Config{Units: []config.Unit{{Chart: "c", Release: "web", Environment: "prod", Values: []string{"c/prod.yaml"}}}}
	us, _ := units(t, tree(t, files), cfg)
	if diff := cmp.Diff([]string{"helm:c@web@prod", "manifests:argo"}, ids(us)); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}
