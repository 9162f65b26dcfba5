package policy

import (
	"strings"
	"testing"

	"gate/internal/facts"
	"gate/internal/source"

	"github.com/google/go-cmp/cmp"
)

func set(module string) Set {
	return Set{Entry: "team", Modules: map[string][]byte{"policy/main.rego": []byte(module)}}
}

func TestSetJudge(t *testing.T) {
	s := set(`package main

import rego.v1

deny_latest contains msg if {
	endswith(input.image, ":latest")
	msg := sprintf("%s in %s/%s", [input.image, data.conftest.file.dir, data.conftest.file.name])
}

warn contains {"msg": "no owner", "severity": "low"} if not input.owner

exception contains rules if {
	input.legacy
	rules := ["latest"]
}
`)
	docs := []Document{
		{ID: "a", File: "k8s/a.yaml", Value: map[string]any{"image": "x:latest", "owner": "me"}},
		{ID: "b", File: "k8s/b.yaml", Value: map[string]any{"image": "x:1"}},
		{ID: "c", File: "k8s/c.yaml", Value: map[string]any{"image": "x:latest", "owner": "me", "legacy": true}},
	}
	got, rules := s.Judge(t.Context(), docs, Options{})
	want := &Outcome{
		Results: []Result{
			{Rule: "team/main/deny_latest", Subject: "a", Message: "x:latest in /k8s/a.yaml", Level: "deny", Verdict: "fail"},
			{Rule: "team/main/warn", Subject: "b", Message: "no owner", Level: "warn", Verdict: "fail"},
		},
		Ledger: []facts.Entry{
			{Kind: "policy", ID: "team/main", State: facts.Evaluated, Count: 3},
			{Kind: "policy", ID: "team/main/deny_latest", State: facts.Excluded, Reason: "an exception of the package takes k8s/c.yaml out", Place: source.Position{File: "k8s/c.yaml"}},
		},
		Documents: 3,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("outcome (-want +got):\n%s", diff)
	}
	if len(rules) != 2 || rules[0].Effects["prod"] != "deny" || rules[1].Effects["prod"] != "warn" {
		t.Errorf("rules = %+v", rules)
	}
}

func TestSetJudgeCombined(t *testing.T) {
	s := set("package main\n\nimport rego.v1\n\ndeny contains concat(\",\", [f.path | some f in input])\n")
	s.Combine = true
	docs := []Document{{File: "b.yaml", Value: 1}, {File: "a.yaml", Value: 2}, {File: "c.yaml", Value: 3}, {File: "a.yaml", Value: 4}}
	got, _ := s.Judge(t.Context(), docs, Options{})
	if len(got.Results) != 1 || got.Results[0].Message != "a.yaml,a.yaml,b.yaml,c.yaml" {
		t.Errorf("outcome = %+v, want the sorted paths", got)
	}
}

func TestSetFailsClosed(t *testing.T) {
	tests := []struct{ name, module, want string }{
		{"does not parse", "package main\n\ndeny contains", "parse"},
		{"a forbidden function", "package main\n\ndeny contains \"m\" if http.send({\"method\": \"get\", \"url\": \"http://127.0.0.1:1\"})\n", "http.send: refused"},
		{"the environment", "package main\n\ndeny contains \"m\" if opa.runtime().env.PATH\n", "opa.runtime: refused"},
		{"a file", "package main\n\ndeny contains \"m\" if parse_config_file(\"/etc/passwd\")\n", "parse_config_file: refused"},
		{"the reserved package", "package gate.rules.x\n\ndeny contains \"m\" if false\n", "reserved"},
		{"a built-in error", "package main\n\ndeny contains \"m\" if to_number(input.a) > 1\n", "to_number"},
		{"no policies", "", "no policies|empty"},
		{"too much time", "package main\n\ndeny contains \"m\" if {\n\tcount([1 | some i in numbers.range(1, 30000); some j in numbers.range(1, 30000); i == j + 99999]) > 0\n}\n", "steps"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, _ := set(tt.module).Judge(t.Context(), []Document{{ID: "a", File: "a.yaml", Value: map[string]any{"a": "abc"}}}, Options{Steps: 100_000})
			if len(got.Ledger) != 1 || got.Ledger[0].State != facts.Failed || !containsAny(got.Ledger[0].Reason, tt.want) {
				t.Errorf("ledger = %+v, want failed because of %q", got.Ledger, tt.want)
			}
			if strings.Contains(got.Ledger[0].Reason, "gate-policy-") {
				t.Errorf("reason %q names the private directory", got.Ledger[0].Reason)
			}
		})
	}
}

func containsAny(s, words string) bool {
	for _, w := range strings.Split(words, "|") {
		if strings.Contains(s, w) {
			return true
		}
	}
	return false
}
