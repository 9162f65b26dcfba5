package terraform_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gate/internal/ruletest"
)

// onlyPlan names fixtures in which the plan knows what the configuration
// cannot: what exists already, and what is deleted.
var onlyPlan = map[string]bool{
	"static-key-created/near-miss-plan": true,
}

// A fixture with a plan gives the same findings at the same lines when only
// its configuration is read.
func TestPlanAndConfigurationAgree(t *testing.T) {
	t.Parallel()
	rules := filepath.Join("..", "..", "rules")
	fixtures, err := filepath.Glob(filepath.Join(rules, "iac", "*", "testdata", "*-plan*"))
	if err != nil || len(fixtures) < 8 {
		t.Fatalf("%d fixtures with plans, %v", len(fixtures), err)
	}
	for _, f := range fixtures {
		rule := filepath.Base(filepath.Dir(filepath.Dir(f)))
		name := rule + "/" + filepath.Base(f)
		if onlyPlan[name] {
			continue
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			if err := os.CopyFS(dir, os.DirFS(f)); err != nil {
				t.Fatal(err)
			}
			if err := os.Remove(filepath.Join(dir, "plan.json")); err != nil {
				t.Fatal(err)
			}
			faults, err := ruletest.Fixture(t.Context(), os.DirFS(rules), dir, "iac/"+rule)
			if err != nil {
				t.Fatal(err)
			}
			if len(faults) > 0 {
				t.Errorf("without the plan:\n%s", strings.Join(faults, "\n"))
			}
		})
	}
}
