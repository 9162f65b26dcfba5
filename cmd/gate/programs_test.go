//go:build linux

package main

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"gate/internal/config"
)

// The configurations that the guide shows are understood.
func TestProgramGuide(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../docs/guides/programs-and-charts.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := strings.Split(string(text), "```yaml\n")[1:]
	for _, block := range blocks {
		block, _, _ = strings.Cut(block, "```")
		if _, err := config.Parse("guide", []byte(block)); err != nil {
			t.Error(err)
		}
	}
	if len(blocks) != 3 {
		t.Errorf("%d configurations, want 3", len(blocks))
	}
}

// doublingCUE is a package whose text doubles with each line.
func doublingCUE(lines int) string {
	var b strings.Builder
	b.WriteString("x0: \"sixteen letters.\"\n")
	for i := 1; i < lines; i++ {
		fmt.Fprintf(&b, "x%d: \"\\(x%d)\\(x%d)\"\n", i, i-1, i-1)
	}
	return b.String()
}

// A program that cannot be stopped costs its unit, and nothing else.
func TestProgramBombs(t *testing.T) {
	if testing.Short() {
		t.Skip("slow")
	}
	const application = "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: web}\nspec: {source: {path: app, directory: {recurse: true}}}\n"
	for _, tt := range []struct {
		name  string
		files map[string]string
		want  string
	}{
		{
			name: "Jsonnet that doubles a text",
			files: map[string]string{"argo.yaml": application, "app/m.jsonnet": "local f(s, n) = if n == 0 then s else f(s + s, n - 1);\n" +
				"{ apiVersion: 'v1', kind: 'ConfigMap', data: { a: f('sixteen letters.', 40) } }"},
			want: "manifests:app: the worker died while it was rendered: out of memory (limit 512MiB)",
		},
		{
			name:  "Jsonnet that overflows the parser's stack",
			files: map[string]string{"argo.yaml": application, "app/m.jsonnet": nested("(", "1", ")", 800_000)},
			want:  "manifests:app: the worker died while it was rendered: ",
		},
		{
			name:  "Jsonnet that calls itself",
			files: map[string]string{"argo.yaml": application, "app/m.jsonnet": "local f(n) = f(n + 1) + 1; f(0)"},
			want:  "app/m.jsonnet:1:14: manifests:app: Jsonnet calls are nested more than 500 deep",
		},
		{
			name:  "CUE that doubles a text",
			files: map[string]string{".gate.yaml": "apiVersion: gate/v1\nunits: [{cue: a.cue}]\n", "a.cue": doublingCUE(36)},
			want:  "cue:a.cue: the worker died while it was rendered: out of memory (limit 512MiB)",
		},
		{
			name:  "CUE that overflows the parser's stack",
			files: map[string]string{".gate.yaml": "apiVersion: gate/v1\nunits: [{cue: a.cue}]\n", "a.cue": "x: " + nested("(", "1", ")", 800_000)},
			want:  "cue:a.cue: expression exceeds maximum nesting depth",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tt.files["pod.yaml"] = badPod
			got := finish(t, gate(t, tree(t, tt.files), "check", "--now", "2026-11-23T12:00:00Z", "--policy-ref", "worktree", "--memory", "512MiB"))
			if got.Code != exitDenied {
				t.Errorf("exit code %d, want %d\n%s", got.Code, exitDenied, got.Err)
			}
			for _, want := range []string{tt.want, judgedBeside, "incomplete"} {
				if !strings.Contains(got.Out, want) {
					t.Errorf("the report lacks %q:\n%.3000s", want, got.Out)
				}
			}
		})
	}
}
