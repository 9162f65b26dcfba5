# https://registry.terraform.io/modules/terraform-aws-modules/iam/aws/6.5.0/submodules/iam-user,
# inputs; an inline policy since 6.2.0; compared over 6.0.0 to 6.5.0.
# What inline permissions allow is not judged.
table { versions = ">= 6.0.0, < 7.0.0" }

variable "create" { default = true }
variable "create_login_profile" { default = true }
variable "create_access_key" { default = true }
variable "policies" { default = {} }
variable "tags" { default = {} }

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
