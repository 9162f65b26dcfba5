# https://registry.terraform.io/modules/terraform-aws-modules/iam/aws/5.60.0/submodules/iam-github-oidc-role,
# inputs; compared over 5.6.0 to 5.60.0. Its trust policy names the account, and is not judged.
table { versions = ">= 5.6.0, < 6.0.0" }

variable "create" { default = true }
variable "policies" { default = {} }
variable "tags" { default = {} }

resource "aws_iam_role" "this" {
  count = var.create ? 1 : 0
  tags  = var.tags
}

resource "aws_iam_role_policy_attachment" "this" {
  for_each   = { for k, arn in var.policies : k => arn if var.create }
  policy_arn = each.value
}
