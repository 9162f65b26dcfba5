# https://registry.terraform.io/modules/terraform-aws-modules/iam/aws/5.60.0/submodules/iam-assumable-role-with-oidc,
# inputs; compared over 2.6.0 to 5.60.0.
# What inline permissions allow is not judged.
table { versions = ">= 2.6.0, < 6.0.0" }

variable "create_role" { default = false }
variable "role_policy_arns" { default = [] }
variable "tags" { default = {} }

resource "aws_iam_role" "this" {
  count = var.create_role ? 1 : 0
  tags  = var.tags
}

resource "aws_iam_role_policy_attachment" "custom" {
  for_each   = { for k, arn in var.role_policy_arns : k => arn if var.create_role }
  policy_arn = each.value
}

