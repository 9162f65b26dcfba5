package render

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestPatchNotes checks that a patch that selects nothing is told, and that
// one that selects something under any of its names is not.
func TestPatchNotes(t *testing.T) {
	const target = "patches:\n- patch: '[{\"op\": \"add\", \"path\": \"/data/x\", \"value\": \"y\"}]'\n  target: "
	for name, tc := range map[string]struct {
		kustomization string
		more          map[string]string
		want          string
	}{
		"by kind":               {target + "{kind: ConfigMap}\n", nil, ""},
		"no kind":               {target + "{kind: Deployment}\n", nil, "k/kustomization.yaml:4 the patch changes nothing: target kind Deployment selects no object"},
		"another name":          {target + "{name: plane}\n", nil, "k/kustomization.yaml:4 the patch changes nothing: target name plane selects no object"},
		"by expression":         {target + "{name: pla.*}\n", nil, ""},
		"expression is whole":   {target + "{name: pla}\n", nil, "k/kustomization.yaml:4 the patch changes nothing: target name pla selects no object"},
		"old name":              {"namePrefix: eu-\n" + target + "{name: plain}\n", nil, ""},
		"new namespace":         {"namespace: shop\n" + target + "{namespace: other}\n", nil, "k/kustomization.yaml:5 the patch changes nothing: target namespace other selects no object"},
		"no namespace":          {target + "{namespace: default}\n", nil, ""},
		"another group":         {target + "{group: apps, kind: ConfigMap}\n", nil, "k/kustomization.yaml:4 the patch changes nothing: target group apps, kind ConfigMap selects no object"},
		"labels of the build":   {"commonLabels: {team: a}\n" + target + "{labelSelector: team=a}\n", nil, ""},
		"no such label":         {target + "{labelSelector: team in (a)}\n", nil, "k/kustomization.yaml:4 the patch changes nothing: target labelSelector team in (a) selects no object"},
		"deleted object":        {"patches:\n- patch: '{$patch: delete, apiVersion: v1, kind: ConfigMap, metadata: {name: plain}}'\n  target: {name: plain}\n", nil, ""},
		"generated":             {"configMapGenerator: [{name: gen, literals: [a=b]}]\n" + target + "{name: gen}\n", nil, ""},
		"file that is read":     {"patches:\n- path: p.yaml\n  target: {name: nobody}\n", map[string]string{"k/p.yaml": "- {op: add, path: /data/x, value: y}\n"}, "k/kustomization.yaml:4 the patch changes nothing: target name nobody selects no object"},
		"image that is used":    {"images: [{name: img, newTag: v2}]\n", map[string]string{"k/c.yaml": strings.ReplaceAll(configMap, "a: b", "image: img@sha256:1")}, ""},
		"image of nobody":       {"images: [{name: img, newTag: v2}]\n", nil, `k/kustomization.yaml:2 the entry of images changes nothing: nothing uses image "img"`},
		"longer image name":     {"images: [{name: img, newTag: v2}]\n", map[string]string{"k/c.yaml": strings.ReplaceAll(configMap, "a: b", "image: r.io/img:1")}, `k/kustomization.yaml:2 the entry of images changes nothing: nothing uses image "img"`},
		"replacement":           {"replacements:\n- source: {kind: ConfigMap, name: plain, fieldPath: data.a}\n  targets:\n  - select: {kind: ConfigMap}\n    fieldPaths: [data.a]\n", nil, ""},
		"replacement of nobody": {"replacements:\n- source: {kind: ConfigMap, name: plain, fieldPath: data.a}\n  targets:\n  - select: {kind: Pod}\n    fieldPaths: [data.a]\n", nil, "k/kustomization.yaml:5 the replacement changes nothing: target kind Pod selects no object"},
		"replacement in a file": {"replacements: [{path: r.yaml}]\n", map[string]string{"k/r.yaml": "- source: {kind: ConfigMap, name: plain, fieldPath: data.a}\n  targets: [{select: {kind: Pod}, fieldPaths: [data.a]}]\n"}, "k/r.yaml:2 the replacement changes nothing: target kind Pod selects no object"},
		"of a component, below": {"components: [../c]\n", map[string]string{"c/kustomization.yaml": "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\n" + target + "{kind: Pod}\n"}, "c/kustomization.yaml:5 the patch changes nothing: target kind Pod selects no object"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			files := map[string]string{"k/kustomization.yaml": "resources: [c.yaml]\n" + tc.kustomization, "k/c.yaml": configMap}
			for k, v := range tc.more {
				files[k] = v
			}
			r, err := Render(t.Context(), tree(t, files), Unit{ID: "k", Kind: KindKustomize, Path: "k"}, Options{})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.want, noteLines(r)); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
			for name := range tc.more {
				if !strings.Contains(strings.Join(r.Sources, " "), name) {
					t.Errorf("%s is not among the sources", name)
				}
			}
		})
	}
}

func noteLines(r *Rendered) string {
	var out []string
	for _, n := range r.Notes {
		out = append(out, fmt.Sprintf("%s:%d %s", n.Place.File, n.Place.Line, n.Msg))
	}
	return strings.Join(out, "; ")
}

// TestAbsentNotes checks that a chart says what it leaves out, with the place
// and what would bring it back.
func TestAbsentNotes(t *testing.T) {
	files := map[string]string{
		"c/Chart.yaml":             chartYAML,
		"c/templates/monitor.yaml": "# comment\n{{- if .Capabilities.APIVersions.Has \"monitoring.coreos.com/v1\" }}\napiVersion: monitoring.coreos.com/v1\nkind: ServiceMonitor\nmetadata: {name: m}\n{{- end }}\n",
		"c/templates/secret.yaml":  "{{- if lookup \"v1\" \"Secret\" .Release.Namespace \"s\" }}\nkind: Secret\n{{- end }}\n{{- if .Release.IsUpgrade }}\nkind: Job\n{{- end }}\n",
		"c/templates/c.yaml":       configMap,
	}
	r, err := one(t, files, Options{})
	if err != nil {
		t.Fatal(err)
	}
	want := "c/templates/monitor.yaml:2 an object is left out: the cluster is taken not to serve monitoring.coreos.com/v1; " +
		"c/templates/secret.yaml:1 an object is left out: lookup Secret finds nothing without a cluster; " +
		"c/templates/secret.yaml:4 an object is left out: this is rendered as an installation, not as an upgrade"
	if diff := cmp.Diff(want, noteLines(r)); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	w := tree(t, files)
	u := chartAt("c")
	u.APIVersions = []string{"monitoring.coreos.com/v1"}
	if r, err = Render(t.Context(), w, u, Options{}); err != nil {
		t.Fatal(err)
	}
	if len(r.Notes) != 2 || len(r.Objects) != 2 {
		t.Errorf("%d notes, %d objects, want 2 and 2", len(r.Notes), len(r.Objects))
	}
}
