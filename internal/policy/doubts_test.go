package policy

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gate/internal/config"
	"gate/internal/source/sourcetest"
)

func TestDoubts(t *testing.T) {
	t.Parallel()
	o := Organisation{Label: "here", Entry: config.Policy{Path: "policy", Data: []string{"ports.yaml"}}, Rules: sourcetest.Tree{
		"ports.yaml": "ingress: {suffix: x, list: [1]}\n",
		"policy/main.rego": `package main

import data.lib.kubernetes
import data.lib.missing

deny contains "a" if data.ingress.suffix
deny contains "b" if data.ingres.suffix
deny contains "c" if data.ingress.sufix
deny contains "d" if data.ingress[input.x]
deny contains "e" if data.ingress.list[0]
deny contains "f" if data.conftest.file.name
deny contains "g" if kubernetes.anything
deny contains "h" if data.main.other
`,
		"policy/lib.rego":       "package lib.kubernetes\n\nx := 1\n",
		"policy/main_test.rego": "package main\n\ntest_x if deny with data.only.here as 1\n",
	}}
	doubts, err := o.Doubts()
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, d := range doubts {
		got = append(got, fmt.Sprintf("%s: %s", d.Place, d.Text))
	}
	if diff := cmp.Diff([]string{
		`policy/main.rego:4: data.lib.missing is undefined: neither data nor a package has it`,
		`policy/main.rego:7: data.ingres is undefined: neither data nor a package has it; did you mean "ingress"?`,
		`policy/main.rego:8: data.ingress.sufix is undefined: neither data nor a package has it; did you mean "suffix"?`,
	}, got); diff != "" {
		t.Error(diff)
	}
}
