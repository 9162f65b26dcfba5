package deploy

import (
	"fmt"
	"strings"
	"testing"

	"gate/internal/config"
	"gate/internal/discover"
	"gate/internal/doc"
	"gate/internal/facts"
	"gate/internal/render"

	"github.com/google/go-cmp/cmp"
)

// Of keys that stand twice in values Helm takes the last, wherever the values
// stand; both places are told.
func TestRepeatedValues(t *testing.T) {
	t.Parallel()
	chart := map[string]string{
		"charts/show/Chart.yaml": "apiVersion: v2\nname: show\nversion: 1.0.0\n", "charts/show/values.yaml": "v: default\nnum: 1\n",
		"charts/show/templates/c.yaml": showChart,
	}
	const fromMap = helmHead + "  chart: {spec: {chart: ./charts/show, sourceRef: {kind: GitRepository, name: repo}}}\n  valuesFrom: [{kind: ConfigMap, name: vals}]\n" +
		"---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: vals, namespace: apps}\ndata:\n  values.yaml: "
	for name, c := range map[string]struct {
		files map[string]string
		want  string // the value and the places, or the error
	}{
		"a block of an Application": {
			map[string]string{"app.yaml": argoHead + "  source:\n    repoURL: x\n    path: charts/show\n    helm:\n      values: |\n        v: one\n        num: 2\n        v: two\n"},
			"two v app.yaml:10 app.yaml:12",
		},
		"a quoted text of an Application": {
			map[string]string{"app.yaml": argoHead + "  source:\n    repoURL: x\n    path: charts/show\n    helm:\n      values: \"v: one\\nv: two\"\n"},
			"two v app.yaml:9:7~ app.yaml:9:7~",
		},
		"an ApplicationSet": {
			map[string]string{"app.yaml": setHead + "  generators: [{list: {elements: [{m: a}]}}]\n  template:\n    metadata: {name: '{{m}}'}\n    spec:\n      source:\n        repoURL: x\n        path: charts/show\n        helm:\n          values: |\n            v: one\n            v: two-{{m}}\n"},
			"two-a v app.yaml:14 app.yaml:15",
		},
		"a key of a ConfigMap": {map[string]string{"rel.yaml": fromMap + "|\n    v: one\n    v: two\n"}, "two v rel.yaml:13 rel.yaml:14"},
		"a value file": {
			map[string]string{
				"app.yaml": argoHead + "  source: {repoURL: x, path: charts/show, helm: {valueFiles: [/env/prod.yaml]}}\n", "env/prod.yaml": "v: one\nl: [a, a]\nv: two\nv: three\n",
			},
			"three v env/prod.yaml:1:1 env/prod.yaml:4:1",
		},
		"a value file that holds objects": {
			map[string]string{
				"app.yaml":      argoHead + "  source: {repoURL: x, path: charts/show, helm: {valueFiles: [/env/prod.yaml]}}\n",
				"env/prod.yaml": "v: one\nextra:\n  - apiVersion: v1\n    kind: ConfigMap\nv: two\n",
			},
			"two v env/prod.yaml:1:1 env/prod.yaml:5:1",
		},
		"the values of the chart": {
			map[string]string{"app.yaml": argoHead + "  source: {repoURL: x, path: charts/show}\n", "charts/show/values.yaml": "v: one\nv: two\n"},
			"two v charts/show/values.yaml:1:1 charts/show/values.yaml:2:1",
		},
		"a mapping is replaced whole": {
			map[string]string{"app.yaml": argoHead + "  source: {repoURL: x, path: charts/show}\n", "charts/show/values.yaml": "v: one\nm: {v: 1, v: 2}\nm: {}\n"},
			"one m charts/show/values.yaml:2:1 charts/show/values.yaml:3:1; m.v charts/show/values.yaml:2:5 charts/show/values.yaml:2:11",
		},
		"Argo CD takes the last of rendered keys": {
			map[string]string{"app.yaml": argoHead + "  source: {repoURL: x, path: charts/show}\n", "charts/show/templates/c.yaml": showChart + "data: {v: again}\n"},
			"again data",
		},
		"Argo CD takes the last of the keys of a file": {
			map[string]string{
				"app.yaml":     argoHead + "  source: {repoURL: x, path: plain}\n",
				"plain/c.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata:\n  v: one\n  v: two\n",
			},
			"two data.v",
		},
		"Helm takes the last of the keys of a Chart.yaml": {
			map[string]string{
				"app.yaml": argoHead + "  source: {repoURL: x, path: charts/show}\n", "charts/show/Chart.yaml": "apiVersion: v2\nname: other\nname: show\nversion: 1.0.0\n",
			},
			"default name charts/show/Chart.yaml:2:1 charts/show/Chart.yaml:3:1",
		},
		"Flux refuses rendered keys": {
			map[string]string{"rel.yaml": fromMap + "'{}'\n", "charts/show/templates/c.yaml": showChart + "data: {v: again}\n"},
			`charts/show/templates/c.yaml:5:1: rendered text: key "data" is already defined in this mapping (rendered line 5: "data: …")`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			files := map[string]string{}
			for _, m := range []map[string]string{chart, c.files} {
				for k, v := range m {
					files[k] = v
				}
			}
			w := tree(t, files)
			inv, err := discover.Collect(t.Context(), w, discover.Options{})
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			found := Tree(t.Context(), w, inv, &config.Config{}, render.Options{}, nil)
			outs := found.Outcomes
			for _, o := range outs {
				if o.Unit.Controller != "" {
					got = append(got, repeatsOf(o))
				}
			}
			for _, e := range inv.Ledger {
				if e.State == facts.Failed {
					t.Errorf("%s: %s", e.ID, e.Reason)
				}
			}
			if diff := cmp.Diff([]string{c.want}, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func repeatsOf(o render.Outcome) string {
	if o.Err != nil {
		return o.Err.Error()
	}
	var places []string
	for _, r := range o.Rendered.Repeats {
		text := r.Path.String()
		for _, p := range []interface{ String() string }{r.First, r.Last} {
			text += " " + p.String()
		}
		if r.First.Approximate {
			text = strings.ReplaceAll(text, ":7", ":7~")
		}
		places = append(places, text)
	}
	for _, obj := range o.Rendered.Objects {
		for _, p := range obj.Repeats {
			places = append(places, p.String())
		}
	}
	return fmt.Sprint(doc.At(o.Rendered.Objects[0].Manifest, "data", "v"), " ", strings.Join(places, "; "))
}
