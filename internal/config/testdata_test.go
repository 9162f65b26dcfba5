package config

import "testing"

func TestIsTestData(t *testing.T) {
	var none *Config
	for path, want := range map[string]bool{
		"pkg/api/token_test.go":             true,
		"pkg/api/token.go":                  false,
		"pkg/contest.go":                    false,
		"modules/vpc/tests/plan.tftest.hcl": true,
		"app/test_views.py":                 true,
		"app/views_test.py":                 true,
		"app/contest.py":                    false,
		"web/login.spec.ts":                 true,
		"web/login.test.js":                 true,
		"web/test.js":                       false,
		"spec.ts":                           false,
		"spec/models/user_spec.rb":          true,
		"src/test/resources/app.yaml":       true,
		"api/src/test/java/A.java":          true,
		"api/src/tests/A.java":              false,
		"internal/testdata/a.yaml":          true,
		"e2e/a.yaml":                        true,
		"web/__tests__/a.js":                true,
		// A manifest is no program of a test, whatever it is called.
		"apps/smoke_test.yaml":  false,
		"apps/test_pod.yaml":    false,
		"infra/main_test.tf":    false,
		"clusters/test/ns.yaml": false,
		"src/testing/ns.yaml":   false,
	} {
		if got := none.IsTestData(path); got != want {
			t.Errorf("IsTestData(%q) = %v, want %v", path, got, want)
		}
	}
	configured := &Config{APIVersion: "gate/v1", TestData: []string{"qa/**"}}
	if configured.IsTestData("pkg/a_test.go") || !configured.IsTestData("qa/a.yaml") {
		t.Error("a configuration says by itself what test data is")
	}
	// Fixtures of the organisation's own rules are, below what it names alone.
	configured.Policies = []Policy{{Path: "rules/acme/", Style: "catalog"}, {Path: "policy"}, {Path: ".", Style: "catalog"}}
	for path, want := range map[string]bool{
		"rules/acme/registry/testdata":              true,
		"rules/acme/registry/testdata/bad/pod.yaml": true,
		"rules/acme/registry/pod.yaml":              false,
		"rules/acmes/registry/testdata/pod.yaml":    false,
		"policy/testdata/pod.yaml":                  false,
		"apps/testdata/pod.yaml":                    false,
	} {
		if got := configured.IsTestData(path); got != want {
			t.Errorf("IsTestData(%q) = %v, want %v", path, got, want)
		}
	}
}
