# https://registry.terraform.io/modules/terraform-aws-modules/iam/aws/5.60.0/submodules/iam-group-with-policies,
# inputs; compared over 2.0.0 to 5.60.0.
table { versions = ">= 2.0.0, < 6.0.0" }

variable "custom_group_policy_arns" { default = [] }
variable "custom_group_policies" { default = [] }

resource "aws_iam_group_policy_attachment" "custom_arns" {
  for_each   = { for i, arn in var.custom_group_policy_arns : i => arn }
  policy_arn = each.value
}

resource "aws_iam_policy" "custom" {
  for_each = { for i, p in var.custom_group_policies : i => p }
  policy   = each.value.policy
}
