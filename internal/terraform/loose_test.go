package terraform

import (
	"encoding/json"
	"testing"

	"gate/internal/source/sourcetest"

	"github.com/google/go-cmp/cmp"
)

func TestTrailingCommas(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		`{"a": [1, 2,], }`:            `{"a": [1, 2 ]  }`,
		`{"a": "x,]", "b": "\",}",}`:  `{"a": "x,]", "b": "\",}" }`,
		"{\"a\": [\n1,\n\t]}":         "{\"a\": [\n1 \n\t]}",
		`{"a": 1,, }`:                 `{"a": 1,  }`, // still no JSON
		`"unended \`:                  `"unended \`,
		`{"Statement": [{"a": 1}]}`:   `{"Statement": [{"a": 1}]}`,
		`{"a": "\\", "b": ["\\",],,}`: `{"a": "\\", "b": ["\\" ], }`,
	} {
		if diff := cmp.Diff(want, string(withoutTrailingCommas(in))); diff != "" {
			t.Errorf("%s: -want +got\n%s", in, diff)
		}
	}
}

// A document that nothing takes is read with a plan as without one; one that
// something names, in whatever place, is not.
func TestLooseDocuments(t *testing.T) {
	t.Parallel()
	tree := sourcetest.Tree{"main.tf": `
data "aws_iam_policy_document" "loose" {
  statement {
    actions = ["s3:*"]
  }
}
data "google_iam_policy" "loose" {
  binding {
    role    = "roles/editor"
    members = ["user:a@example.com"]
  }
}
data "aws_iam_policy_document" "output" {}
data "aws_iam_policy_document" "local" {}
data "aws_iam_policy_document" "dynamic" {}
data "aws_iam_policy_document" "none" {
  count = 0
}
output "o" {
  value = data.aws_iam_policy_document.output.json
}
locals {
  l = { p = data.aws_iam_policy_document.local.json }
}
resource "acme_thing" "x" {
  dynamic "part" {
    for_each = [1]
    content {
      policy = data.aws_iam_policy_document.dynamic[0].json
    }
  }
}
module "m" {
  source = "./m"
}
`, "m/main.tf": "data \"aws_iam_policy_document\" \"inner\" {\n  statement {\n    actions = [\"*\"]\n  }\n}\n"}
	statement := func(action string) map[string]any {
		return map[string]any{"Version": "2012-10-17", "Statement": []any{map[string]any{"Effect": "Allow", "Action": action}}}
	}
	want := map[string]any{
		"data.aws_iam_policy_document.loose":          statement("s3:*"),
		"module.m.data.aws_iam_policy_document.inner": statement("*"),
		"data.google_iam_policy.loose":                map[string]any{"bindings": []any{map[string]any{"role": "roles/editor", "members": []any{"user:a@example.com"}}}},
	}
	plan := PlanFile{Stack: ".", Name: "plan.json", Data: []byte(`{"format_version": "1.2", "terraform_version": "1.9.0", "complete": true, "resource_changes": [
		{"address": "acme_thing.x", "mode": "managed", "type": "acme_thing", "name": "x", "provider_name": "registry.terraform.io/acme/acme",
		 "change": {"actions": ["create"], "before": null, "after": {}, "after_unknown": {}}}]}`)}
	for name, in := range map[string]Inputs{"configuration": {Stacks: []string{"."}}, "plan": {Stacks: []string{"."}, Plans: []PlanFile{plan}}} {
		got := map[string]any{}
		for address, r := range byAddress(collect(t, tree, in)) {
			for _, d := range r.Documents {
				if r.Mode != "data" {
					continue
				}
				got[address] = d.Value
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: -want +got\n%s", name, diff)
		}
	}
}

// What was JSON stays the same JSON.
func FuzzTrailingCommas(f *testing.F) {
	f.Add(`{"a": [1, "x,]", {"b": "\"},"}]}`)
	f.Add(`[",", "\\", {}]`)
	f.Fuzz(func(t *testing.T, s string) {
		if got := withoutTrailingCommas(s); json.Valid([]byte(s)) && string(got) != s {
			t.Errorf("%q became %q", s, got)
		}
	})
}
