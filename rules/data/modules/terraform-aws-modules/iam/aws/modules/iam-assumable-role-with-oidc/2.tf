# https://registry.terraform.io/modules/terraform-aws-modules/iam/aws/5.60.0/submodules/iam-assumable-role-with-oidc,
# inputs; compared over 2.6.0 to 5.60.0.
table { versions = ">= 2.6.0, < 6.0.0" }

variable "create_role" { default = false }
variable "role_policy_arns" { default = [] }
variable "inline_policy_statements" { default = [] }
variable "tags" { default = {} }

resource "aws_iam_role" "this" {
  count = var.create_role ? 1 : 0
  tags  = var.tags
}

resource "aws_iam_role_policy_attachment" "custom" {
  for_each   = { for k, arn in var.role_policy_arns : k => arn if var.create_role }
  policy_arn = each.value
}

locals {
  # what is not given is not in the document
  statements = [for k, s in var.inline_policy_statements : merge(
    { Effect = lookup(s, "effect", null) == null ? "Allow" : lookup(s, "effect", "Allow") },
    { for name, list in {
      Action      = lookup(s, "actions", null)
      NotAction   = lookup(s, "not_actions", null)
      Resource    = lookup(s, "resources", null)
      NotResource = lookup(s, "not_resources", null)
    } : name => list if list != null },
    { for name, list in { Condition = lookup(s, "conditions", null) == null ? [] : lookup(s, "conditions", []) } : name => {
      for test in distinct([for c in list : c.test]) : test => { for c in list : c.variable => c.values if c.test == test }
    } if length(list) > 0 },
  )]
}

resource "aws_iam_role_policy" "inline" {
  count  = var.create_role && length(var.inline_policy_statements) > 0 ? 1 : 0
  policy = jsonencode({ Statement = local.statements })
}
