# https://registry.terraform.io/modules/terraform-aws-modules/iam/aws/6.5.0/submodules/iam-user,
# inputs; an inline policy since 6.2.0; compared over 6.0.0 to 6.5.0.
table { versions = ">= 6.0.0, < 7.0.0" }

variable "create" { default = true }
variable "create_login_profile" { default = true }
variable "create_access_key" { default = true }
variable "policies" { default = {} }
variable "create_inline_policy" { default = false }
variable "inline_policy_permissions" { default = null }
variable "tags" { default = {} }

locals {
  # what is not given is not in the document
  statements = [for k, s in merge({}, var.inline_policy_permissions) : merge(
    { Effect = lookup(s, "effect", null) == null ? "Allow" : lookup(s, "effect", "Allow") },
    { for name, list in {
      Action      = lookup(s, "actions", null)
      NotAction   = lookup(s, "not_actions", null)
      Resource    = lookup(s, "resources", null)
      NotResource = lookup(s, "not_resources", null)
    } : name => list if list != null },
    { for name, list in { Condition = lookup(s, "condition", null) == null ? [] : lookup(s, "condition", []) } : name => {
      for test in distinct([for c in list : c.test]) : test => { for c in list : c.variable => c.values if c.test == test }
    } if length(list) > 0 },
  )]
}

resource "aws_iam_user" "this" {
  count = var.create ? 1 : 0
  tags  = var.tags
}

resource "aws_iam_user_login_profile" "this" {
  count = var.create && var.create_login_profile ? 1 : 0
}

resource "aws_iam_access_key" "this" {
  count = var.create && var.create_access_key ? 1 : 0
}

resource "aws_iam_user_policy_attachment" "this" {
  for_each   = { for k, v in var.policies : k => v if var.create }
  policy_arn = each.value
}

resource "aws_iam_user_policy" "inline" {
  count  = var.create && var.create_inline_policy ? 1 : 0
  policy = jsonencode({ Statement = local.statements })
}
