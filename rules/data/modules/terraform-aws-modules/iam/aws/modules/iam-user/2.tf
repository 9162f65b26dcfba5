# https://registry.terraform.io/modules/terraform-aws-modules/iam/aws/5.60.0/submodules/iam-user,
# inputs; policy_arns since 5.28.0; compared over 2.0.0 to 5.60.0.
table { versions = ">= 2.0.0, < 6.0.0" }

variable "create_user" { default = true }
variable "create_iam_user_login_profile" { default = true }
variable "create_iam_access_key" { default = true }
variable "policy_arns" { default = [] }
variable "tags" { default = {} }

resource "aws_iam_user" "this" {
  count = var.create_user ? 1 : 0
  tags  = var.tags
}

resource "aws_iam_user_login_profile" "this" {
  count = var.create_user && var.create_iam_user_login_profile ? 1 : 0
}

resource "aws_iam_access_key" "this" {
  count = var.create_user && var.create_iam_access_key ? 1 : 0
}

resource "aws_iam_user_policy_attachment" "this" {
  for_each   = { for i, arn in var.policy_arns : i => arn if var.create_user }
  policy_arn = each.value
}
