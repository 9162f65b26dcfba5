# https://registry.terraform.io/modules/terraform-aws-modules/iam/aws/5.60.0/submodules/iam-assumable-role,
# inputs; compared over 2.0.0 to 5.60.0.
table { versions = ">= 2.0.0, < 6.0.0" }

variable "create_role" { default = false }
variable "trusted_role_arns" { default = [] }
variable "attach_admin_policy" { default = false }
variable "attach_poweruser_policy" { default = false }
variable "custom_role_policy_arns" { default = [] }
variable "tags" { default = {} }

resource "aws_iam_role" "this" {
  count = var.create_role ? 1 : 0
  tags  = var.tags
}

resource "aws_iam_role_policy_attachment" "custom" {
  for_each   = var.create_role ? { for i, arn in var.custom_role_policy_arns : i => arn } : {}
  policy_arn = each.value
}

resource "aws_iam_role_policy_attachment" "admin" {
  count      = var.create_role && var.attach_admin_policy ? 1 : 0
  policy_arn = var.attach_admin_policy ? "arn:aws:iam::aws:policy/AdministratorAccess" : null
}

resource "aws_iam_role_policy_attachment" "poweruser" {
  count      = var.create_role && var.attach_poweruser_policy ? 1 : 0
  policy_arn = var.attach_poweruser_policy ? "arn:aws:iam::aws:policy/PowerUserAccess" : null
}
