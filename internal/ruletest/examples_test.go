package ruletest

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gate/internal/pipeline"
	"gate/internal/policy"
)

// notRun are the rules whose examples cannot be judged as they stand, and why.
var notRun = map[string]string{
	"supply-chain/registry-allowed":  "the allowed registries are a parameter",
	"change/change-freeze":           "the freeze stands in the configuration",
	"iac/provider-version":           "the lock file is a second file",
	"secrets/rotation-metadata":      "the workload is regulated by the configuration",
	"repository/environment-visible": "the environments stand in the configuration",
	"iac/required-tags":              "the tags stand in the configuration",
	"repository/environment-target":  "the environments stand in the configuration",
}

// The examples of the rule pages: before is found, after is not.
func TestExamples(t *testing.T) {
	dir := filepath.Join("..", "..", "rules")
	catalog, err := policy.Load(os.DirFS(dir), nil)
	if err != nil {
		t.Fatal(err)
	}
	compiled, err := catalog.Compiled()
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range catalog.Rules() {
		t.Run(r.ID, func(t *testing.T) {
			t.Parallel()
			if why := notRun[r.ID]; why != "" {
				t.Skip(why)
			}
			if len(r.Needs) > 0 || r.Language != "yaml" && r.Language != "hcl" {
				t.Skipf("the example is %s and needs %v", r.Language, r.Needs)
			}
			for name, text := range map[string]string{"before": r.Before, "after": r.After} {
				got, err := judgeExample(t, dir, r, text, compiled)
				if err != nil {
					t.Errorf("%s: %v", name, err)
					continue
				}
				if found := len(got) > 0; found != (name == "before") {
					t.Errorf("%s: findings %v", name, got)
				}
			}
		})
	}
}

func judgeExample(t *testing.T, dir string, r policy.Rule, text string, compiled *policy.Compiled) ([]string, error) {
	t.Helper()
	tree := t.TempDir()
	file := filepath.Join(tree, exampleFile(r, text))
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return nil, err
	}
	if err := os.WriteFile(file, []byte(text+"\n"), 0o644); err != nil {
		return nil, err
	}
	judged, err := pipeline.Judge(t.Context(), pipeline.Options{Dir: tree, Catalog: os.DirFS(dir), Rules: []string{r.ID}, PolicyRef: pipeline.WorkTree, Compiled: compiled, Now: Now(), Workers: 1})
	if err != nil {
		return nil, err
	}
	var got []string
	for _, res := range judged.Results {
		if res.Verdict == "fail" {
			got = append(got, judged.Locate(res.Subject, res.Path).String()+": "+res.Message)
		}
	}
	return got, nil
}

// exampleFile is where an example would stand.
func exampleFile(r policy.Rule, text string) string {
	switch {
	case r.Language == "hcl":
		return "main.tf"
	case r.Over.Subject == "workflows" || strings.Contains(text, "\njobs:") || strings.HasPrefix(text, "jobs:"):
		return ".github/workflows/example.yml"
	}
	return "example.yaml"
}
