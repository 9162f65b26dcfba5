package repository

import (
	"fmt"
	"path"
	"slices"
	"strings"
	"testing"

	"gate/internal/facts"
	"gate/internal/source"
	"gate/internal/source/sourcetest"

	"github.com/google/go-cmp/cmp"
)

// commandsOf follows the first workflow of a tree, and says of each command its words,
// its place and what has succeeded before.
func commandsOf(t *testing.T, text string) ([]string, []facts.Entry) {
	t.Helper()
	tree := sourcetest.Parse(text)
	var defs []Definition
	for _, e := range tree.Entries() {
		if path.Ext(e.Path) != ".yml" {
			continue
		}
		data, err := tree.ReadFile(e.Path)
		if err != nil {
			t.Fatal(err)
		}
		d := definition(t, e.Path, "github", string(data))
		if path.Base(e.Path) == "action.yml" {
			d.Form = "action"
		}
		defs = append(defs, d)
	}
	workflows, index, _ := Workflows(defs)
	ledger := Commands(tree, defs, workflows, index)
	out := []string{}
	for _, w := range workflows {
		for _, c := range w.Commands {
			at := index[w.ID].Locate(source.Path(c.Path))
			line := fmt.Sprintf("%s:%d %s", at.File, at.Line, strings.Join(c.Words, " "))
			if c.Directory != "" && c.Directory != "." {
				line += " in " + c.Directory
			}
			if len(c.Succeeded) > 0 {
				line += " after " + strings.Join(c.Succeeded, ",")
			}
			out = append(out, line)
		}
	}
	return out, ledger
}

func TestCommandsThroughMake(t *testing.T) {
	t.Parallel()
	got, _ := commandsOf(t, `
-- a.yml --
on: push
jobs:
  a:
    steps:
    - run: make -C ops deploy STACK=prod
-- ops/Makefile --
include sub/*.none vars.mk
TF ?= terraform
CMD = $(BIN) -chdir=../stacks/$(STACK)
deploy: check-prod | init
	@echo "terraform apply" # no command
	-$(CMD) plan
	$(CMD) apply \
	  -input=false tfplan
	$(MAKE) other
check-%:
	gate verify $*.json
init: ; $(BIN) init
other:
	cd .. ; helm list
	helm $(shell cat x) --set a=$$HOME
ifdef X
unused:
	terraform destroy
endif
-- ops/vars.mk --
BIN := tofu
`)
	want := []string{
		"ops/Makefile:11 gate verify prod.json in ops",
		"ops/Makefile:12 tofu init in ops after a/gate verify",
		"ops/Makefile:6 tofu -chdir=../stacks/prod plan in stacks/prod after a/gate verify",
		"ops/Makefile:7 tofu -chdir=../stacks/prod apply -input=false tfplan in stacks/prod after a/gate verify",
		"ops/Makefile:14 helm list after a/gate verify",
		`ops/Makefile:15 helm $(…) --set a=$HOME in ops after a/gate verify`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// What calls itself, or more than anybody reads, ends, and the second is said.
func TestCommandsEnd(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"make":     "-- a.yml --\non: push\njobs: {a: {steps: [{run: make a}]}}\n-- Makefile --\na: b\n\tmake a; make b; make a\nb: a\n\tmake a & make b | make a\n",
		"script":   "-- a.yml --\non: push\njobs: {a: {steps: [{run: ./a.sh}]}}\n-- a.sh --\n./a.sh; . ./b.sh; sh b.sh\n-- b.sh --\n./a.sh; . ./a.sh; bash b.sh\n",
		"workflow": "-- a.yml --\non: [push, workflow_call]\njobs: {a: {uses: ./a.yml}, b: {needs: [a, c], uses: ./a.yml}, c: {needs: b, uses: ./a.yml}}\n",
		"action":   "-- a.yml --\non: push\njobs: {a: {steps: [{uses: ./x}, {uses: ./x}]}}\n-- x/action.yml --\nruns: {steps: [{uses: ./x}, {uses: ./x}]}\n",
	} {
		if got, ledger := commandsOf(t, text); len(got) > 0 || name == "" {
			t.Errorf("%s: %v %v", name, got, ledger)
		}
	}
	many := "-- a.yml --\non: push\njobs:\n  a:\n    steps:\n    - run: |\n"
	for i := range 2000 {
		many += fmt.Sprintf("        kubectl get x%d\n", i)
	}
	if got, ledger := commandsOf(t, many); len(got) != maxCommandFacts || !slices.ContainsFunc(ledger, func(e facts.Entry) bool { return e.State == facts.Failed && e.ID == "a.yml" }) {
		t.Errorf("%d commands, %v", len(got), ledger)
	}
}
