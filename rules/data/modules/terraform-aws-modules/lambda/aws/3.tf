# https://registry.terraform.io/modules/terraform-aws-modules/lambda/aws/8.8.1, inputs;
# defaults compared over 3.2.0 to 8.8.1.
table { versions = ">= 3.2.0, < 9.0.0" }

variable "create" { default = true }
variable "create_function" { default = true }
variable "create_layer" { default = false }
variable "function_tags" { default = {} }
variable "create_role" { default = true }
variable "create_lambda_function_url" { default = false }
variable "authorization_type" { default = "NONE" }
variable "allowed_triggers" { default = {} }
variable "attach_policy" { default = false }
variable "policy" { default = null }
variable "attach_policy_json" { default = false }
variable "policy_json" { default = null }
variable "attach_policy_statements" { default = false }
variable "policy_statements" { default = {} }
variable "tags" { default = {} }

resource "aws_lambda_function" "this" {
  count = var.create && var.create_function && !var.create_layer ? 1 : 0
  tags  = merge(var.tags, var.function_tags)
}

resource "aws_lambda_function_url" "this" {
  count              = var.create && var.create_function && !var.create_layer && var.create_lambda_function_url ? 1 : 0
  authorization_type = var.authorization_type
}

resource "aws_lambda_permission" "triggers" {
  for_each         = { for k, v in var.allowed_triggers : k => v if var.create && var.create_function && !var.create_layer }
  action           = try(each.value.action, "lambda:InvokeFunction")
  principal        = try(each.value.principal, "${each.value.service}.amazonaws.com", null)
  principal_org_id = try(each.value.principal_org_id, null)
  source_arn       = try(each.value.source_arn, null)
  source_account   = try(each.value.source_account, null)
}

resource "aws_iam_role_policy_attachment" "policy" {
  count      = var.create && var.create_role && var.attach_policy ? 1 : 0
  policy_arn = var.policy
}

resource "aws_iam_role_policy" "json" {
  count  = var.create && var.create_role && var.attach_policy_json ? 1 : 0
  policy = var.policy_json
}

resource "aws_iam_role_policy" "statements" {
  count = var.create && var.create_role && var.attach_policy_statements ? 1 : 0
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [for k, v in var.policy_statements : {
      Effect   = try(v.effect, "Allow")
      Action   = try(v.actions, [])
      Resource = try(v.resources, [])
    } if try(v.condition, v.conditions, null) == null]
  })
}
