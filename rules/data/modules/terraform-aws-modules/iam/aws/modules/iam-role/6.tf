# https://registry.terraform.io/modules/terraform-aws-modules/iam/aws/6.5.0/submodules/iam-role,
# inputs; compared over 6.0.0 to 6.5.0. Its trust policy names the account, and is not judged.
# What inline permissions allow is not judged.
table { versions = ">= 6.0.0, < 7.0.0" }

variable "create" { default = true }
variable "policies" { default = {} }
variable "tags" { default = {} }

resource "aws_iam_role" "this" {
  count = var.create ? 1 : 0
  tags  = var.tags
}

resource "aws_iam_role_policy_attachment" "this" {
  for_each   = { for k, v in var.policies : k => v if var.create }
  policy_arn = each.value
}
