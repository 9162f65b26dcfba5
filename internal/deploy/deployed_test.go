package deploy

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"
	"testing"

	"gate/internal/doc"
	"gate/internal/render"

	"github.com/google/go-cmp/cmp"
)

const (
	argoHead = "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: app}\nspec:\n"
	setHead  = "apiVersion: argoproj.io/v1alpha1\nkind: ApplicationSet\nmetadata: {name: set}\nspec:\n"
	fluxHead = "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {name: k, namespace: flux-system}\nspec:\n  sourceRef: {kind: GitRepository, name: repo}\n"
	helmHead = "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {name: rel, namespace: apps}\nspec:\n"
)

// TestAsControllers checks details in which Argo CD and Flux do not do what
// one would expect; each is in their documentation.
func TestAsControllers(t *testing.T) {
	show := map[string]string{
		"charts/show/Chart.yaml":       "apiVersion: v2\nname: show\nversion: 1.0.0\n",
		"charts/show/values.yaml":      "v: default\nnum: 1\n",
		"charts/show/prod.yaml":        "v: prod\n",
		"charts/show/raw.txt":          `a\b,{c}`,
		"charts/show/templates/c.yaml": showChart,
		"apps/one/c.yaml":              configMap, "apps/two/c.yaml": configMap, "apps/deep/er/c.yaml": configMap, "apps/.hid/c.yaml": configMap,
		"conf/a.json": `{"n": "a", "l": [{"x": "y"}]}`, "conf/deep/b.json": `{"n": "b", "l": []}`,
	}
	for name, tc := range map[string]struct {
		object string
		more   map[string]string
		want   map[string]string
	}{
		"sources win over source": {
			argoHead + "  source: {repoURL: x, path: apps/one}\n  sources: [{repoURL: x, path: apps/two}]\n", nil,
			map[string]string{"manifests:apps/two": "||<nil>/plain a=b"},
		},
		"two sources of one chart": {
			argoHead + "  sources:\n  - {repoURL: x, path: charts/show, helm: {valuesObject: {v: one}}}\n  - {repoURL: x, path: charts/show, helm: {valuesObject: {v: two}}}\n", nil,
			map[string]string{"helm:charts/show@app": "||default/app l= num=1 v=one", "helm:charts/show@app~2": "||default/app l= num=1 v=two"},
		},
		"a file parameter is taken as it is": {
			argoHead + "  source: {repoURL: x, path: charts/show, helm: {fileParameters: [{name: v, path: raw.txt}]}}\n", nil,
			map[string]string{"helm:charts/show@app": `||default/app l= num=1 v=a\b,{c}`},
		},
		"the build environment": {
			argoHead + "  source: {repoURL: x, path: charts/show, helm: {valueFiles: [/charts/$ARGOCD_APP_NAME.yaml], parameters: [{name: num, value: $ARGOCD_APP_NAMESPACE}]}}\n  destination: {namespace: shop}\n",
			map[string]string{"charts/app.yaml": "v: by-name\n"},
			map[string]string{"helm:charts/show@app": "shop||shop/app l= num=shop v=by-name"},
		},
		"a revision that only a sync knows": {
			argoHead + "  source: {repoURL: x, path: charts/show, helm: {parameters: [{name: num, value: $ARGOCD_APP_REVISION}]}}\n", nil,
			map[string]string{"helm:charts/show@app": "argo.yaml:5:63: ARGOCD_APP_REVISION is known only to Argo CD"},
		},
		"components that are missing": {
			argoHead + "  source: {repoURL: x, path: k, kustomize: {components: [../none], ignoreMissingComponents: true, nameSuffix: -x}}\n",
			map[string]string{"k/kustomization.yaml": "resources: [c.yaml]\n", "k/c.yaml": configMap},
			map[string]string{"kustomize:k": "||<nil>/plain-x a=b"},
		},
		"directories stay in their segment, hidden ones are left out": {
			setHead + "  generators: [{git: {directories: [{path: apps/*}]}}]\n  template: {metadata: {name: '{{path.basename}}'}, spec: {source: {repoURL: x, path: '{{path}}', directory: {recurse: true}}}}\n", nil,
			map[string]string{"manifests:apps/one": "||<nil>/plain a=b", "manifests:apps/two": "||<nil>/plain a=b", "manifests:apps/deep": "||<nil>/plain a=b"},
		},
		"two stars are one": {
			setHead + "  generators: [{git: {directories: [{path: apps/**}, {path: apps/t*, exclude: true}]}}]\n  template: {metadata: {name: '{{path.basename}}'}, spec: {source: {repoURL: x, path: '{{path}}', directory: {recurse: true}}}}\n", nil,
			map[string]string{"manifests:apps/one": "||<nil>/plain a=b", "manifests:apps/deep": "||<nil>/plain a=b"},
		},
		"files cross directories": {
			setHead + "  generators: [{git: {files: [{path: 'conf/*.json'}], values: {w: '{{n}}-{{l.0.x}}'}}}]\n  template: {metadata: {name: 'n-{{n}}'}, spec: {source: {repoURL: x, path: charts/show, helm: {parameters: [{name: v, value: '{{values.w}}-{{path.filenameNormalized}}'}]}}}}\n", nil,
			map[string]string{"helm:charts/show@n-a": "||default/n-a l= num=1 v=a-y-a.json", "helm:charts/show@n-b": "||default/n-b l= num=1 v=b-{{l.0.x}}-b.json"},
		},
		"a prefix of the path": {
			setHead + "  goTemplate: true\n  goTemplateOptions: [missingkey=error]\n  generators: [{git: {files: [{path: 'conf/a.json'}], pathParamPrefix: my}}]\n  template: {metadata: {name: 'n-{{ .n }}'}, spec: {source: {repoURL: x, path: charts/show, helm: {parameters: [{name: v, value: '{{ .my.path.filename }}'}]}}}}\n", nil,
			map[string]string{"helm:charts/show@n-a": "||default/n-a l= num=1 v=a.json"},
		},
		"a template of its own": {
			setHead + "  generators:\n  - list: {elements: [{m: a}], template: {metadata: {}, spec: {destination: {namespace: own}, source: {repoURL: x, path: apps/two}}}}\n  - list: {elements: [{m: b}]}\n  template: {metadata: {name: '{{m}}'}, spec: {source: {repoURL: x, path: apps/one}, destination: {namespace: set}}}\n", nil,
			map[string]string{"manifests:apps/two": "own||<nil>/plain a=b", "manifests:apps/one": "set||<nil>/plain a=b"},
		},
		"a selector": {
			setHead + "  generators:\n  - list: {elements: [{m: a, env: prod}, {m: b, env: dev}]}\n    selector: {matchLabels: {env: prod}}\n  template: {metadata: {name: '{{m}}'}, spec: {source: {repoURL: x, path: charts/show}}}\n", nil,
			map[string]string{"helm:charts/show@a": "||default/a l= num=1 v=default"},
		},
		"a patch of the template": {
			setHead + "  goTemplate: true\n  generators: [{list: {elements: [{m: a, prod: true}, {m: b}]}}]\n  templatePatch: |\n    {{- if .prod }}\n    spec:\n      source:\n        helm:\n          valueFiles: [prod.yaml]\n    {{- end }}\n  template: {metadata: {name: '{{ .m }}'}, spec: {source: {repoURL: x, path: charts/show}}}\n", nil,
			map[string]string{"helm:charts/show@a": "||default/a l= num=1 v=prod", "helm:charts/show@b": "||default/b l= num=1 v=default"},
		},
		"a patch with a directive": {
			setHead + "  goTemplate: true\n  generators: [{list: {elements: [{m: a}]}}]\n  templatePatch: |\n    spec: {$patch: replace}\n  template: {metadata: {name: '{{ .m }}'}, spec: {source: {repoURL: x, path: charts/show}}}\n", nil,
			map[string]string{"manifests:applicationset/set": `argo.yaml:9:3: template: templatePatch: the directive "$patch" is not understood`},
		},
		"names in templates": {
			setHead + "  goTemplate: true\n  generators: [{list: {elements: [{m: 'Feature/A_long-name'}]}}]\n  template: {metadata: {name: '{{ slugify 12 true .m }}-{{ normalize .m }}'}, spec: {source: {repoURL: x, path: charts/show}}}\n", nil,
			map[string]string{"helm:charts/show@feature-feature-a-long-name": "||default/feature-feature-a-long-name l= num=1 v=default"},
		},
		"a merge of sets that are not unique": {
			setHead + "  goTemplate: true\n  generators:\n  - merge:\n      mergeKeys: [z]\n      generators: [{list: {elements: [{m: a}, {m: b}]}}, {list: {elements: [{m: c}]}}]\n  template: {metadata: {name: '{{ .m }}'}, spec: {source: {repoURL: x, path: charts/show}}}\n", nil,
			map[string]string{"manifests:applicationset/set": "argo.yaml:6:3: two sets of parameters have the same values of mergeKeys"},
		},
		"a merge": {
			setHead + "  goTemplate: true\n  generators:\n  - merge:\n      mergeKeys: [k]\n      generators: [{list: {elements: [{k: a, v: 1}, {k: b, v: 1}]}}, {list: {elements: [{k: b, v: 2}, {k: c}]}}]\n  template: {metadata: {name: '{{ .k }}'}, spec: {source: {repoURL: x, path: charts/show, helm: {parameters: [{name: v, value: '{{ .v }}'}]}}}}\n", nil,
			map[string]string{"helm:charts/show@a": "||default/a l= num=1 v=1", "helm:charts/show@b": "||default/b l= num=1 v=2"},
		},
		"more text than memory": {
			setHead + "  goTemplate: true\n  generators:\n  - list: {elements: [" + strings.Repeat("{m: a}, ", 100) + "{m: a}]}\n  template: {metadata: {name: '{{ .m }}'}, spec: {source: {repoURL: x, path: charts/show, helm: {values: 'v: {{ repeat 900000 .m }}'}}}}\n", nil,
			map[string]string{"manifests:applicationset/set": "argo.yaml:8:3: template: ApplicationSets make more than 67108864 bytes of text"},
		},
		"value files of Flux replace values.yaml": {
			helmHead + "  chart: {spec: {chart: ./charts/show, sourceRef: {kind: GitRepository, name: r}, valuesFiles: [charts/show/prod.yaml]}}\n", nil,
			map[string]string{"helm:charts/show@rel": "apps||apps/rel l= num=<nil> v=prod"},
		},
		"a chart by reference": {
			helmHead + "  chartRef: {kind: HelmChart, name: hc}\n  values: {num: 5}\n---\napiVersion: source.toolkit.fluxcd.io/v1\nkind: HelmChart\nmetadata: {name: hc, namespace: apps}\nspec: {chart: charts/show, sourceRef: {kind: GitRepository, name: r}}\n", nil,
			map[string]string{"helm:charts/show@rel": "apps||apps/rel l= num=5 v=default"},
		},
		"a long release name": {
			strings.Replace(helmHead, "name: rel", "name: object", 1) + "  targetNamespace: a-very-lengthy-target-namespace-with-a-nice-one\n  chart: {spec: {chart: ./charts/show, sourceRef: {kind: GitRepository, name: r}}}\n",
			nil,
			map[string]string{"helm:charts/show@a-very-lengthy-target-namespace-with-a-n-" + fmt.Sprintf("%x", sha256.Sum256([]byte("a-very-lengthy-target-namespace-with-a-nice-one-object")))[:12]: ""},
		},
		"target paths": {
			helmHead + "  chart: {spec: {chart: ./charts/show, sourceRef: {kind: GitRepository, name: r}}}\n  valuesFrom: [{kind: ConfigMap, name: c, valuesKey: a, targetPath: v}, {kind: ConfigMap, name: c, valuesKey: q, targetPath: num}]\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: c, namespace: apps}\ndata: {a: 'x,l={1,2}', q: \"'007'\"}\n", nil,
			map[string]string{"helm:charts/show@rel": "apps||apps/rel l=1+2 num=007 v=x"},
		},
		"patches of former versions": {
			strings.Replace(fluxHead, "v1\n", "v1beta2\n", 1) + "  path: apps/one\n  patchesStrategicMerge: [{apiVersion: v1, kind: ConfigMap, metadata: {name: plain}, data: {c: d}}]\n  patchesJson6902: [{target: {kind: ConfigMap}, patch: [{op: add, path: /data/e, value: f}]}]\n", nil,
			map[string]string{"kustomize:apps/one": "||<nil>/plain a=b c=d e=f"},
		},
		"components that Flux may miss": {
			fluxHead + "  path: apps/one\n  components: [../none]\n  ignoreMissingComponents: true\n", nil,
			map[string]string{"manifests:apps/one": "||<nil>/plain a=b"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			files := map[string]string{"argo.yaml": tc.object}
			for _, m := range []map[string]string{show, tc.more} {
				for k, v := range m {
					files[k] = v
				}
			}
			got := deployed(t, files, nil)
			if name == "a long release name" {
				for k := range got {
					got[k] = ""
				}
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
		})
	}
}

// TestShortRelease uses the example of Flux's documentation: 40 characters as
// its text says (its example shows 42, more than Helm takes), and its hash.
func TestShortRelease(t *testing.T) {
	const long = "a-very-lengthy-target-namespace-with-a-nice-object-name"
	if got, want := shortRelease(long), "a-very-lengthy-target-namespace-with-a-n-97af5d7f41f3"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

// TestCommonMetadata checks that the labels of a Flux object stay out of pod
// templates, and where they stand.
func TestCommonMetadata(t *testing.T) {
	w := tree(t, map[string]string{
		"flux.yaml":     fluxHead + "  path: app\n  commonMetadata: {labels: {team: a}, annotations: {note: n}}\n",
		"app/d.yaml":    deployment,
		"app/deep.yaml": configMap,
	})
	us, _ := units(t, w, nil)
	r, err := render.Render(t.Context(), w, us[0], render.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range r.Objects {
		if v, _ := doc.Lookup(o.Manifest, []any{"metadata", "labels", "team"}...); v != "a" {
			t.Errorf("%s has no label", doc.Text(o.Manifest, "metadata", "name"))
		}
		if v, ok := doc.Lookup(o.Manifest, []any{"spec", "template", "metadata", "annotations"}...); ok {
			t.Errorf("%s: annotations of the pod template: %v", doc.Text(o.Manifest, "metadata", "name"), v)
		}
		if loc := o.Locator.Locate([]any{"metadata", "annotations", "note"}); loc.File != "flux.yaml" {
			t.Errorf("the annotation stands in %s", loc)
		}
	}
}

// TestFluxNotes checks that values which are not known are told.
func TestFluxNotes(t *testing.T) {
	files := map[string]string{
		"flux.yaml": fluxHead + "  path: app\n  postBuild:\n    substituteFrom:\n      - {kind: Secret, name: none, optional: true}\n      - {kind: Secret, name: enc}\n" +
			"---\napiVersion: v1\nkind: Secret\nmetadata: {name: enc, namespace: flux-system}\nstringData: {pw: 'ENC[AES256_GCM,data:x,type:str]'}\nsops: {version: 3.9.0}\n",
		"app/c.yaml": strings.ReplaceAll(configMap, "a: b", "a: '${none} ${pw} ${dflt:=x} $${esc}'"),
	}
	w := tree(t, files)
	us, _ := units(t, w, nil)
	us = slices.DeleteFunc(us, func(u render.Unit) bool { return u.Controller == "" })
	r, err := render.Render(t.Context(), w, us[0], render.Options{})
	if err != nil {
		t.Fatal(err)
	}
	want := `flux.yaml:1 variables without a value and a default become empty: none; ` +
		`flux.yaml:9 the optional variables of Secret "none" are not in the tree, so they are taken as not set; ` +
		`flux.yaml:10 the variables of Secret "enc" are encrypted, so their ciphertext stands for them`
	if diff := cmp.Diff(want, noteLines(r)); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	if loc := render.Facts([]render.Outcome{{Unit: us[0], Rendered: r}}, nil); loc.Objects[0].ID == "" || loc.Locators[loc.Objects[0].ID].Locate(nil).Rendered == nil {
		t.Error("an object that was changed has no rendered place")
	}
}
