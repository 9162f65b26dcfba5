package deploy

import (
	"fmt"
	"strings"
	"testing"

	"gate/internal/discover"
	"gate/internal/doc"
	"gate/internal/render"
	"gate/internal/source"

	"github.com/google/go-cmp/cmp"
)

const postRelease = `apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: rel, namespace: apps}
spec:
  chart: {spec: {chart: ./charts/show, sourceRef: {kind: GitRepository, name: x}}}
  postRenderers:
    - kustomize:
        patches:
          - target: {kind: Deployment}
            patch: |
              - op: add
                path: /spec/replicas
                value: 3
          - target: {kind: Deployment}
            patch: '[{"op": "add", "path": "/spec/paused", "value": true}]'
        images:
          - name: web
            newTag: "2"
    - kustomize:
        patchesStrategicMerge:
          - apiVersion: apps/v1
            kind: Deployment
            metadata: {name: rel}
            spec:
              template:
                spec:
                  hostNetwork: true
        patchesJson6902:
          - target: {group: apps, version: v1, kind: Deployment, name: rel}
            patch:
              - op: add
                path: /metadata/labels
                value: {team: web}
`

func postFiles(release string) map[string]string {
	return map[string]string{
		"charts/show/Chart.yaml":  "apiVersion: v2\nname: show\nversion: 1.0.0\n",
		"charts/show/values.yaml": "image: web:1\n",
		"charts/show/templates/d.yaml": `apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ .Release.Name }}
spec:
  template:
    spec:
      containers:
        - name: web
          image: {{ .Values.image }}
          tty: true
`,
		"charts/show/templates/hook.yaml": "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: hook, annotations: {helm.sh/hook: pre-install}}\nspec: {replicas: 1}\n",
		"flux/release.yaml":               release,
	}
}

func renderRelease(t *testing.T, release string) render.Outcome {
	t.Helper()
	w := tree(t, postFiles(release))
	inv, err := discover.Collect(t.Context(), w, discover.Options{})
	if err != nil {
		t.Fatal(err)
	}
	found := Tree(t.Context(), w, inv, nil, render.Options{}, func(u render.Unit) bool { return u.Kind == render.KindHelm })
	outs := found.Outcomes
	if len(outs) != 1 {
		t.Fatalf("%d units, expected one", len(outs))
	}
	return outs[0]
}

// TestPostRenderers checks that post renderers are applied as Flux does, and
// that what they change points to the HelmRelease.
func TestPostRenderers(t *testing.T) {
	o := renderRelease(t, postRelease)
	if o.Err != nil {
		t.Fatal(o.Err)
	}
	got := map[string]string{}
	for _, obj := range o.Rendered.Objects {
		for _, p := range []source.Path{
			{"spec", "replicas"}, {"spec", "paused"}, {"spec", "template", "spec", "hostNetwork"}, {"metadata", "labels", "team"},
			{"spec", "template", "spec", "containers", 0, "image"}, {"spec", "template", "spec", "containers", 0, "tty"},
		} {
			v, ok := doc.Lookup(obj.Manifest, p...)
			if !ok {
				continue
			}
			loc := obj.Locator.Locate(p)
			text := fmt.Sprintf("%v at %s:%d", v, loc.File, loc.Line)
			if loc.Approximate {
				text += " about"
			}
			for _, rel := range loc.Related {
				text += fmt.Sprintf(", %s %s:%d", rel.Role, rel.File, rel.Line)
			}
			got[doc.Text(obj.Manifest, "metadata", "name")+"."+p.String()] = text
		}
	}
	want := map[string]string{
		"hook.spec.replicas":                         "1 at charts/show/templates/hook.yaml:4",
		"rel.spec.replicas":                          "3 at flux/release.yaml:13",
		"rel.spec.paused":                            "true at flux/release.yaml:15",
		"rel.spec.template.spec.hostNetwork":         "true at flux/release.yaml:27",
		"rel.metadata.labels.team":                   "web at flux/release.yaml:33",
		"rel.spec.template.spec.containers[0].image": "web:2 at flux/release.yaml:18, definition charts/show/templates/d.yaml:10",
		"rel.spec.template.spec.containers[0].tty":   "true at charts/show/templates/d.yaml:11",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}

// TestPostRenderersFail checks that what is not understood fails the release.
func TestPostRenderersFail(t *testing.T) {
	head := postRelease[:strings.Index(postRelease, "    - kustomize")]
	for post, want := range map[string]string{
		"    - exec: {command: x}\n":                                                                "flux/release.yaml:7:7: a post renderer that is not kustomize",
		"    - kustomize: {resources: [x]}\n":                                                       `flux/release.yaml:7:19: the post renderer's field "resources" is not understood`,
		"    - kustomize: {patches: [{path: ../../etc}]}\n":                                         "expected patch, a text",
		"    - kustomize: {patchesStrategicMerge: ['https://example.com']}\n":                       "expected a mapping",
		"    - kustomize: {patches: [{patch: '['}]}\n":                                              "flux/release.yaml:7:30: patch cannot be read",
		"    - kustomize: {patches: [{target: {kind: Deployment}, patch: 'kind: [Deployment]'}]}\n": "flux/release.yaml:7:",
	} {
		o := renderRelease(t, head+post)
		if o.Err == nil || !strings.Contains(o.Err.Error(), want) {
			t.Errorf("%s: error %v, want %q", post, o.Err, want)
		}
	}
}
