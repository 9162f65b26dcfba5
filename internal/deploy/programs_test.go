package deploy

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"gate/internal/config"
	"gate/internal/discover"
	"gate/internal/doc"
	"gate/internal/render"
	"gate/internal/source/sourcetest"

	"github.com/google/go-cmp/cmp"
)

// rendered are the objects of a tree with their places, and the faults.
func rendered(t *testing.T, tree sourcetest.Tree, cfg *config.Config, opts render.Options) []string {
	t.Helper()
	inv, err := discover.Collect(t.Context(), tree, discover.Options{})
	if err != nil {
		t.Fatal(err)
	}
	found := Tree(context.Background(), tree, inv, cfg, opts, nil)
	outs, ledger := found.Outcomes, found.Ledger
	var out []string
	for _, o := range outs {
		if o.Err != nil {
			out = append(out, fmt.Sprintf("%s: %v", o.Unit.ID, o.Err))
			continue
		}
		for _, err := range o.Rendered.Faults {
			out = append(out, fmt.Sprintf("%s: fault: %v", o.Unit.ID, err))
		}
		for _, obj := range o.Rendered.Objects {
			l := obj.Locator.Locate([]any{"spec", "replicas"})
			line := fmt.Sprintf("%s: %s/%s at %s, replicas at %s", o.Unit.ID, obj.Manifest["kind"], doc.Text(obj.Manifest, "metadata", "name"), obj.Place, l.Position)
			for _, r := range l.Related {
				line += fmt.Sprintf(" (%s)", r.Position)
			}
			out = append(out, line)
		}
	}
	for _, e := range ledger {
		if e.State != "not-applicable" {
			out = append(out, fmt.Sprintf("%s %s: %s", e.State, e.ID, e.Reason))
		}
	}
	return out
}

const jsonnetApplication = `apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {name: web}
spec:
  project: shop
  source:
    repoURL: https://example.com/repo
    path: app
    directory:
      recurse: true
      exclude: '{skip/*}'
      jsonnet:
        libs: [vendor]
        extVars:
          - {name: name, value: $ARGOCD_APP_NAME-$ARGOCD_APP_PROJECT_NAME}
        tlas:
          - {name: replicas, value: "3", code: true}
  destination: {namespace: web}
`

func TestJsonnetOfApplication(t *testing.T) {
	t.Parallel()
	tree := sourcetest.Tree{
		"argo/app.yaml":        jsonnetApplication,
		"app/main.jsonnet":     "local k = import 'k.libsonnet';\nfunction(replicas=1) [\n  k.deployment(std.extVar('name'), replicas),\n  { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'c' } },\n]\n",
		"app/sub/app.jsonnet":  "function(replicas) {\n  apiVersion: 'argoproj.io/v1alpha1', kind: 'Application', metadata: { name: 'child' },\n  spec: { source: { path: 'child' } },\n}\n",
		"app/plain.yaml":       "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\n",
		"app/skip/bad.jsonnet": "error 'never'",
		"app/lib.libsonnet":    "error 'never'",
		"vendor/k.libsonnet":   "{\n  deployment(name, replicas):: {\n    apiVersion: 'apps/v1',\n    kind: 'Deployment',\n    metadata: { name: name },\n    spec: { replicas: replicas },\n  },\n}\n",
		"child/pod.yaml":       "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\n",
	}
	want := []string{
		"manifests:app: Deployment/web-shop at app/main.jsonnet:3:3, replicas at argo/app.yaml:17:30 (vendor/k.libsonnet:6:13) (argo/app.yaml:1:1)",
		"manifests:app: ConfigMap/c at app/main.jsonnet:4:3, replicas at app/main.jsonnet:4:3 (argo/app.yaml:1:1)",
		"manifests:app: Secret/s at app/plain.yaml:1:1, replicas at app/plain.yaml:1:1",
		"manifests:app: Application/child at app/sub/app.jsonnet:1:20, replicas at app/sub/app.jsonnet:3:3 (argo/app.yaml:1:1)",
		"manifests:argo: Application/web at argo/app.yaml:1:1, replicas at argo/app.yaml:4:1",
		"manifests:child: Pod/p at child/pod.yaml:1:1, replicas at child/pod.yaml:1:1",
	}
	if diff := cmp.Diff(want, rendered(t, tree, nil, render.Options{})); diff != "" {
		t.Error(diff)
	}
}

func TestProgramsOfConfiguration(t *testing.T) {
	t.Parallel()
	tree := sourcetest.Tree{
		"apps/web.jsonnet":  "function(n) { deployments: { web: { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'web' },\n  spec: { replicas: n } } }, note: 'x' }",
		"apps/none.jsonnet": "{ note: 'x' }",
		"apps/half.jsonnet": "{ a: {\n  kind: 'Pod', metadata: { name: 'x' } } }",
		"c/a.cue":           "package c\n\nenv: string @tag(env)\n\nobjects: [{\n\tapiVersion: \"apps/v1\"\n\tkind:       \"Deployment\"\n\tmetadata: name: \"c-\\(env)\"\n\tspec: replicas: 2\n}]\n",
		"unnamed.jsonnet":   "error 'never'",
	}
	cfg := &config.Config{Units: []config.Unit{
		{Jsonnet: "apps/web.jsonnet", TLACode: map[string]string{"n": "3"}, Environment: "prod"},
		{Jsonnet: "apps/web.jsonnet", TLACode: map[string]string{"n": "1"}, Environment: "dev"},
		{Jsonnet: "./apps/none.jsonnet"},
		{Jsonnet: "apps/half.jsonnet"},
		{Jsonnet: "apps/missing.jsonnet"},
		{CUE: "c/", Expression: "objects", Tags: map[string]string{"env": "prod"}},
	}}
	want := []string{
		"cue:c: Deployment/c-prod at c/a.cue:5:11, replicas at c/a.cue:9:18",
		"jsonnet:apps/half.jsonnet: apps/half.jsonnet:1:3: a has no apiVersion or kind",
		"jsonnet:apps/none.jsonnet: apps/none.jsonnet:1:1: the program yields no Kubernetes object",
		"jsonnet:apps/web.jsonnet@dev: Deployment/web at apps/web.jsonnet:1:30, replicas at apps/web.jsonnet:2:11",
		"jsonnet:apps/web.jsonnet@prod: Deployment/web at apps/web.jsonnet:1:30, replicas at apps/web.jsonnet:2:11",
		`failed jsonnet:apps/missing.jsonnet: the configuration names "apps/missing.jsonnet", but it is not in the tree`,
	}
	if diff := cmp.Diff(want, rendered(t, tree, cfg, render.Options{})); diff != "" {
		t.Error(diff)
	}
}

func TestJsonnetFaults(t *testing.T) {
	t.Parallel()
	application := func(jsonnet string) string {
		return "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: web}\nspec:\n  source:\n    path: app\n    directory:\n      jsonnet: " + jsonnet + "\n"
	}
	for _, tt := range []struct {
		name, options, program string
		want                   string
	}{
		{"an import that leaves the tree", "{}", "{ a: importstr '../../../etc/passwd' }", `manifests:app: fault: app/main.jsonnet:1:6: import "../../../etc/passwd" leaves the repository`},
		{"a library that leaves the tree", "{libs: [../x]}", "{}", `manifests:app: argo.yaml:8:24: library "../x" leaves the repository`},
		{"a revision that only a sync knows", "{tlas: [{name: r, value: $ARGOCD_APP_REVISION}]}", "{}", "manifests:app: argo.yaml:8:24: ARGOCD_APP_REVISION is known only to Argo CD"},
		{"no object", "{}", "{ a: { apiVersion: 'v1', kind: 'Pod' } }", "manifests:app: fault: app/main.jsonnet:1:1: the program has no apiVersion or kind"},
		{"a list in a list", "{}", "[\n  [{ apiVersion: 'v1', kind: 'Pod' }],\n]", "manifests:app: fault: app/main.jsonnet:2:3: [0] has no apiVersion or kind"},
		{"too large", "{}", "{ apiVersion: 'v1', kind: 'ConfigMap', data: { a: std.repeat('x', 5000) } }", "manifests:app: fault: app/main.jsonnet: Jsonnet yields"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := rendered(t, sourcetest.Tree{"argo.yaml": application(tt.options), "app/main.jsonnet": tt.program}, nil, render.Options{Limits: render.Limits{OutputBytes: 4000}})
			if len(got) == 0 || !strings.HasPrefix(got[len(got)-1], tt.want) && !strings.HasPrefix(got[0], tt.want) {
				t.Errorf("got %q\nwant %s", got, tt.want)
			}
		})
	}
}
