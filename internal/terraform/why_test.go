package terraform

import (
	"context"
	"testing"

	"gate/internal/source/sourcetest"

	"github.com/google/go-cmp/cmp"
)

// TestWhy: what cannot be told says its true reason.
func TestWhy(t *testing.T) {
	t.Parallel()
	out, err := Collect(context.Background(), sourcetest.Parse(`-- main.tf --
variable "missing" {}
variable "optional" {
  type    = object({ a = string })
  default = null
}
variable "secret" { sensitive = true }
variable "listed" { default = ["a", "b"] }
locals {
  through = "x-${var.missing}"
}
module "elsewhere" { source = "acme/x/aws" }
module "inner" {
  source = "./inner"
  given  = module.elsewhere.id
}
data "aws_vpc" "main" {}
data "aws_iam_policy_document" "d" {
  statement {
    actions   = ["s3:GetObject"]
    resources = [var.missing]
  }
}
resource "aws_thing" "other" { name = "x" }
resource "aws_thing" "many" {
  count = 2
  name  = "x"
}
resource "aws_thing" "t" {
  variable  = var.missing
  local     = local.through
  module    = module.elsewhere.id
  output    = module.inner.id
  nested    = module.inner.given
  data      = data.aws_vpc.main.id
  document  = data.aws_iam_policy_document.d.json
  computed  = aws_thing.other.arn
  instance  = aws_thing.many[0].name
  undefined = aws_thing.nowhere.arn
  untyped   = var.nowhere
  clock     = timestamp()
  function  = provider::acme::make("x")
  workspace = terraform.workspace
  sensitive = var.secret
  known     = aws_thing.other.name
  member    = [for x in var.listed : "${x}-${var.missing}"]
  block {
    inner = var.missing
  }
  dynamic "rule" {
    for_each = var.missing
    content {
      cidr = rule.value
    }
  }
  dynamic "known" {
    for_each = var.listed
    content {
      cidr = data.aws_vpc.main.cidr
    }
  }
}
resource "aws_thing" "each" {
  for_each = var.missing
  key      = each.value
}
-- inner/main.tf --
variable "given" {}
output "id" { value = aws_thing.t.id }
output "given" { value = var.given }
resource "aws_thing" "t" {
  name = var.given
}
`), Inputs{Stacks: []string{"."}})
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]map[string]string{}
	for _, r := range out.Resources {
		if len(r.Why) > 0 {
			got[r.Address] = r.Why
		}
	}
	const missing, elsewhere = `depends on the variable "missing", which has no value here`, "depends on module.elsewhere, whose module is not in the tree"
	want := map[string]map[string]string{
		"aws_thing.t": {
			"variable": missing, "local": missing, "module": elsewhere, "output": afterApply, "nested": elsewhere,
			"data": "depends on data.aws_vpc.main, which is read when Terraform plans", "document": missing, "computed": afterApply,
			"instance": "depends on an instance of aws_thing.many, which is not followed", "undefined": "depends on aws_thing.nowhere, which is not declared",
			"untyped": "depends on var.nowhere, which is not declared", "clock": afterApply,
			"function": `depends on the function "provider::acme::make", which cannot be evaluated here`, "workspace": ofWorkspace, "member": missing,
			"block.inner": missing, "rule.cidr": missing, "known.cidr": "depends on data.aws_vpc.main, which is read when Terraform plans",
		},
		"aws_thing.each":                 {"key": missing},
		"module.inner.aws_thing.t":       {"name": elsewhere},
		"data.aws_iam_policy_document.d": {"statement.resources": missing},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
