package repository

import (
	"testing"

	"gate/internal/facts"
	"gate/internal/source"
	"gate/internal/source/sourcetest"

	"github.com/google/go-cmp/cmp"
)

func definition(t *testing.T, path, platform, text string) Definition {
	t.Helper()
	docs, err := source.ParseYAML(path, []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return Definition{Path: path, Platform: platform, Form: "workflow", Docs: docs}
}

func TestGitHubWorkflow(t *testing.T) {
	t.Parallel()
	w, index, ledger := Workflows([]Definition{definition(t, ".github/workflows/a.yml", "github", `
on: push
env: {REGION: eu, DEBUG: true}
jobs:
  plan:
    env: ${{ fromJSON(vars.ENV) }}
    container: {image: x, env: {C: "1"}}
    services: {db: {image: x, env: {D: "${{ secrets['DB_PASSWORD'] }}"}}}
    steps:
    - uses: aws-actions/configure-aws-credentials@v4
      with:
        aws-access-key-id: ${{ secrets.AWS_KEY }}
    - id: two
      run: |
        echo "${{ secrets.TOKEN }}" ${{ format('{0}', secrets.OTHER) }}
  call:
    uses: ./.github/workflows/b.yml
    with: {region: eu}
    secrets: inherit
`)})
	if len(ledger) != 0 || len(w) != 1 {
		t.Fatalf("%v %v", w, ledger)
	}
	want := []facts.WorkflowEntry{
		{Path: []any{"env", "DEBUG"}, Kind: "env", Name: "DEBUG", Value: "true"},
		{Path: []any{"env", "REGION"}, Kind: "env", Name: "REGION", Value: "eu"},
		{Path: []any{"jobs", "call", "with", "region"}, Job: "call", Uses: "./.github/workflows/b.yml", Kind: "with", Name: "region", Value: "eu"},
		{Path: []any{"jobs", "call", "secrets"}, Job: "call", Uses: "./.github/workflows/b.yml", Kind: "secrets", Name: "*", Value: "inherit"},
		{Path: []any{"jobs", "plan", "env"}, Job: "plan", Kind: "env", Value: "${{ fromJSON(vars.ENV) }}"},
		{Path: []any{"jobs", "plan", "container", "env", "C"}, Job: "plan", Kind: "env", Name: "C", Value: "1"},
		{Path: []any{"jobs", "plan", "services", "db", "env", "D"}, Job: "plan", Kind: "env", Name: "D", Value: "${{ secrets['DB_PASSWORD'] }}", Secret: "DB_PASSWORD"},
		{Path: []any{"jobs", "plan", "steps", 0, "with", "aws-access-key-id"}, Job: "plan", Step: "0", Uses: "aws-actions/configure-aws-credentials@v4", Kind: "with",
			Name: "aws-access-key-id", Value: "${{ secrets.AWS_KEY }}", Secret: "AWS_KEY"},
		{Path: []any{"jobs", "plan", "steps", 1, "run"}, Job: "plan", Step: "two", Kind: "run", Name: "OTHER", Secret: "OTHER"},
		{Path: []any{"jobs", "plan", "steps", 1, "run"}, Job: "plan", Step: "two", Kind: "run", Name: "TOKEN", Secret: "TOKEN"},
	}
	if diff := cmp.Diff(want, w[0].Entries); diff != "" {
		t.Error(diff)
	}
	at := index["file:.github/workflows/a.yml"].Locate(source.Path{"jobs", "plan", "steps", 0, "with", "aws-access-key-id"})
	if at.Line != 12 || at.Approximate {
		t.Errorf("%+v", at)
	}
}

func TestGitLabWorkflow(t *testing.T) {
	t.Parallel()
	w, _, _ := Workflows([]Definition{definition(t, ".gitlab-ci.yml", "gitlab", `
spec: {inputs: {}}
---
variables:
  REGION: {value: eu, description: x}
  KEY: $PROD_KEY
default: {before_script: [echo $A]}
deploy:
  variables: {B: "1"}
  rules: [{if: x, variables: {C: "2"}}]
  script:
  - aws s3 ls "$AWS_SECRET_ACCESS_KEY" ${B:-x} $lower
stages: [a]
`)})
	want := []facts.WorkflowEntry{
		{Path: []any{"variables", "KEY"}, Kind: "variable", Name: "KEY", Value: "$PROD_KEY", Secret: "PROD_KEY"},
		{Path: []any{"variables", "REGION"}, Kind: "variable", Name: "REGION", Value: "eu"},
		{Path: []any{"default", "before_script", 0}, Job: "default", Kind: "run", Name: "A", Secret: "A"},
		{Path: []any{"deploy", "variables", "B"}, Job: "deploy", Kind: "variable", Name: "B", Value: "1"},
		{Path: []any{"deploy", "rules", 0, "variables", "C"}, Job: "deploy", Kind: "variable", Name: "C", Value: "2"},
		{Path: []any{"deploy", "script", 0}, Job: "deploy", Kind: "run", Name: "AWS_SECRET_ACCESS_KEY", Secret: "AWS_SECRET_ACCESS_KEY"},
		{Path: []any{"deploy", "script", 0}, Job: "deploy", Kind: "run", Name: "B", Secret: "B"},
	}
	if diff := cmp.Diff(want, w[0].Entries); diff != "" {
		t.Error(diff)
	}
}

func TestWorkflowThatIsNone(t *testing.T) {
	t.Parallel()
	w, _, ledger := Workflows([]Definition{definition(t, "a.yml", "github", "- a\n"), definition(t, "b.yml", "github", "")})
	if len(w) != 0 || len(ledger) != 1 || ledger[0].State != facts.Failed || ledger[0].ID != "a.yml" {
		t.Errorf("%v %v", w, ledger)
	}
	// Wrong types anywhere are no entries and no panic.
	w, _, _ = Workflows([]Definition{definition(t, "c.yml", "github", "env: 1\njobs: [a]\nruns: {steps: {a: 1}}\n"),
		definition(t, "d.yml", "gitlab", "variables: [1]\na: [b]\nc: {script: {x: 1}, rules: 1, variables: 2}\n"),
		definition(t, "e.yml", "github", "jobs: {a: [], b: {steps: [1, {with: 3, run: [4]}], secrets: 5, container: x, services: []}}\n")})
	if len(w) != 3 {
		t.Errorf("%v", w)
	}
}

func TestLocators(t *testing.T) {
	t.Parallel()
	docs, err := source.ParseYAML(".gate.yaml", []byte("environments:\n- name: dev\n- name: prod\nfreezes:\n- {environment: dev}\n- {environment: prod}\n"))
	if err != nil {
		t.Fatal(err)
	}
	owners := ParseCodeowners("CODEOWNERS", []byte("\n* @a\n! @b\n"), GitHub).Facts(nil)
	change := &ChangeResult{Change: facts.Change{Files: []facts.File{{Subject: facts.Subject{ID: "file:x"}, Path: "x"}, {Subject: facts.Subject{ID: "file:gone"}, Path: "gone"}}}, Lines: map[string]int{"x": 3}}
	prod := facts.Environment{Name: "prod"}
	with := Locators(LocatorInput{
		Config: docs[0], Codeowners: owners, Change: change, Environments: []facts.Environment{prod},
		Evidence: []facts.Evidence{{Subject: facts.Subject{ID: "evidence:prod/eu", Scope: facts.Scope{Environment: "prod"}}}},
	})
	without := Locators(LocatorInput{Change: change})
	for _, c := range []struct {
		index source.Index
		id    string
		path  source.Path
		want  string
	}{
		{with, "change", nil, ".gate.yaml:1 ~"},
		{with, "repository", source.Path{"codeowners", "rules", 0}, "CODEOWNERS:2"},
		{with, "repository", source.Path{"codeowners", "problems", 0}, "CODEOWNERS:3"},
		{with, "repository", source.Path{"codeowners", "rules", 9}, "CODEOWNERS:1 ~"},
		{with, "repository", source.Path{"protection"}, ".gate.yaml:1 ~"},
		{with, "environment/prod", source.Path{"freezes", 0}, ".gate.yaml:6:3"},
		{with, "environment/prod", nil, ".gate.yaml:3:3 ~"},
		{with, "evidence:prod/eu", source.Path{"evidenceId"}, ".gate.yaml:3:3 ~"},
		{with, "file:x", nil, "x:3"},
		{with, "file:gone", nil, "gone ~"},
		{without, "change", nil, "x:3 ~"},
		{Locators(LocatorInput{Tree: sourcetest.Tree{"a": "1"}}), "repository", nil, "a:1 ~"},
		{Locators(LocatorInput{}), "change", nil, ". ~"},
	} {
		at := c.index[c.id].Locate(c.path).Position
		got := at.String()
		if at.Approximate {
			got += " ~"
		}
		if got != c.want {
			t.Errorf("%s %v: %s, want %s", c.id, c.path, got, c.want)
		}
	}
}

// A step is known by its id, else by its name, else by its number.
func TestNamesOfSteps(t *testing.T) {
	t.Parallel()
	docs, err := source.ParseYAML("a.yml", []byte("jobs: {j: {steps: [{id: a, name: b, env: {X: x}}, {name: b, env: {X: x}}, {env: {X: x}}]}}\n"))
	if err != nil {
		t.Fatal(err)
	}
	w, _, _ := Workflows([]Definition{{Path: "a.yml", Platform: "github", Docs: docs}})
	var got []string
	for _, e := range w[0].Entries {
		got = append(got, e.Step)
	}
	if diff := cmp.Diff([]string{"a", "b", "2"}, got); diff != "" {
		t.Error(diff)
	}
}
