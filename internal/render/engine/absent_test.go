package engine

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"helm.sh/helm/v3/pkg/chart"
	"helm.sh/helm/v3/pkg/chartutil"
	helm "helm.sh/helm/v3/pkg/engine"
)

// TestAbsent checks what is told about text that is left out because of the
// cluster, and that the output is Helm's all the same.
func TestAbsent(t *testing.T) {
	object := "apiVersion: v1\nkind: X\n"
	for name, tc := range map[string]struct {
		text string
		want []Absent
	}{
		"API in the condition":  {"{{- if .Capabilities.APIVersions.Has \"x/v1\" }}\n" + object + "{{- end }}\n", []Absent{{Line: 1, Asked: []string{"API x/v1"}}}},
		"served API":            {"{{- if .Capabilities.APIVersions.Has \"apps/v1\" }}\n" + object + "{{- end }}\n", nil},
		"no question asked":     {"{{- if and .Values.no (.Capabilities.APIVersions.Has \"x/v1\") }}\n" + object + "{{- end }}\n", nil},
		"asked after a value":   {"# text\n{{- if and .Values.yes ($.Capabilities.APIVersions.Has \"x/v1\") }}\n" + object + "{{- end }}\n", []Absent{{Line: 2, Asked: []string{"API x/v1"}}}},
		"in an else branch":     {"{{- if .Capabilities.APIVersions.Has \"x/v1\" }}\n" + object + "{{- else }}\nkind: Y\n{{- end }}\n", nil},
		"else without object":   {"{{- if .Capabilities.APIVersions.Has \"x/v1\" }}\n" + object + "{{- else }}\na: {{ .Values.yes }}\n{{- end }}\n", []Absent{{Line: 1, Asked: []string{"API x/v1"}}}},
		"lookup":                {"{{- $s := lookup \"v1\" \"Secret\" \"ns\" \"s\" }}{{ if $s }}a: b{{ end }}", []Absent{{Asked: []string{"lookup Secret"}}}},
		"lookup of a field":     {"{{- range (lookup \"v1\" \"Pod\" \"\" \"\").items }}\n" + object + "{{ end }}", []Absent{{Asked: []string{"lookup Pod"}}}},
		"lookup or default":     {"v: {{ (lookup \"v1\" \"Secret\" \"ns\" \"s\").data | default \"x\" }}\n", nil},
		"lookup in a pipeline":  {"v: {{ lookup \"v1\" \"Secret\" \"ns\" \"s\" | default dict | len }}\n", nil},
		"upgrade":               {"{{ if .Release.IsUpgrade }}\n" + object + "{{ end }}", []Absent{{Line: 1, Asked: []string{"upgrade"}}}},
		"upgrade in or":         {"{{ if or .Release.IsUpgrade .Values.no }}\n" + object + "{{ end }}", []Absent{{Line: 1, Asked: []string{"upgrade"}}}},
		"not an upgrade":        {"{{ if not .Release.IsUpgrade }}\n" + object + "{{ end }}", nil},
		"by a partial":          {"{{ if eq (include \"has\" .) \"true\" }}\n" + object + "{{ end }}", []Absent{{Line: 1, Asked: []string{"API y/v1"}}}},
		"by a value alone":      {"{{ if .Values.no }}\n" + object + "{{ end }}{{ if .Values.no }}a{{ end }}", nil},
		"one of two":            {object + "---\n{{ if .Capabilities.APIVersions.Has \"x/v1\" }}\n" + object + "{{ end }}", []Absent{{Line: 4, Asked: []string{"API x/v1"}}}},
		"computed name":         {"{{ range list \"x/v1\" }}{{ if $.Capabilities.APIVersions.Has . }}\n" + object + "{{ end }}{{ end }}", []Absent{{Line: 1, Asked: []string{"API x/v1"}}}},
		"upgrade by a partial":  {"{{ if .Release.IsUpgrade }}\n{{ include \"has\" . }}\n{{ end }}", []Absent{{Line: 1, Asked: []string{"upgrade"}}}},
		"only a part of a file": {"a: b\n{{ if .Release.IsUpgrade }}\n{{ include \"has\" . }}\n{{ end }}", nil},
		"upgrade and values":    {"{{ if and (not .Release.IsUpgrade) .Values.no }}a{{ end }}", nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			build := func() (*chart.Chart, chartutil.Values) {
				c := &chart.Chart{Metadata: &chart.Metadata{Name: "c"}, Templates: []*chart.File{
					{Name: "templates/a.yaml", Data: []byte(tc.text)},
					{Name: "templates/_h.tpl", Data: []byte(`{{ define "has" }}{{ .Capabilities.APIVersions.Has "y/v1" }}{{ end }}`)},
				}}
				vals, err := chartutil.ToRenderValues(c, map[string]any{"yes": true, "no": false}, chartutil.ReleaseOptions{Name: "r", IsInstall: true}, chartutil.DefaultCapabilities)
				if err != nil {
					t.Fatal(err)
				}
				return c, vals
			}
			c, vals := build()
			want, err := helm.Render(c, vals)
			if err != nil {
				t.Fatal(err)
			}
			c, vals = build()
			got, err := Render(t.Context(), c, vals, Options{})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want["c/templates/a.yaml"], got.Files["c/templates/a.yaml"]); diff != "" {
				t.Errorf("-helm +gate\n%s", diff)
			}
			for i := range tc.want {
				tc.want[i].File = "c/templates/a.yaml"
			}
			if diff := cmp.Diff(tc.want, got.Absent); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
		})
	}
}
