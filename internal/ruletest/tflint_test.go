package ruletest

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"gate/internal/pipeline"

	gocmp "github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"
)

// tflintCase is one case of testdata/tflint.yaml, which explains the fields.
type tflintCase struct {
	From, Name string
	Files      map[string]string
	Params     map[string]any
	Want       [][]int
	File       string
	Differs    string
	Got        [][]int
}

// The verdicts and ranges of tflint-ruleset-terraform, where the gate does not
// differ on purpose.
func TestTFLintCases(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile(filepath.Join("testdata", "tflint.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var cases []tflintCase
	if err := yaml.Unmarshal(data, &cases); err != nil {
		t.Fatal(err)
	}
	if len(cases) != 98 {
		t.Errorf("%d cases, expected 98", len(cases))
	}
	for _, c := range cases {
		t.Run(c.From+"/"+c.Name, func(t *testing.T) {
			t.Parallel()
			want := c.Want
			if c.Differs != "" {
				want = c.Got
			}
			got := tflintRanges(t, c)
			if c.Differs != "" && slices.EqualFunc(got, c.Want, slices.Equal) {
				t.Errorf("it no longer differs: %s", c.Differs)
			}
			if diff := gocmp.Diff(oneLine(want), got); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
		})
	}
}

// tflintRanges judges the files of a case: the ranges of the findings that the
// case is about, sorted.
func tflintRanges(t *testing.T, c tflintCase) [][]int {
	dir := t.TempDir()
	rule, about := "iac/module-source", "modules"
	params := map[string]any{}
	switch c.From {
	case "required_providers":
		rule, about = "iac/provider-version", "requirements"
		params["lockFile"], params["requiredVersion"] = false, false
	case "required_version":
		rule, about = "iac/provider-version", "requiredVersion"
	}
	for name, p := range c.Params {
		params[name] = p
	}
	config, err := yaml.Marshal(map[string]any{"apiVersion": "gate/v1", "rules": map[string]any{rule: map[string]any{"params": params}}})
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{".gate.yaml": string(config)}
	for name, text := range c.Files {
		files[name] = text
	}
	for name, text := range files {
		p := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(p, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	judged, err := pipeline.Judge(t.Context(), pipeline.Options{
		Dir: dir, Tool: "test", PolicyRef: pipeline.WorkTree, Now: Now(), Workers: 1,
		Catalog: os.DirFS(filepath.Join("..", "..", "rules")), Rules: []string{rule},
	})
	if err != nil {
		t.Fatal(err)
	}
	var got [][]int
	for _, res := range judged.Results {
		if len(res.Path) == 0 || res.Path[0] != about {
			continue
		}
		l := judged.Locate(res.Subject, res.Path)
		if c.File != "" && c.Differs == "" && l.File != c.File {
			t.Errorf("stands in %s, expected %s", l.File, c.File)
		}
		got = append(got, []int{l.Line, max(l.Column, 1), l.EndLine, l.EndColumn})
	}
	slices.SortFunc(got, func(a, b []int) int { return cmp.Compare(fmt.Sprint(a), fmt.Sprint(b)) })
	return slices.CompactFunc(got, slices.Equal)
}

// oneLine drops the end of what spans lines or nothing: a region of the gate
// stands on one line, and the start of a file has no width.
func oneLine(ranges [][]int) [][]int {
	var out [][]int
	for _, r := range ranges {
		if r[0] != r[2] || r[1] == r[3] {
			r = []int{r[0], r[1], 0, 0}
		}
		out = append(out, r)
	}
	slices.SortFunc(out, func(a, b []int) int { return cmp.Compare(fmt.Sprint(a), fmt.Sprint(b)) })
	return out
}
