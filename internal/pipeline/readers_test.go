package pipeline

import (
	"testing"

	"gate/internal/facts"

	"github.com/google/go-cmp/cmp"
)

// TestNameReaders checks that the ledger says of each file that is not judged by
// itself who reads it.
func TestNameReaders(t *testing.T) {
	t.Parallel()
	tree := files("web/Chart.yaml", "apiVersion: v2\nname: web\nversion: 1.0.0", "web/values.yaml", "v: 1", "web/values-other.yaml", "v: 2",
		"web/templates/c.yaml", configMap("web", "{{ .Values.v }}"), "web/templates/_x.tpl", "{{ define \"x\" }}{{ end }}",
		"o/kustomization.yaml", "resources: [c.yaml]\nconfigMapGenerator: [{name: s, files: [s.json]}]", "o/c.yaml", configMap("o", "1"), "o/s.json", "[]",
		"s/main.tf", "variable \"v\" {}", "s/a.auto.tfvars", "v = 1", "s/other.tfvars", "v = 2", "loose.json", "{}", "README.md", "x")
	c := readChange(t, tree, tree, wanted{base: true}, Options{})
	c.nameReaders()
	got := map[string]string{}
	for _, e := range c.record.Ledger {
		if e.Kind == "file" && e.State == facts.NotApplicable {
			got[e.ID] = e.Reader
		}
	}
	want := map[string]string{
		"web/values.yaml": "helm:web", "web/values-other.yaml": "helm:web", "web/templates/c.yaml": "helm:web", "web/templates/_x.tpl": "helm:web",
		"o/s.json": "kustomize:o", "s/other.tfvars": facts.NoReader, "loose.json": facts.NoReader, "README.md": "",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
