package render

import (
	"fmt"
	"testing"

	"gate/internal/source"
)

// What a template prints whole is mended in the values that hold it.
func TestPrintedWhole(t *testing.T) {
	t.Parallel()
	files := map[string]string{
		"c/Chart.yaml":  "apiVersion: v2\nname: c\nversion: 1.0.0\n",
		"c/values.yaml": "list:\n  - name: web\n    image: nginx:1\n    resources: {}\n  - name: side\n    image: nginx:2\nresources: {}\nlimits: {cpu: 1}\nargs: []\none: nginx:3\nextra:\n  image: nginx:4\n",
		"c/templates/p.yaml": `apiVersion: v1
kind: Pod
metadata: {name: p}
spec:
  containers:
    {{- toYaml .Values.list | nindent 4 }}
    - name: own
      image: {{ .Values.one }}
      resources:
        {{- toYaml .Values.resources | nindent 8 }}
    - name: inline
      args: {{ toYaml .Values.args }}
      resources: {{ .Values.resources | toJson }}
    - name: full
      resources: {{ .Values.limits | toJson }}
    - name: literal
      resources: {}
    -
      {{- with .Values.extra }}
      {{- toYaml . | nindent 6 }}
      {{- end }}
`,
	}
	r, err := one(t, files, Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		path source.Path
		want string
	}{
		{source.Path{0, "image"}, "c/values.yaml:3"},
		{source.Path{0, "resources"}, "c/values.yaml:4"},
		{source.Path{0, "resources", "limits", "cpu"}, "c/values.yaml:4"},
		{source.Path{1, "image"}, "c/values.yaml:6"},
		{source.Path{2, "image"}, "c/templates/p.yaml:8"},
		{source.Path{2, "resources"}, "c/values.yaml:7"},
		{source.Path{2, "resources", "limits"}, "c/values.yaml:7"},
		{source.Path{3, "args"}, "c/values.yaml:9"},
		{source.Path{3, "resources"}, "c/values.yaml:7"},
		{source.Path{4, "resources"}, "c/templates/p.yaml:15"},
		{source.Path{5, "resources"}, "c/templates/p.yaml:17"},
		{source.Path{5, "resources", "limits"}, "c/templates/p.yaml:17"},
		{source.Path{6, "image"}, "c/values.yaml:12"},
	} {
		loc := r.Objects[0].Locator.Locate(append(source.Path{"spec", "containers"}, c.path...))
		if got := fmt.Sprintf("%s:%d", loc.File, loc.Line); got != c.want {
			t.Errorf("%v: at %s, want %s", c.path, got, c.want)
		}
	}
}
