package render

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gate/internal/discover"
	"gate/internal/doc"
	"gate/internal/source"

	"github.com/google/go-cmp/cmp"
)

// tree writes files and opens them; a content "-> x" is a symbolic link to x.
func tree(t testing.TB, files map[string]string) *discover.Work {
	t.Helper()
	w, err := discover.Open(t.Context(), write(t, files), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.Close() })
	return w
}

// write writes files as tree does and returns their directory.
func write(t testing.TB, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range files {
		p := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
			t.Fatal(err)
		}
		var err error
		if target, ok := strings.CutPrefix(content, "-> "); ok {
			err = os.Symlink(target, p)
		} else {
			err = os.WriteFile(p, []byte(content), 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// one renders the chart in c or the kustomization in k.
func one(t testing.TB, files map[string]string, opts Options) (*Rendered, error) {
	t.Helper()
	u := kustomizationAt("k")
	if files["c/Chart.yaml"] != "" {
		u = chartAt("c")
	}
	return Render(t.Context(), tree(t, files), u, opts)
}

func chartAt(dir string) Unit {
	return Unit{ID: "helm:" + dir, Kind: KindHelm, Path: dir, Release: "web", Place: source.Position{File: dir + "/Chart.yaml"}}
}

func kustomizationAt(dir string) Unit {
	return Unit{ID: "kustomize:" + dir, Kind: KindKustomize, Path: dir, Place: source.Position{File: dir + "/kustomization.yaml"}}
}

const (
	chartYAML  = "apiVersion: v2\nname: web\nversion: 1.0.0\n"
	deployment = "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\nspec:\n  template:\n    spec:\n      containers:\n        - name: app\n          image: web:1\n"
)

func TestHelm(t *testing.T) {
	w := tree(t, map[string]string{
		"c/Chart.yaml":              chartYAML + "dependencies:\n- {name: base, version: 1.x, repository: 'file://../base', alias: low}\n- {name: gone, version: 1.x, repository: 'https://example.com', condition: gone.enabled}\n",
		"c/values.yaml":             "image: web\nlow: {greeting: from parent}\ngone: {enabled: false}\n",
		"c/prod.yaml":               "image: web:2\n",
		"c/.helmignore":             "ignored/\n*.bak\n",
		"c/ignored/Chart.yaml":      "nonsense: [",
		"c/templates/x.bak":         "{{ fail \"ignored\" }}",
		"c/templates/_h.tpl":        "{{ define \"name\" }}{{ .Release.Name }}-{{ .Chart.Name }}{{ end }}",
		"c/templates/d.yaml":        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {{ include \"name\" . }}\n  namespace: {{ .Release.Namespace }}\ndata:\n  image: {{ .Values.image }}\n  kube: {{ .Capabilities.KubeVersion.Version }}\n  on: {{ .Capabilities.APIVersions.Has \"example.com/v1\" | quote }}\n  file: {{ .Files.Get \"conf/a.txt\" | quote }}\n",
		"c/templates/test.yaml":     "--- # hook\napiVersion: v1\nkind: Pod\nmetadata:\n  name: probe\n  annotations:\n    helm.sh/hook: test\n---\n\n---\n{{- if .Values.never }}\nkind: x\n{{- end }}\n",
		"c/templates/NOTES.txt":     "thank you {{ .Release.Name }}",
		"c/conf/a.txt":              "content",
		"c/crds/crd.yaml":           "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: things.example.com}\nspec: {group: example.com, scope: Cluster, names: {kind: Thing}}\n",
		"c/charts/gone/Chart.yaml":  "apiVersion: v2\nname: gone\nversion: 1.0.0\n",
		"c/charts/gone/templates/x": "{{ fail \"off\" }}",
		"base/Chart.yaml":           "apiVersion: v2\nname: base\nversion: 1.2.0\n",
		"base/values.yaml":          "greeting: default\n",
		"base/templates/thing.yaml": "apiVersion: example.com/v1\nkind: Thing\nmetadata: {name: t}\nspec: {greeting: {{ .Values.greeting }}}\n",
	})
	u := chartAt("c")
	u.Release, u.Namespace, u.Values, u.KubeVersion, u.APIVersions = "rel", "shop", []string{"c/prod.yaml"}, "1.31", []string{"example.com/v1"}
	r, err := Render(t.Context(), w, u, Options{})
	if err != nil {
		t.Fatal(err)
	}
	var got []any
	for _, o := range r.Objects {
		got = append(got, o.File, o.Hook, o.Manifest)
	}
	want := []any{
		"c/crds/crd.yaml", "", map[string]any{"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
			"metadata": map[string]any{"name": "things.example.com"},
			"spec":     map[string]any{"group": "example.com", "scope": "Cluster", "names": map[string]any{"kind": "Thing"}}},
		"base/templates/thing.yaml", "", map[string]any{"apiVersion": "example.com/v1", "kind": "Thing",
			"metadata": map[string]any{"name": "t"}, "spec": map[string]any{"greeting": "from parent"}},
		"c/templates/d.yaml", "", map[string]any{"apiVersion": "v1", "kind": "ConfigMap",
			"metadata": map[string]any{"name": "rel-web", "namespace": "shop"},
			"data":     map[string]any{"image": "web:2", "kube": "v1.31.0", "true": "true", "file": "content"}},
		"c/templates/test.yaml", "test", map[string]any{"apiVersion": "v1", "kind": "Pod",
			"metadata": map[string]any{"name": "probe", "annotations": map[string]any{"helm.sh/hook": "test"}}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("objects -want +got\n%s", diff)
	}
	wantSources := []string{
		"base/Chart.yaml", "base/templates/thing.yaml", "base/values.yaml", "c/.helmignore", "c/Chart.yaml", "c/charts/gone/Chart.yaml",
		"c/charts/gone/templates/x", "c/conf/a.txt", "c/crds/crd.yaml", "c/prod.yaml", "c/templates/NOTES.txt", "c/templates/_h.tpl",
		"c/templates/d.yaml", "c/templates/test.yaml", "c/values.yaml",
	}
	if diff := cmp.Diff(wantSources, r.Sources); diff != "" {
		t.Errorf("sources -want +got\n%s", diff)
	}
}

// TestFailures checks that what cannot be rendered says where and why.
func TestFailures(t *testing.T) {
	chart := func(more map[string]string) map[string]string {
		out := map[string]string{"c/Chart.yaml": chartYAML}
		for k, v := range more {
			out[k] = v
		}
		return out
	}
	for name, tc := range map[string]struct {
		files map[string]string
		want  string
		hint  string
	}{
		"missing dependency": {chart(map[string]string{"c/Chart.yaml": chartYAML + "dependencies: [{name: redis, version: 1.x, repository: 'https://example.com'}]\n"}),
			"c/Chart.yaml: dependencies are not vendored: redis", "helm dependency build c"},
		"failing template": {chart(map[string]string{"c/templates/a.yaml": "a: 1\nb: {{ fail \"no: luck\" }}\n"}),
			"c/templates/a.yaml:2:7: no: luck", ""},
		"required in an include": {chart(map[string]string{"c/templates/a.yaml": "a: {{ include \"x\" . }}\n", "c/templates/_h.tpl": "\n{{ define \"x\" }}{{ required \"set it\" .Values.it }}{{ end }}"}),
			"c/templates/_h.tpl:2:20: set it (while rendering web/templates/a.yaml)", ""},
		"unknown function": {chart(map[string]string{"c/templates/a.yaml": "\n{{ env \"HOME\" }}"}),
			`c/templates/a.yaml:2: function "env" not defined`, ""},
		"kube version": {chart(map[string]string{"c/Chart.yaml": chartYAML + "kubeVersion: '>=1.99'\n"}),
			"c/Chart.yaml: the chart needs Kubernetes >=1.99, this unit is rendered for v1.33.0", "set kubeVersion of the unit"},
		"no object": {chart(map[string]string{"c/templates/a.yaml": "a: 1\n"}),
			`c/templates/a.yaml`, ""},
		"schema": {chart(map[string]string{"c/values.yaml": "replicas: many\n", "c/values.schema.json": `{"properties": {"replicas": {"type": "integer"}}}`}),
			"c/values.yaml:1:1: values do not fit values.schema.json: replicas is of type string, want integer", "correct the value, or the schema in c/values.schema.json"},
		"schema, secrets": {chart(map[string]string{"c/values.yaml": "a: {pass: hunter2}\nl:\n  - x\n  - hunter3\n", "c/values.schema.json": `{"properties": {"a": {"required": ["b"], "properties": {"pass": {"pattern": "^[a-z]+$"}}}, "l": {"items": {"maxLength": 3}}}, "additionalProperties": false}`}),
			`c/values.yaml:1:1: values do not fit values.schema.json: a lacks "b"; a.pass does not match "^[a-z]+$"; l.1 does not fit maxLength`, "correct the value, or the schema in c/values.schema.json"},
		"schema of a subchart": {chart(map[string]string{"c/values.yaml": "# top\nsub:\n  num: text\n", "c/charts/sub/Chart.yaml": "apiVersion: v2\nname: sub\nversion: 1.0.0\n", "c/charts/sub/values.schema.json": `{"properties": {"num": {"anyOf": [{"type": "integer"}, {"type": "boolean"}]}}}`}),
			"c/values.yaml:3:3: values do not fit values.schema.json: sub.num fits none of the alternatives, or more than one", "correct the value, or the schema in c/charts/sub/values.schema.json"},
		"schema, nothing set": {chart(map[string]string{"c/values.yaml": "# none\n", "c/values.schema.json": `{"required": ["host"]}`}),
			`c/values.yaml:1: values do not fit values.schema.json: lacks "host"`, "correct the value, or the schema in c/values.schema.json"},
		"link to a directory in a chart": {chart(map[string]string{"c/charts/lib": "-> ../../lib", "lib/x.txt": "a"}),
			"c/charts/lib: is a link to a directory, which is not followed", "commit a copy, or name the chart as a file:// dependency"},
		"link out of the tree": {chart(map[string]string{"c/secret": "-> /etc/hostname"}),
			"c/secret: leaves the repository, so it is not read", "copy what it points to into the repository"},
		"endless include": {chart(map[string]string{"c/templates/a.yaml": `{{ define "a" }}{{ include "a" . }}{{ end }}{{ include "a" . }}`}),
			`c/templates/a.yaml:1:20: template "a" includes itself more than 1000 times: limit exceeded`, ""},
		"endless tpl": {chart(map[string]string{"c/values.yaml": "x: '{{ tpl .Values.x . }}'\n", "c/templates/a.yaml": `a: {{ tpl .Values.x . }}`}),
			`c/templates/a.yaml:1:7: tpl is nested more than 100 levels deep: limit exceeded`, ""},
		"gigabyte": {chart(map[string]string{"c/templates/a.yaml": `a: {{ repeat 1000000000 "x" }}`}),
			`c/templates/a.yaml:1:7: a value of more than 16777216 bytes: limit exceeded`, ""},
		"endless loop": {chart(map[string]string{"c/templates/a.yaml": `{{ range until 9999 }}{{ range until 9999 }}{{ range until 9999 }}{{ end }}{{ end }}{{ end }}`}),
			`c/templates/a.yaml`, ""},
		"remote base": {map[string]string{"k/kustomization.yaml": "resources:\n  - https://github.com/acme/base//deploy?ref=v1\n"},
			`k/kustomization.yaml:2:5: "https://github.com/acme/base//deploy?ref=v1" is remote; nothing is fetched`,
			"vendor it: mkdir -p k/vendor && kustomize build 'https://github.com/acme/base//deploy?ref=v1' > k/vendor/deploy.yaml, and name that file instead"},
		"remote file of a generator": {map[string]string{"k/kustomization.yaml": "configMapGenerator:\n- name: a\n  files: [x=HTTP://example.com/a]\n"},
			`k/kustomization.yaml:3:11: "x=HTTP://example.com/a" is remote; nothing is fetched`, "vendor it: mkdir -p k/vendor && kustomize build 'x=HTTP://example.com/a' > k/vendor/a.yaml, and name that file instead"},
		"remote path in a transformer": {map[string]string{"k/kustomization.yaml": "transformers: [t.yaml]\n", "k/t.yaml": "apiVersion: builtin\nkind: PatchTransformer\nmetadata: {name: p}\npath: https://example.com/p.yaml\n"},
			`k/t.yaml:4:1: "https://example.com/p.yaml" is remote; nothing is fetched`, ""},
		"exec plugin": {map[string]string{"k/kustomization.yaml": "generators: [g.yaml]\n", "k/g.yaml": "apiVersion: example.com/v1\nkind: Runner\nmetadata:\n  name: g\n  annotations:\n    config.kubernetes.io/function: |\n      exec: {path: ./evil}\n"},
			`k/g.yaml:1: Runner of example.com/v1 runs a program, which is not done`, "commit what it makes as a resource"},
		"helm charts": {map[string]string{"k/kustomization.yaml": "helmCharts:\n- {name: x, repo: 'https://example.com'}\n"},
			`k/kustomization.yaml:2:4: chart "x" of https://example.com is not in the repository; nothing is fetched`, "vendor it: helm pull x --repo https://example.com --untar --untardir k/charts"},
		"base above the root": {map[string]string{"k/kustomization.yaml": "resources: [../../../etc]\n"},
			`k/kustomization.yaml:1:13: "../../../etc" leaves the repository`, ""},
		"patch above the root": {map[string]string{"k/kustomization.yaml": "resources: [d.yaml]\npatches: [{path: ../../../etc/passwd}]\n", "k/d.yaml": deployment},
			"k/kustomization.yaml: kustomize: ", "a path leaves the repository; copy what it names into it"},
		"missing resource": {map[string]string{"k/kustomization.yaml": "resources: [gone.yaml]\n"},
			`k/kustomization.yaml: resource "gone.yaml" does not exist`, "commit it, or remove the reference"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, err := one(t, tc.files, Options{Limits: Limits{Time: time.Hour}})
			if err == nil {
				t.Fatalf("no error, %d objects", len(r.Objects))
			}
			var e *source.Error
			if !errors.As(err, &e) {
				t.Fatalf("no place: %v", err)
			}
			if got := e.Error(); got != tc.want && !(strings.HasPrefix(got, tc.want) && tc.hint == "" || strings.HasSuffix(tc.want, ": ") && strings.HasPrefix(got, tc.want)) {
				t.Errorf("error %q, expected %q", got, tc.want)
			}
			if e.Hint != tc.hint {
				t.Errorf("hint %q, expected %q", e.Hint, tc.hint)
			}
		})
	}
}

func TestManifests(t *testing.T) {
	w := tree(t, map[string]string{
		"raw/a.yaml": "# top\napiVersion: v1\nkind: List\nitems:\n  - apiVersion: v1\n    kind: ConfigMap\n    metadata: {name: one}\n    data: {a: yes}\n--- # second\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: two\n---\njust: values\n",
		"raw/b.yaml": deployment + "---\nkind: [\n",
	})
	u := Unit{ID: "manifests:raw", Kind: KindManifests, Path: "raw", Files: []string{"raw/a.yaml", "raw/b.yaml"}}
	r, err := Render(t.Context(), w, u, Options{})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, o := range r.Objects {
		got = append(got, doc.Text(o.Manifest, "metadata", "name")+" "+o.Locator.Locate(source.Path{"metadata", "name"}).String())
	}
	want := []string{"one raw/a.yaml:7:16", "two raw/a.yaml:13:3", "web raw/b.yaml:4:3"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("objects -want +got\n%s", diff)
	}
	if r.Objects[0].Manifest["data"].(map[string]any)["a"] != true {
		t.Errorf("a plain yes is a boolean for controllers")
	}
	if r.Skipped != 1 || len(r.Faults) != 1 || !strings.HasPrefix(r.Faults[0].Error(), "raw/b.yaml:") {
		t.Errorf("skipped %d, faults %v", r.Skipped, r.Faults)
	}
}

func TestTimeLimit(t *testing.T) {
	_, err := one(t, map[string]string{
		"c/Chart.yaml":       chartYAML,
		"c/templates/a.yaml": `{{ range until 99999 }}{{ range until 99999 }}{{ end }}{{ end }}`,
	}, Options{Limits: Limits{Time: 50 * time.Millisecond}})
	if err == nil || err.Error() != "c/Chart.yaml: rendering takes longer than 50ms" {
		t.Errorf("error %v", err)
	}
}

func TestObjectLimit(t *testing.T) {
	_, err := one(t, map[string]string{
		"c/Chart.yaml":       chartYAML,
		"c/templates/a.yaml": "{{ range until 50 }}---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: c{{ . }}}\n{{ end }}",
	}, Options{Limits: Limits{Objects: 49}})
	if err == nil || !strings.HasSuffix(err.Error(), "50 objects are rendered, more than the limit of 49") {
		t.Errorf("error %v", err)
	}
}

const configMap = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: plain}\ndata: {a: b}\n"
