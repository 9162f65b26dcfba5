package render

import (
	"context"
	"fmt"
	"testing"

	"gate/internal/source"

	"github.com/google/go-cmp/cmp"
)

// TestHelmMapping checks that every field of a rendered object points to the
// line of the template that a person would change.
func TestHelmMapping(t *testing.T) {
	w := tree(t, map[string]string{
		"c/Chart.yaml":  chartYAML,
		"c/values.yaml": "image:\n  repository: web\n  tag: '1'\nresources:\n  limits:\n    memory: 1Gi\npod:\n  privileged: true\n",
		"c/templates/_helpers.tpl": `{{- define "c.labels" -}}
app: {{ .Release.Name }}
{{ .Values.labelKey | default "team" }}: web
{{- end }}
{{ define "c.container" }}
- name: app
  image: "{{ .Values.image.repository }}:{{ .Values.image.tag }}"
  securityContext:
    {{- toYaml .Values.pod | nindent 4 }}
{{- end }}
`,
		"c/templates/d.yaml": `{{- $name := include "c.labels" . | trunc 3 }}
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ .Release.Name }}
  labels:
    {{- include "c.labels" . | nindent 4 }}
spec:
  {{- if gt (len (include "c.labels" .)) 3 }}
  replicas: 2
  {{- end }}
  template:
    spec:
      hostNetwork: true
      containers: {{ include "c.container" . | nindent 8 }}
          {{- with .Values.resources }}
          resources: {{ toYaml . | nindent 12 }}
          {{- end }}
          env:
            {{- range $i, $e := list "A" "B" }}
            - name: {{ $e }}
              value: {{ $i | quote }}
            {{- end }}
          args: {{ tpl "[\"{{ .Release.Name }}\"]" . }}
---apiVersion: v1
kind: ConfigMap
metadata:
  name: glued
`,
	})
	u := chartAt("c")
	u.Release = "rel"
	r, err := Render(t.Context(), w, u, Options{})
	if err != nil {
		t.Fatal(err)
	}
	const d, h = "c/templates/d.yaml", "c/templates/_helpers.tpl"
	container := source.Path{"spec", "template", "spec", "containers", 0}
	in := func(p ...any) source.Path { return append(container[:5:5], p...) }
	for _, tc := range []struct {
		object int
		path   source.Path
		want   string
	}{
		{0, source.Path{"kind"}, d + ":3:1"},
		{0, source.Path{"metadata", "name"}, d + ":5:3"},
		{0, source.Path{"metadata", "labels", "app"}, h + ":2:1"},
		{0, source.Path{"metadata", "labels", "team"}, h + ":3:4"},
		{0, source.Path{"spec", "replicas"}, d + ":10:3"},
		{0, source.Path{"spec", "template", "spec", "hostNetwork"}, d + ":14:7"},
		{0, in(), h + ":6:3"},
		{0, in("name"), h + ":6:3"},
		{0, in("image"), h + ":7:3"},
		{0, in("securityContext", "privileged"), "c/values.yaml:8:3"},
		{0, in("resources"), d + ":17:11"},
		{0, in("resources", "limits", "memory"), "c/values.yaml:6:5"},
		{0, in("env", 0, "name"), d + ":21:15"},
		{0, in("env", 1, "value"), d + ":22:15"},
		{0, in("args"), d + ":24:11"},
		{1, source.Path{"kind"}, d + ":26:1"},
		{1, source.Path{"metadata", "name"}, d + ":28:3"},
	} {
		loc := r.Objects[tc.object].Locator.Locate(tc.path)
		if loc.String() != tc.want || loc.Approximate {
			t.Errorf("%s: %s (approximate: %v), expected %s", tc.path, loc, loc.Approximate, tc.want)
		}
	}
	loc := r.Objects[0].Locator.Locate(in("livenessProbe"))
	if loc.String() != h+":6:3" || !loc.Approximate {
		t.Errorf("a missing field: %s, expected the container, approximate", loc)
	}
	loc = r.Objects[0].Locator.Locate(in("image"))
	var got []string
	for _, r := range loc.Related {
		got = append(got, r.Role+" "+r.String())
	}
	want := []string{"values c/values.yaml:2:3", "values c/values.yaml:3:3", "definition " + d + ":15:22"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("related places -want +got\n%s", diff)
	}
}

// TestPositionsAfterTheRun checks that a chart is rendered once more for a
// position while the run lasts, and not when it has ended.
func TestPositionsAfterTheRun(t *testing.T) {
	w := tree(t, map[string]string{"c/Chart.yaml": chartYAML, "c/templates/a.yaml": "# top\n" + configMap})
	for _, ended := range []bool{false, true} {
		ctx, cancel := context.WithCancel(t.Context())
		begun := 0
		r, err := Render(ctx, w, chartAt("c"), Options{Started: func(string) func() { begun++; return func() {} }})
		if err != nil {
			t.Fatal(err)
		}
		if ended {
			cancel()
		}
		var got []string
		for range 2 {
			at := r.Objects[0].Locator.Locate(source.Path{"data", "a"})
			got = append(got, fmt.Sprintf("%s %v, rendered %d times", at.Position, at.Approximate, begun))
		}
		cancel()
		want := []string{"c/templates/a.yaml:5:8 false, rendered 2 times", "c/templates/a.yaml:5:8 false, rendered 2 times"}
		if ended {
			want = []string{"c/templates/a.yaml:1 true, rendered 1 times", "c/templates/a.yaml:1 true, rendered 1 times"}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("ended: %v -want +got\n%s", ended, diff)
		}
	}
}
