# https://registry.terraform.io/modules/terraform-aws-modules/iam/aws/6.5.0/submodules/iam-group,
# inputs; compared over 6.0.0 to 6.5.0.
# What inline permissions allow is not judged.
table { versions = ">= 6.0.0, < 7.0.0" }

variable "create" { default = true }
variable "policies" { default = {} }

resource "aws_iam_group_policy_attachment" "additional" {
  for_each   = { for k, v in var.policies : k => v if var.create }
  policy_arn = each.value
}
