package terraform

import (
	"fmt"
	"strings"
	"testing"

	"gate/internal/source"
	"gate/internal/source/sourcetest"
)

// A finding about a document stands where the document is written, and one about what
// the caller of a module gives at the argument that gives it.
func TestWritten(t *testing.T) {
	t.Parallel()
	const policy = `{
  "Version": "2012-10-17",
  "Statement": [
    {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::a/*"},
    {
      "Effect": "Allow",
      "action": "*",
      "Resource": "arn:aws:s3:::NAME/*"
    },
  ]
}
`
	tree := sourcetest.Tree{
		"s/main.tf": `variable "name" { default = "x" }
variable "given" {}
variable "elsewhere" { default = "arn" }
variable "list" { default = ["0.0.0.0/0"] }
locals {
  doc = jsonencode({
    Statement = [{ # 7
      Action = "*"
    }]
  })
  of = { a = { cidr = "10.0.0.0/8" } }
}
resource "aws_iam_policy" "heredoc" {
  policy = <<EOF
` + policy + `EOF
}
resource "aws_iam_policy" "indented" {
  policy = <<-EOF
	` + strings.ReplaceAll(strings.ReplaceAll(policy, "\n", "\n\t"), "NAME", "${var.given}") + `EOF
}
resource "aws_iam_policy" "repeated" {
  policy = <<-EOF
    {"Statement": [
      %{ for a in var.list }
      {"Action": "*"},
      %{ endfor }
      {}
    ]}
  EOF
}
resource "aws_iam_policy" "value" {
  policy = <<-EOF
    {
      "Statement": [${jsonencode(var.given)},
        ${var.given}, {
        "Action": "*"}]
    }
  EOF
}
resource "aws_iam_policy" "quoted" {
  policy = "{\"Statement\": [{\"Action\": \"*\"}]}"
}
resource "aws_iam_policy" "local" {
  policy = local.doc
}
resource "aws_iam_policy" "file" {
  policy = file("${path.module}/p.json")
}
resource "aws_iam_policy" "template" {
  policy = templatefile("p.tftpl", { name = var.given })
}
resource "aws_iam_policy" "encoded" {
  policy = templatefile("encoded.tftpl", {})
}
resource "aws_iam_policy" "missing" {
  policy = file("none.json")
}
resource "aws_iam_policy" "data" {
  policy = data.aws_iam_policy_document.d.json
}
resource "aws_iam_policy" "counted" {
  policy = data.aws_iam_policy_document.d[0].json
}
resource "aws_iam_policy" "keyed" {
  policy = data.aws_iam_policy_document.d[var.name].json
}
resource "aws_iam_policy" "joined" {
  policy = data.aws_iam_policy_document.joined.json
}
resource "google_project_iam_policy" "g" {
  policy_data = data.google_iam_policy.g.policy_data
}
data "aws_iam_policy_document" "d" {
  statement {
    actions = ["s3:GetObject"]
  }
  statement {
    actions = ["s3:*"]
    principals {
      type        = "AWS"
      identifiers = ["111122223333"]
    }
    principals {
      type        = "*"
      identifiers = ["*"]
    }
  }
  dynamic "statement" {
    for_each = var.list
    content {
      actions = [statement.value]
    }
  }
}
data "aws_iam_policy_document" "joined" {
  source_policy_documents = [data.aws_iam_policy_document.d.json]
  statement {
    actions = ["*"]
  }
}
data "google_iam_policy" "g" {
  binding {
    role    = "roles/viewer"
    members = ["allUsers"]
  }
}
module "m" {
  source = "../m"
  plain  = "0.0.0.0/0"
  list = [
    "10.0.0.0/8",
    "0.0.0.0/0",
  ]
  rules = {
    a = { cidr = "10.0.0.0/8" }
    b = { cidr = "0.0.0.0/0" }
  }
  optional = { a = true }
  statements = {
    some       = { actions = ["s3:PutObject"], resources = ["arn:aws:s3:::a/*"] }
    everything = { actions = ["s3:GetObject"], resources = ["*"] }
    all        = { actions = ["s3:GetObject"], resources = ["arn:aws:s3:::a/*"] }
  }
  handed   = var.given
  policy   = data.aws_iam_policy_document.d.json
}
resource "aws_iam_policy" "output" {
  policy = module.m.policy
}
`,
		"s/p.json":             policy,
		"s/p.tftpl":            strings.ReplaceAll(policy, "NAME", "${name}"),
		"s/encoded.tftpl":      "${jsonencode({\n  Statement = [\n    { Action = \"*\" }\n  ]\n})}",
		"s/terraform.tfvars":   "given = \"v\"\n",
		"m/main.tf":            moduleText,
		"m/deeper/main.tf":     "variable \"cidr\" {}\nresource \"r\" \"d\" {\n  cidr = var.cidr\n}\n",
		"m/deeper/document.tf": "variable \"doc\" {}\nresource \"r\" \"doc\" {\n  policy = var.doc\n}\n",
	}
	got := collect(t, tree, Inputs{Stacks: []string{"s"}})
	action := source.Path{"policy", "Statement", 1, "Action"}
	for _, c := range []struct {
		address string
		path    source.Path
		want    string // file:line of its text
	}{
		{"aws_iam_policy.heredoc", action, `s/main.tf: "action": "*",`},
		{"aws_iam_policy.heredoc", source.Path{"policy", "Statement", 1}, `s/main.tf: {`},
		{"aws_iam_policy.heredoc", source.Path{"policy", "Statement", 0, "NotAction"}, `s/main.tf: {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::a/*"},`},
		{"aws_iam_policy.heredoc", source.Path{"policy"}, `s/main.tf: policy = <<EOF`},
		{"aws_iam_policy.indented", action, `s/main.tf: "action": "*",`},
		{"aws_iam_policy.repeated", action, `s/main.tf: policy = <<-EOF`},
		{"aws_iam_policy.value", source.Path{"policy", "Statement", 2, "Action"}, `s/main.tf: "Action": "*"}]`},
		{"aws_iam_policy.quoted", source.Path{"policy", "Statement", 0, "Action"}, `s/main.tf: policy = "{\"Statement\": [{\"Action\": \"*\"}]}"`},
		{"aws_iam_policy.local", source.Path{"policy", "Statement", 0, "Action"}, `s/main.tf: Action = "*"`},
		{"aws_iam_policy.file", action, `s/p.json: "action": "*",`},
		{"aws_iam_policy.template", action, `s/p.tftpl: "action": "*",`},
		{"aws_iam_policy.encoded", source.Path{"policy", "Statement", 0, "Action"}, `s/encoded.tftpl: { Action = "*" }`},
		{"aws_iam_policy.missing", action, `s/main.tf: policy = file("none.json")`},
		{"aws_iam_policy.data", action, `s/main.tf: actions = ["s3:*"]`},
		{"aws_iam_policy.data", source.Path{"policy", "Statement", 1, "Principal"}, `s/main.tf: identifiers = ["*"]`},
		{"aws_iam_policy.data", source.Path{"policy", "Statement", 0}, `s/main.tf: statement {`},
		{"aws_iam_policy.data", source.Path{"policy", "Statement", 5, "Action"}, `s/main.tf: data "aws_iam_policy_document" "d" {`},
		{"aws_iam_policy.counted", action, `s/main.tf: actions = ["s3:*"]`},
		{"aws_iam_policy.keyed", action, `s/main.tf: actions = ["s3:*"]`},
		{"aws_iam_policy.joined", action, `s/main.tf: data "aws_iam_policy_document" "joined" {`},
		{"google_project_iam_policy.g", source.Path{"policy_data", "bindings", 0, "role"}, `s/main.tf: role    = "roles/viewer"`},
		{"aws_iam_policy.output", source.Path{"policy", "Statement", 0, "Action"}, `m/main.tf: Action = "*"`},
		{"module.m.r.plain", source.Path{"cidr"}, `s/main.tf: plain  = "0.0.0.0/0"`},
		{"module.m.r.list", source.Path{"cidrs", 1}, `s/main.tf: "0.0.0.0/0",`},
		{`module.m.r.each["b"]`, source.Path{"cidr"}, `s/main.tf: b = { cidr = "0.0.0.0/0" }`},
		{"module.m.r.deeper", source.Path{"cidr"}, `m/main.tf: cidr = "${var.plain}/x"`},
		{"module.m.r.optional", source.Path{"cidr"}, `m/main.tf: cidr = var.optional.cidr`},
		{"module.m.r.default", source.Path{"cidr"}, `m/main.tf: cidr = var.default`},
		{"module.m.r.chosen", source.Path{"cidr"}, `m/main.tf: cidr = var.plain == "" ? "a" : "0.0.0.0/0"`},
		{"module.m.r.handed", source.Path{"cidr"}, `s/terraform.tfvars: given = "v"`},
		{"module.m.r.unset", source.Path{"cidr"}, `m/main.tf: resource "r" "unset" {`},
		{"module.m.r.policy", action, `s/main.tf: actions = ["s3:*"]`},
		{"module.m.aws_iam_policy.dynamic", source.Path{"policy", "Statement", 1, "Resource"}, `s/main.tf: everything = { actions = ["s3:GetObject"], resources = ["*"] }`},
		{"module.m.aws_iam_policy.dynamic", source.Path{"policy", "Statement", 1, "Principal"}, `m/main.tf: dynamic "statement" {`},
		{"module.m.aws_iam_policy.mixed", source.Path{"policy", "Statement", 0, "Action"}, `m/main.tf: actions = ["*"]`},
		{"module.m.aws_iam_policy.mixed", source.Path{"policy", "Statement", 2, "Action"}, `m/main.tf: data "aws_iam_policy_document" "mixed" {`},
		{"module.m.module.deeper.r.d", source.Path{"cidr"}, `s/main.tf: plain  = "0.0.0.0/0"`},
		{"module.m.module.deeper.r.doc", action, `s/main.tf: actions = ["s3:*"]`},
	} {
		locator := got.Locators["terraform:s:"+c.address]
		if locator == nil {
			t.Errorf("no %s", c.address)
			continue
		}
		loc := locator.Locate(c.path)
		lines := strings.Split(tree[loc.File], "\n")
		text := ""
		if loc.Line > 0 && loc.Line <= len(lines) {
			text = strings.TrimSpace(lines[loc.Line-1])
		}
		if said := fmt.Sprintf("%s: %s", loc.File, text); said != c.want || loc.Approximate {
			t.Errorf("%s %v: %s:%d %q, want %q", c.address, c.path, loc.File, loc.Line, text, c.want)
		}
	}
}

const moduleText = `variable "plain" {}
variable "list" {}
variable "rules" {}
variable "optional" {
  type = object({ a = bool, cidr = optional(string, "0.0.0.0/0") })
}
variable "default" { default = "0.0.0.0/0" }
variable "handed" {}
variable "statements" {}
data "aws_iam_policy_document" "dynamic" {
  dynamic "statement" {
    for_each = var.statements
    content {
      actions   = statement.value.actions
      resources = statement.value.resources
    }
  }
}
data "aws_iam_policy_document" "mixed" {
  statement {
    actions = ["*"]
  }
  dynamic "statement" {
    for_each = var.statements
    content {
      actions = statement.value.actions
    }
  }
}
resource "aws_iam_policy" "dynamic" {
  policy = data.aws_iam_policy_document.dynamic.json
}
resource "aws_iam_policy" "mixed" {
  policy = data.aws_iam_policy_document.mixed.json
}
variable "policy" {}
resource "r" "plain" {
  cidr = var.plain
}
resource "r" "list" {
  cidrs = var.list
}
resource "r" "each" {
  for_each = var.rules
  cidr     = each.value.cidr
}
resource "r" "deeper" {
  cidr = "${var.plain}/x"
}
resource "r" "optional" {
  cidr = var.optional.cidr
}
resource "r" "default" {
  cidr = var.default
}
resource "r" "chosen" {
  cidr = var.plain == "" ? "a" : "0.0.0.0/0"
}
resource "r" "handed" {
  cidr = var.handed
}
resource "r" "unset" {
}
resource "r" "policy" {
  policy = var.policy
}
module "deeper" {
  source = "./deeper"
  cidr   = var.plain
  doc    = var.policy
}
output "policy" {
  value = jsonencode({
    Statement = [{
      Action = "*"
    }]
  })
}
`
