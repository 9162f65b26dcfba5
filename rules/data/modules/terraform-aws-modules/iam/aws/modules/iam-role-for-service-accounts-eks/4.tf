# https://registry.terraform.io/modules/terraform-aws-modules/iam/aws/5.60.0/submodules/iam-role-for-service-accounts-eks,
# inputs; a list of policies before 5.0.0, then a map; compared over 4.12.0 to 5.60.0.
table { versions = ">= 4.12.0, < 6.0.0" }

variable "create_role" { default = true }
variable "role_policy_arns" { default = {} }
variable "tags" { default = {} }

resource "aws_iam_role" "this" {
  count = var.create_role ? 1 : 0
  tags  = var.tags
}

resource "aws_iam_role_policy_attachment" "this" {
  for_each   = { for k, arn in var.role_policy_arns : k => arn if var.create_role }
  policy_arn = each.value
}
