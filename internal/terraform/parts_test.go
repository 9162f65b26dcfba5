package terraform

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"gate/internal/source/sourcetest"
)

// One member that cannot be told does not hide the others.
func TestDefaultTagsInParts(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		tags string
		want map[string]any
	}{
		"a function of a provider":    {`{ owner = "a", commit = provider::git::head() }`, map[string]any{"owner": "a", "commit": nil}},
		"a function of the clock":     {`{ owner = "a", at = timestamp() }`, map[string]any{"owner": "a", "at": nil}},
		"a file that is not there":    {`{ owner = "a", at = trimspace(file("VERSION")) }`, map[string]any{"owner": "a", "at": nil}},
		"in a local":                  {`local.tags`, map[string]any{"owner": "l", "at": nil}},
		"merged":                      {`merge(local.tags, { owner = "b", x = provider::a::b() })`, map[string]any{"owner": "b", "at": nil, "x": nil}},
		"merged with what is unknown": {`merge({ owner = "a", team = "t" }, data.external.t.result, { owner = "b" })`, map[string]any{"owner": "b", "team": nil}},
		"a computed key":              {`{ (provider::a::b()) = "x" }`, map[string]any{}},
		"an attempt":                  {`{ owner = try(provider::a::b(), "fallback") }`, map[string]any{"owner": nil}},
	} {
		tree := sourcetest.Tree{"main.tf": `locals {
  tags = { owner = "l", at = provider::a::b() }
}
data "external" "t" {}
provider "aws" {
  default_tags {
    tags = ` + c.tags + `
  }
}
resource "aws_sqs_queue" "q" {}
`}
		if diff := cmp.Diff(c.want, byAddress(collect(t, tree, Inputs{Stacks: []string{"."}}))["aws_sqs_queue.q"].InheritedTags); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

// lookup takes null as its default, and finds what is known.
func TestLookup(t *testing.T) {
	t.Parallel()
	for expr, want := range map[string]struct{ after, unknown any }{
		`lookup(local.v, "encrypted", null)`:            {true, nil},
		`lookup(local.v, "none", null)`:                 {nil, nil},
		`lookup(local.v, "none", "d")`:                  {"d", nil},
		`lookup(local.v, "encrypted")`:                  {true, nil},
		`lookup(local.v, "none")`:                       {nil, true},
		`lookup(local.v, "made", null)`:                 {nil, true},
		`lookup(tomap({ a = "x" }), "a", null)`:         {"x", nil},
		`lookup(tomap({ a = "x" }), "b", null)`:         {nil, nil},
		`lookup(tomap({ a = "x" }), "b", 1)`:            {"1", nil},
		`lookup(data.external.t.result, "a", null)`:     {nil, true},
		`lookup(local.v, data.external.t.result, null)`: {nil, true},
	} {
		r := byAddress(collect(t, sourcetest.Tree{"main.tf": `locals {
  v = { size = 8, encrypted = true, made = timestamp() }
}
data "external" "t" {}
resource "aws_ebs_volume" "v" {
  encrypted = ` + expr + `
}
`}, Inputs{Stacks: []string{"."}}))["aws_ebs_volume.v"]
		if r.After["encrypted"] != want.after || r.Unknown["encrypted"] != want.unknown {
			t.Errorf("%s: %v, unknown %v", expr, r.After["encrypted"], r.Unknown["encrypted"])
		}
	}
}
