package deploy

import (
	"crypto/sha256"
	"fmt"
	"hash/crc32"
	"io"
	"maps"
	"path/filepath"
	"slices"
	"testing"

	"gate/internal/discover"
	"gate/internal/render"
)

// TestDeterminism renders a part of the reference repository and a tree with what it
// lacks ten times each, with two and with sixteen workers: the units, their
// objects, notes and digests are the same, and of the small tree all places.
func TestDeterminism(t *testing.T) {
	more := postFiles(postRelease)
	for k, v := range map[string]string{
		"k/charts/show/Chart.yaml":             "apiVersion: v2\nname: show\nversion: 1.2.3\n",
		"k/charts/show/values.yaml":            "v: default\nw: default\nimage: a:1\n",
		"k/charts/show/templates/c.yaml":       "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {{ .Release.Name }}\n  namespace: {{ .Release.Namespace }}\ndata:\n  v: {{ .Values.v | quote }}\n  w: {{ .Values.w | quote }}\n  fixed: text\n",
		"k/charts/show/templates/hook.yaml":    "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: hook, annotations: {helm.sh/hook: pre-install}}\n",
		"k/charts/show/templates/test.yaml":    "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: check, annotations: {helm.sh/hook: test}}\n",
		"k/charts/show/templates/version.yaml": "{{ if .Capabilities.APIVersions.Has \"x.io/v1\" }}\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: has-api, annotations: {kube: {{ .Capabilities.KubeVersion.Version | quote }}}}\n{{ end }}\n",
		"k/charts/show/crds/crd.yaml":          "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: xs.x.io}\nspec: {group: x.io, names: {kind: X}, scope: Cluster}\n",
		"k/kustomization.yaml":                 "namePrefix: eu-\nhelmCharts:\n- {name: show, releaseName: a, includeCRDs: true, valuesInline: {v: x}}\n- {name: show, nameTemplate: '{{ randAlpha 5 | lower }}', skipHooks: true}\nconfigMapGenerator: [{name: g, literals: [a=b]}]\npatches:\n- {target: {name: none}, patch: '[{\"op\": \"add\", \"path\": \"/data\", \"value\": {}}]'}\n",
		"random/Chart.yaml":                    chartYAML,
		"random/templates/a.yaml":              "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData: {p: {{ randAlphaNum 20 }}, c: {{ (genCA \"x\" 3).Cert | b64enc }}}\n",
		"random/templates/b.yaml":              "{{ if .Capabilities.APIVersions.Has \"x/v1\" }}\nkind: X\n{{ end }}",
		"broken/kustomization.yaml":            "resources: [https://example.com/x.yaml]\n",
	} {
		more[k] = v
	}
	for name, dir := range map[string]string{"platform": filepath.Join("..", "..", "fixtures", "platform"), "more": write(t, more)} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, err := discover.Open(t.Context(), dir, nil)
			if err != nil {
				t.Fatal(err)
			}
			defer w.Close()
			inv, err := discover.Collect(t.Context(), w, discover.Options{})
			if err != nil {
				t.Fatal(err)
			}
			first := ""
			for i := range 10 {
				got := fingerprint(t, w, inv, []int{2, 16}[i%2], name == "more")
				if first == "" {
					first = got
				}
				if got != first {
					t.Fatalf("run %d differs", i+1)
				}
			}
		})
	}
}

// fingerprint is a digest of everything that rendering a directory gives;
// all includes where each field comes from, which renders charts once more.
func fingerprint(t *testing.T, w *discover.Work, inv *discover.Inventory, workers int, all bool) string {
	t.Helper()
	// Of the reference repository every eighth path: it takes four seconds.
	keep := func(u render.Unit) bool { return all || crc32.ChecksumIEEE([]byte(u.Path))%8 == 0 }
	found := Tree(t.Context(), w, inv, nil, render.Options{Workers: workers}, keep)
	outs, ledger := found.Outcomes, found.Ledger
	if len(outs) == 0 {
		t.Fatal("nothing is rendered")
	}
	h := sha256.New()
	for _, o := range outs {
		fmt.Fprintf(h, "%s %v\n", o.Unit.ID, o.Err)
		if o.Rendered == nil {
			continue
		}
		fmt.Fprintf(h, "%s %s %v %v %v\n", o.Rendered.Digest, o.Rendered.Closure, o.Rendered.SeededBy, o.Rendered.Placeholders, o.Rendered.Notes)
		for _, obj := range o.Rendered.Objects {
			fmt.Fprintf(h, "%s %v\n", obj.File, obj.Place)
			if all {
				writePlaces(h, obj, obj.Manifest, nil)
			}
		}
	}
	fmt.Fprintf(h, "%v\n", ledger)
	return fmt.Sprintf("%x", h.Sum(nil))
}

// writePlaces writes where each field of an object comes from.
func writePlaces(out io.Writer, obj render.Object, v any, at []any) {
	fmt.Fprintln(out, obj.Locator.Locate(at))
	switch v := v.(type) {
	case map[string]any:
		for _, k := range slices.Sorted(maps.Keys(v)) {
			writePlaces(out, obj, v[k], append(at[:len(at):len(at)], k))
		}
	case []any:
		for i, e := range v {
			writePlaces(out, obj, e, append(at[:len(at):len(at)], i))
		}
	}
}
