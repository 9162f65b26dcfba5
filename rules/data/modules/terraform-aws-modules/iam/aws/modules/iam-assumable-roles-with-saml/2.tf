# https://registry.terraform.io/modules/terraform-aws-modules/iam/aws/5.60.0/submodules/iam-assumable-roles-with-saml,
# inputs; compared over 2.0.0 to 5.60.0.
table { versions = ">= 2.0.0, < 6.0.0" }

variable "create_admin_role" { default = false }
variable "admin_role_policy_arns" { default = ["arn:aws:iam::aws:policy/AdministratorAccess"] }
variable "admin_role_tags" { default = {} }
variable "create_poweruser_role" { default = false }
variable "poweruser_role_policy_arns" { default = ["arn:aws:iam::aws:policy/PowerUserAccess"] }
variable "poweruser_role_tags" { default = {} }
variable "create_readonly_role" { default = false }
variable "readonly_role_policy_arns" { default = ["arn:aws:iam::aws:policy/ReadOnlyAccess"] }
variable "readonly_role_tags" { default = {} }

resource "aws_iam_role" "admin" {
  count = var.create_admin_role ? 1 : 0
  tags  = var.admin_role_tags
}

resource "aws_iam_role_policy_attachment" "admin" {
  for_each   = var.create_admin_role ? { for i, arn in var.admin_role_policy_arns : i => arn } : {}
  policy_arn = each.value
}

resource "aws_iam_role" "poweruser" {
  count = var.create_poweruser_role ? 1 : 0
  tags  = var.poweruser_role_tags
}

resource "aws_iam_role_policy_attachment" "poweruser" {
  for_each   = var.create_poweruser_role ? { for i, arn in var.poweruser_role_policy_arns : i => arn } : {}
  policy_arn = each.value
}

resource "aws_iam_role" "readonly" {
  count = var.create_readonly_role ? 1 : 0
  tags  = var.readonly_role_tags
}

resource "aws_iam_role_policy_attachment" "readonly" {
  for_each   = var.create_readonly_role ? { for i, arn in var.readonly_role_policy_arns : i => arn } : {}
  policy_arn = each.value
}
