# https://registry.terraform.io/modules/terraform-aws-modules/iam/aws/6.5.0/submodules/iam-policy,
# inputs; compared over 2.0.0 to 6.5.0.
table { versions = ">= 2.0.0, < 7.0.0" }

variable "create" { default = true }
variable "create_policy" { default = true }
variable "policy" {}
variable "tags" { default = {} }

resource "aws_iam_policy" "policy" {
  count  = var.create && var.create_policy ? 1 : 0
  policy = var.policy
  tags   = var.tags
}
