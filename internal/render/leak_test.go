package render

import (
	"strings"
	"testing"
)

// TestErrorsShowNoValues checks that what kustomize and Helm say about faulty
// input does not repeat what may be a secret.
func TestErrorsShowNoValues(t *testing.T) {
	const secret = "hunter2-S3cr3t"
	k := func(text string, more ...string) map[string]string {
		out := map[string]string{"k/kustomization.yaml": text, "k/c.yaml": configMap}
		for i := 0; i+1 < len(more); i += 2 {
			out["k/"+more[i]] = more[i+1]
		}
		return out
	}
	for name, files := range map[string]map[string]string{
		"env file, bad UTF-8":     k("secretGenerator: [{name: s, envs: [e.env]}]\n", "e.env", "a="+secret+"\xff\n"),
		"literal":                 k("secretGenerator: [{name: s, literals: ['" + secret + "']}]\n"),
		"literals twice":          k("secretGenerator: [{name: s, literals: ['a=" + secret + "', 'a=" + secret + "']}]\n"),
		"file key":                k("secretGenerator: [{name: s, files: ['a=b=" + secret + "']}]\n"),
		"patch that is no patch":  k("resources: [c.yaml]\npatches:\n- patch: 'password: " + secret + "'\n"),
		"patch that does not fit": k("resources: [c.yaml]\npatches:\n- patch: '[{\"op\": \"replace\", \"path\": \"/no/where\", \"value\": \"" + secret + "\"}]'\n  target: {kind: ConfigMap}\n"),
		"patch with a bad op":     k("resources: [c.yaml]\npatches:\n- patch: '[{\"op\": \"mix\", \"path\": \"/data\", \"value\": \"" + secret + "\"}]'\n  target: {kind: ConfigMap}\n"),
		"patch file":              k("resources: [c.yaml]\npatches: [{path: p.yaml}]\n", "p.yaml", "stringData: {p: "+secret+"}\n"),
		"patch of nobody":         k("resources: [c.yaml]\npatches:\n- patch: |-\n    apiVersion: v1\n    kind: Secret\n    metadata: {name: nobody}\n    stringData: {p: " + secret + "}\n"),
		"resource without a name": k("resources: [s.yaml]\n", "s.yaml", "apiVersion: v1\nkind: Secret\nstringData: {p: "+secret+"}\n"),
		"unreadable resource":     k("resources: [s.yaml]\n", "s.yaml", "apiVersion: v1\nkind: Secret\nstringData: {p: "+secret+"\n"),
		"duplicate resource":      k("resources: [s.yaml, t.yaml]\n", "s.yaml", "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData: {p: "+secret+"}\n", "t.yaml", "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData: {p: "+secret+"}\n"),
		"chart values inline":     k("helmCharts: [{name: show, valuesInline: {p: "+secret+"}}]\n", "charts/show/Chart.yaml", chartYAML, "charts/show/values.schema.json", `{"properties": {"p": {"format": "email", "pattern": "^x"}}}`),
		"chart entry":             k("helmCharts: [{name: show, includeCRDs: " + secret + "}]\n"),
		"rendered text":           {"c/Chart.yaml": chartYAML, "c/values.yaml": "p: '" + secret + ": [x'\n", "c/templates/s.yaml": "apiVersion: v1\nkind: Secret\nstringData:\n  p: {{ .Values.p }}\n"},
		"type of a value":         {"c/Chart.yaml": chartYAML, "c/values.yaml": "p: " + secret + "\n", "c/templates/s.yaml": "a: {{ .Values.p.x }}\n"},
		"function of a value":     {"c/Chart.yaml": chartYAML, "c/values.yaml": "p: " + secret + "\n", "c/templates/s.yaml": "a: {{ b64dec .Values.p | fromYaml | toYaml }}\nb: {{ .Values.p | mustRegexFind \"[\" }}\n"},
		"values are a list":       {"c/Chart.yaml": chartYAML, "c/values.yaml": "- " + secret + "\n"},
		"values are a text":       {"c/Chart.yaml": chartYAML, "c/values.yaml": secret + "\n"},
		"values of a subchart":    {"c/Chart.yaml": chartYAML, "c/values.yaml": "sub: " + secret + "\n", "c/charts/sub/Chart.yaml": strings.Replace(chartYAML, "web", "sub", 1)},
		"text of tpl":             {"c/Chart.yaml": chartYAML, "c/values.yaml": "p: '" + secret + " {{ fail \"x\" }} {{'\n", "c/templates/s.yaml": "a: {{ tpl .Values.p . }}\n"},
		"tpl that fails":          {"c/Chart.yaml": chartYAML, "c/values.yaml": "p: '" + secret + " {{ .Values.no.no }}'\n", "c/templates/s.yaml": "a: {{ tpl .Values.p . }}\n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := tree(t, files)
			u := Unit{ID: "x", Kind: KindKustomize, Path: "k"}
			if _, ok := files["c/Chart.yaml"]; ok {
				u = Unit{ID: "x", Kind: KindHelm, Path: "c", Release: "r"}
			}
			_, err := Render(t.Context(), w, u, Options{})
			if err == nil {
				t.Fatal("no error")
			}
			if strings.Contains(err.Error(), secret) {
				t.Errorf("the error shows the value: %v", err)
			}
		})
	}
}
