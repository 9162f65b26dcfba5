package deploy

import (
	"testing"

	"gate/internal/doc"
	"gate/internal/source"

	"github.com/google/go-cmp/cmp"
)

// TestOverriding checks which files override sources by their names.
func TestOverriding(t *testing.T) {
	t.Parallel()
	for file, want := range map[string]string{
		"web/.argocd-source.yaml":          "any",
		"web/.argocd-source-web.yaml":      "web",
		".argocd-source-team_web.yaml":     "web",
		"web/.argocd-source-web-eu-1.yaml": "web-eu-1",
		"web/.argocd-source.yml":           "none",
		"web/.argocd-sources.yaml":         "none",
		"web/argocd-source.yaml":           "none",
		"web/x.argocd-source.yaml":         "none",
	} {
		got, ok := overriding(file)
		switch {
		case !ok:
			got = "none"
		case got == "":
			got = "any"
		}
		if got != want {
			t.Errorf("%s: %s, want %s", file, got, want)
		}
	}
}

// TestMisspelt checks which keys Argo CD reads though they are written otherwise.
func TestMisspelt(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"helm: {valuesObject: {Helm: 1, VALUES: 2}}":    "",
		"kustomize: {commonLabels: {Name: web}}":        "",
		"helm: {parameters: [{name: a, value: b}]}":     "",
		"kustomize: {patches: [{target: {kind: Pod}}]}": "",
		"Helm: {}":                     "Helm as helm",
		"helm: {valuesobject: {a: 1}}": "helm.valuesobject as valuesObject",
		"helm: {parameters: [{name: a}, {name: b, VALUE: c}]}": "helm.parameters[1].VALUE as value",
	} {
		docs, err := source.ParseYAML("x", []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		at, meant := misspelt(docs[0].Value, nil)
		got := ""
		if at != nil {
			got = at.String() + " as " + meant
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", text, diff)
		}
	}
}

// TestMergedPatch applies merge patches (RFC 7396, appendix A).
func TestMergedPatch(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ base, patch, want string }{
		{`{a: b}`, `{a: c}`, `{a: c}`},
		{`{a: b}`, `{b: c}`, `{a: b, b: c}`},
		{`{a: b, b: c}`, `{a: null}`, `{b: c}`},
		{`{a: [b]}`, `{a: c}`, `{a: c}`},
		{`{a: c}`, `{a: [b]}`, `{a: [b]}`},
		{`{a: {b: c}}`, `{a: {b: d, c: null}}`, `{a: {b: d}}`},
		{`{a: [{b: c}]}`, `{a: [1]}`, `{a: [1]}`},
		{`{}`, `{a: {bb: {ccc: null}}}`, `{a: {bb: {}}}`},
	} {
		var parsed [3]map[string]any
		for i, text := range []string{c.base, c.patch, c.want} {
			docs, err := source.ParseYAML("x", []byte(text))
			if err != nil {
				t.Fatal(err)
			}
			parsed[i] = doc.Map(docs[0].Value)
		}
		if diff := cmp.Diff(parsed[2], mergedPatch(parsed[0], parsed[1])); diff != "" {
			t.Errorf("%s and %s: %s", c.base, c.patch, diff)
		}
	}
}
