package render

import (
	"strings"
	"testing"

	"gate/internal/doc"
	"gate/internal/source"
)

// TestValuesProvenance checks that a rendered value leads to the line of the
// values file that set it.
func TestValuesProvenance(t *testing.T) {
	w := tree(t, map[string]string{
		"c/Chart.yaml": chartYAML,
		"c/values.yaml": `image: {repository: web, tag: one}
replicas: 2
resources:
  limits: {memory: 1Gi, cpu: 2}
extra: "{{ .Release.Name }}-x"
global:
  registry: parent.example.com
security:
  enabled: true
  privileged: true
  runAsUser: 0
low:
  image: overridden
hosts:
  - name: a.example.com
    port: 80
`,
		"c/prod.yaml": "image:\n  tag: two\n",
		"c/eu.yaml":   "image:\n  tag: three\n",
		"c/templates/d.yaml": `apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
  annotations:
    extra: {{ tpl .Values.extra . }}
    missing: {{ .Values.nope | default "fallback" | quote }}
    chosen: {{ .Values.nope | default .Values.image.repository | upper }}
spec:
  replicas: {{ .Values.replicas }}
  template:
    spec:
      containers:
        - name: app
          image: "{{ .Values.image.repository }}:{{ .Values.image.tag }}"
          resources:
            {{- toYaml .Values.resources | nindent 12 }}
          securityContext: {{ include "lib.security" (dict "sc" .Values.security) | nindent 12 }}
          env:
            {{- range .Values.hosts }}
            - name: {{ .name | quote }}
              value: "x"
            {{- end }}
`,
		"c/charts/lib/Chart.yaml":           "apiVersion: v2\nname: lib\ntype: library\nversion: 1.0.0\n",
		"c/charts/lib/templates/_sec.tpl":   `{{- define "lib.security" -}}{{- omit .sc "enabled" | toYaml -}}{{- end -}}`,
		"c/charts/low/Chart.yaml":           "apiVersion: v2\nname: low\nversion: 1.0.0\n",
		"c/charts/low/values.yaml":          "image: default\nown: kept\nglobal:\n  registry: child.example.com\n",
		"c/charts/low/templates/thing.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: low}\ndata:\n  image: {{ .Values.image }}\n  own: {{ .Values.own }}\n  registry: {{ .Values.global.registry }}\n",
	})
	u := chartAt("c")
	u.Release, u.Values = "rel", []string{"c/prod.yaml", "c/eu.yaml"}
	r, err := Render(t.Context(), w, u, Options{})
	if err != nil {
		t.Fatal(err)
	}
	object := map[string]Object{}
	for _, o := range r.Objects {
		object[doc.Text(o.Manifest, "metadata", "name")] = o
	}
	container := func(p ...any) source.Path {
		return append(source.Path{"spec", "template", "spec", "containers", 0}, p...)
	}
	note := func(key string) source.Path { return source.Path{"metadata", "annotations", key} }
	for _, tc := range []struct {
		object string
		path   source.Path
		want   []string
	}{
		{"web", note("extra"), []string{"c/values.yaml:5:1"}},
		{"web", note("missing"), nil},
		{"web", note("chosen"), []string{"c/values.yaml:1:9"}},
		{"web", source.Path{"spec", "replicas"}, []string{"c/values.yaml:2:1"}},
		{"web", container("image"), []string{"c/values.yaml:1:9", "c/eu.yaml:2:3"}},
		{"web", container("resources", "limits", "memory"), []string{"c/values.yaml:4:12"}},
		{"web", container("resources", "limits", "cpu"), []string{"c/values.yaml:4:25"}},
		{"web", container("securityContext", "privileged"), []string{"c/values.yaml:10:3"}},
		{"web", container("securityContext", "runAsUser"), []string{"c/values.yaml:11:3"}},
		{"web", container("env", 0, "name"), []string{"c/values.yaml:15:5"}},
		{"web", container("env", 0, "value"), nil},
		{"low", source.Path{"data", "image"}, []string{"c/values.yaml:13:3"}},
		{"low", source.Path{"data", "own"}, []string{"c/charts/low/values.yaml:2:1"}},
		{"low", source.Path{"data", "registry"}, []string{"c/values.yaml:7:3"}},
	} {
		var got []string
		loc := object[tc.object].Locator.Locate(tc.path)
		if !strings.Contains(loc.File, "/templates/") { // printed whole
			got = append(got, loc.String())
		}
		for _, r := range loc.Related {
			if r.Role == "values" {
				got = append(got, r.String())
			}
		}
		if len(got) != len(tc.want) {
			t.Errorf("%s: values %v, expected %v", tc.path, got, tc.want)
			continue
		}
		for i := range got {
			if got[i] != tc.want[i] {
				t.Errorf("%s: values %v, expected %v", tc.path, got, tc.want)
			}
		}
	}
}
