package render

import (
	"fmt"
	"sort"
	"strings"
	"testing"

	"gate/internal/doc"
	"gate/internal/source"

	"github.com/google/go-cmp/cmp"
)

// inflatable is a chart at dir with values, hooks, a test and a definition.
func inflatable(dir string, more map[string]string) map[string]string {
	out := map[string]string{
		dir + "/Chart.yaml":             "apiVersion: v2\nname: show\nversion: 1.2.3\n",
		dir + "/values.yaml":            "v: default\nw: default\nimage: a:1\n",
		dir + "/templates/c.yaml":       "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {{ .Release.Name }}\n  namespace: {{ .Release.Namespace }}\ndata:\n  v: {{ .Values.v | quote }}\n  w: {{ .Values.w | quote }}\n  fixed: text\n",
		dir + "/templates/hook.yaml":    "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: hook, annotations: {helm.sh/hook: pre-install}}\n",
		dir + "/templates/test.yaml":    "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: check, annotations: {helm.sh/hook: test}}\n",
		dir + "/templates/version.yaml": "{{ if .Capabilities.APIVersions.Has \"x.io/v1\" }}\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: has-api, annotations: {kube: {{ .Capabilities.KubeVersion.Version | quote }}}}\n{{ end }}\n",
		dir + "/crds/crd.yaml":          "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: xs.x.io}\nspec: {group: x.io, names: {kind: X}, scope: Cluster}\n",
	}
	for k, v := range more {
		out[k] = v
	}
	return out
}

// TestInflate checks that the fields of helmCharts mean what they mean to
// kustomize.
func TestInflate(t *testing.T) {
	for name, tc := range map[string]struct {
		kustomization string
		more          map[string]string
		want          string // "namespace/name v w" of each object, sorted; or what the error contains
	}{
		"plain": {
			"helmCharts: [{name: show, releaseName: rel}]\n", nil,
			"default/rel default default; hook; check",
		},
		"names, no hooks": {
			"namespace: shop\nnamePrefix: eu-\nhelmCharts: [{name: show, releaseName: rel, skipHooks: true, version: ^1.2.0}]\n", nil,
			"shop/eu-rel default default",
		},
		"own namespace, no tests": {
			"namespace: shop\nhelmCharts: [{name: show, releaseName: rel, namespace: own, skipTests: true}]\n", nil,
			"own/rel default default; hook",
		},
		"definitions, APIs": {
			"helmCharts: [{name: show, releaseName: rel, skipHooks: yes, includeCRDs: true, apiVersions: [x.io/v1], kubeVersion: '1.29'}]\n", nil,
			"xs.x.io; default/rel default default; has-api v1.29.0",
		},
		"inline values win": {
			"helmCharts: [{name: show, releaseName: rel, skipHooks: true, valuesFile: v.yaml, valuesInline: {v: inline}}]\n", map[string]string{"k/v.yaml": "v: file\nw: file\n"},
			"default/rel inline file",
		},
		"values file wins": {
			"helmCharts: [{name: show, releaseName: rel, skipHooks: true, valuesMerge: merge, valuesFile: v.yaml, valuesInline: {v: inline, w: inline}}]\n", map[string]string{"k/v.yaml": "v: file\n"},
			"default/rel file inline",
		},
		"inline values replace": {
			"helmCharts: [{name: show, releaseName: rel, skipHooks: true, valuesMerge: replace, valuesFile: v.yaml, valuesInline: {v: inline}}]\n", map[string]string{"k/v.yaml": "v: file\nw: file\n"},
			"default/rel inline default",
		},
		"additional files win over all": {
			"helmCharts: [{name: show, releaseName: rel, skipHooks: true, additionalValuesFiles: [a.yaml], valuesInline: {v: inline, w: inline}}]\n", map[string]string{"k/a.yaml": "w: more\n"},
			"default/rel inline more",
		},
		"a key that stands twice in a file that helm reads": {
			"helmCharts: [{name: show, releaseName: rel, skipHooks: true, valuesFile: v.yaml, additionalValuesFiles: [a.yaml]}]\n",
			map[string]string{"k/v.yaml": "v: one\nv: two\n", "k/a.yaml": "w: three\nw: four\n"},
			"default/rel two four",
		},
		"a key that stands twice in a file that kustomize merges": {
			"helmCharts: [{name: show, releaseName: rel, skipHooks: true, valuesFile: v.yaml, valuesInline: {w: inline}}]\n",
			map[string]string{"k/v.yaml": "v: one\nv: two\n"},
			`k/v.yaml:2:1: key "v" is already defined in this mapping`,
		},
		"a key that is rendered twice, which kustomize refuses": {
			"helmCharts: [{name: show, releaseName: rel, skipHooks: true}]\n",
			map[string]string{"k/charts/show/templates/two.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: two}\ndata: {}\ndata: {}\n"},
			`key "data" is already defined in this mapping`,
		},
		"home and version in the path": {
			"helmGlobals: {chartHome: ../vendor}\nhelmCharts: [{name: show, releaseName: rel, skipHooks: true, version: 1.2.3, repo: https://charts.example.com}]\n",
			inflatable("vendor/show-1.2.3/show", nil),
			"default/rel default default",
		},
		"name template": {
			"helmCharts: [{name: show, nameTemplate: '{{ \"A\" | lower }}-x', skipHooks: true}]\n", nil,
			"default/a-x default default",
		},
		"patched": {
			"helmCharts: [{name: show, releaseName: rel, skipHooks: true}]\npatches:\n- patch: |-\n    apiVersion: v1\n    kind: ConfigMap\n    metadata: {name: rel, namespace: default}\n    data: {v: patched}\n", nil,
			"default/rel patched default",
		},
		"older field": {
			"helmChartInflationGenerator: [{chartName: show, releaseName: rel, releaseNamespace: old, valuesLocal: {v: local}}]\n", nil,
			"old/rel local default; hook; check",
		},
		"generator file": {
			"generators: [g.yaml]\n", map[string]string{"k/g.yaml": "apiVersion: builtin\nkind: HelmChartInflationGenerator\nmetadata: {name: g}\nname: show\nreleaseName: rel\nskipHooks: true\nvaluesInline: {v: gen}\n"},
			"default/rel gen default",
		},
		"inline generator": {
			"generators:\n- |-\n  apiVersion: builtin\n  kind: HelmChartInflationGenerator\n  metadata: {name: g}\n  name: show\n  releaseName: rel\n  skipHooks: true\n", nil,
			"default/rel default default",
		},
		"two releases": {
			"helmCharts:\n- {name: show, releaseName: one, skipHooks: true}\n- {name: show, releaseName: two, skipHooks: true}\nresources: [c.yaml]\n", map[string]string{"k/c.yaml": configMap},
			"plain; default/one default default; default/two default default",
		},
		"not vendored": {
			"helmCharts: [{name: redis, releaseName: rel, version: 1.0.0, repo: https://charts.example.com}]\n", nil,
			"k/kustomization.yaml:1:15: chart \"redis\" of https://charts.example.com is not in the repository; nothing is fetched; hint: vendor it: helm pull redis --repo https://charts.example.com --version '1.0.0' --untar --untardir k/charts/redis-1.0.0",
		},
		"not vendored, registry": {
			"helmCharts: [{name: redis, repo: 'oci://r.example.com/charts'}]\n", nil,
			"helm pull oci://r.example.com/charts/redis --untar",
		},
		"another version": {
			"helmCharts: [{name: show, releaseName: rel, version: 2.0.0}]\n", nil,
			`version "2.0.0" is asked for, the chart at "k/charts/show" is of version "1.2.3"`,
		},
		"no chart":             {"helmCharts: [{name: other}]\n", nil, `there is no chart at "k/charts/other"`},
		"outside":              {"helmGlobals: {chartHome: ../..}\nhelmCharts: [{name: etc}]\n", nil, "leaves the repository"},
		"name outside":         {"helmCharts: [{name: ../../../etc}]\n", nil, "leaves the repository"},
		"absolute home":        {"helmGlobals: {chartHome: /etc}\nhelmCharts: [{name: show}]\n", nil, "leaves the repository"},
		"values outside":       {"helmCharts: [{name: show, valuesFile: ../../x.yaml}]\n", nil, "is not in the repository"},
		"remote values":        {"helmCharts: [{name: show, additionalValuesFiles: ['https://example.com/v.yaml']}]\n", nil, "is not in the repository"},
		"flag as name":         {"helmCharts: [{name: show, releaseName: --post-renderer}]\n", nil, "do not begin with a dash"},
		"unknown field":        {"helmCharts: [{name: show, relaseName: rel}]\n", nil, `unknown field "relaseName"`},
		"unknown merge":        {"helmCharts: [{name: show, valuesMerge: mix, valuesInline: {a: b}}]\n", nil, "none of override, merge, replace"},
		"no list":              {"helmCharts: {name: show}\n", nil, "helmCharts is not a list"},
		"two names":            {"helmCharts: [{name: show, releaseName: a, nameTemplate: b}]\n", nil, "not both"},
		"template of a secret": {"helmCharts: [{name: show, nameTemplate: '{{ env \"HOME\" }}'}]\n", nil, `function "env" not defined`},
		"program arguments":    {"helmChartInflationGenerator: [{chartName: show, extraArgs: [--post-renderer=x]}]\n", nil, "arguments for a helm program"},
		"failing template": {
			"helmCharts: [{name: show, releaseName: rel}]\n", map[string]string{"k/charts/show/templates/bad.yaml": "a: {{ fail \"no\" }}\n"},
			"k/charts/show/templates/bad.yaml:1:7: no",
		},
		"bomb":            {"helmCharts: [{name: show, valuesFile: v.yaml, valuesInline: {a: b}}]\n", map[string]string{"k/v.yaml": bomb()}, "expands to more than"},
		"generator built": {"generators: [g]\n", map[string]string{"k/g/kustomization.yaml": "resources: [g.yaml]\n", "k/g/g.yaml": "apiVersion: builtin\nkind: HelmChartInflationGenerator\nmetadata: {name: g}\nname: show\n"}, "which is not followed"},
		"two namespaces": {
			"resources: [a, b]\n", map[string]string{
				"k/a/kustomization.yaml": "namespace: a\nnamePrefix: a-\nresources: [../base]\n", "k/b/kustomization.yaml": "namespace: b\nnamePrefix: b-\nresources: [../base]\n",
				"k/base/kustomization.yaml": "helmGlobals: {chartHome: ../charts}\nhelmCharts: [{name: show, releaseName: rel}]\n",
			}, `for namespace "a" and for namespace "b"`,
		},
		"inherited namespace": {
			"namespace: up\nresources: [base]\n", map[string]string{
				"k/base/kustomization.yaml": "helmGlobals: {chartHome: ../charts}\nhelmCharts: [{name: show, releaseName: rel, skipHooks: true}]\n",
			}, "up/rel default default",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			files := inflatable("k/charts/show", tc.more)
			files["k/kustomization.yaml"] = tc.kustomization
			r, err := Render(t.Context(), tree(t, files), Unit{ID: "k", Kind: KindKustomize, Path: "k"}, Options{})
			got := ""
			if err != nil {
				got = err.Error()
				if e := asError(err); e != nil && e.Hint != "" {
					got += "; hint: " + e.Hint
				}
				if strings.Contains(got, tc.want) {
					return
				}
			} else {
				got = objectLines(r)
			}
			if diff := cmp.Diff(sortedWords(tc.want), sortedWords(got)); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
		})
	}
}

func sortedWords(s string) []string {
	out := strings.Split(s, "; ")
	sort.Strings(out)
	return out
}

func objectLines(r *Rendered) string {
	var out []string
	for _, o := range r.Objects {
		line := doc.Text(o.Manifest, "metadata", "name")
		if ns := doc.Text(o.Manifest, "metadata", "namespace"); ns != "" {
			line = ns + "/" + line
		}
		for _, p := range []source.Path{{"data", "v"}, {"data", "w"}, {"metadata", "annotations", "kube"}} {
			if v, ok := doc.Lookup(o.Manifest, p...); ok {
				line += fmt.Sprint(" ", v)
			}
		}
		out = append(out, line)
	}
	return strings.Join(out, "; ")
}

// TestInflatePlaces checks that a field of an inflated chart points to the
// template, its value to where it is set, a patched field to the patch.
func TestInflatePlaces(t *testing.T) {
	files := inflatable("k/charts/show", map[string]string{
		"k/kustomization.yaml": `namePrefix: eu-
helmCharts:
  - name: show
    releaseName: rel
    skipHooks: true
    valuesFile: v.yaml
    valuesInline:
      v: inline
patches:
  - patch: |-
      - {op: add, path: /data/added, value: here}
    target: {kind: ConfigMap}
`,
		"k/v.yaml": "# values\nw: file\n",
	})
	w := tree(t, files)
	r, err := Render(t.Context(), w, kustomizationAt("k"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, p := range []source.Path{{"data", "v"}, {"data", "w"}, {"data", "fixed"}, {"data", "added"}, {"metadata", "name"}} {
		loc := r.Objects[0].Locator.Locate(p)
		text := fmt.Sprintf("%s:%d", loc.File, loc.Line)
		for _, rel := range loc.Related {
			text += fmt.Sprintf(" %s %s:%d", rel.Role, rel.File, rel.Line)
		}
		got[p.String()] = text
	}
	want := map[string]string{
		"data.v":        "k/charts/show/templates/c.yaml:7 values k/kustomization.yaml:8",
		"data.w":        "k/charts/show/templates/c.yaml:8 values k/v.yaml:2",
		"data.fixed":    "k/charts/show/templates/c.yaml:9",
		"data.added":    "k/kustomization.yaml:11",
		"metadata.name": "k/kustomization.yaml:1 definition k/charts/show/templates/c.yaml:4",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	if r.Objects[0].File != "k/charts/show/templates/c.yaml" {
		t.Errorf("file is %s", r.Objects[0].File)
	}
	if _, ok := doc.Lookup(r.Objects[0].Manifest, "metadata", "annotations"); ok {
		t.Error("annotations are left behind")
	}
	for _, name := range []string{"k/charts/show/templates/c.yaml", "k/v.yaml", "k/kustomization.yaml"} {
		if i := sort.SearchStrings(r.Sources, name); i == len(r.Sources) || r.Sources[i] != name {
			t.Errorf("%s is not among the sources %v", name, r.Sources)
		}
	}
}
