# https://registry.terraform.io/modules/terraform-aws-modules/ecs/aws/7.5.0/submodules/service,
# inputs; defaults compared over 5.0.0 to 7.5.0.
table { versions = ">= 5.0.0, < 8.0.0" }

variable "create" { default = true }
variable "create_service" { default = true }
variable "network_mode" { default = "awsvpc" }
variable "assign_public_ip" { default = false }
variable "create_security_group" { default = true }
variable "security_group_rules" { default = {} }
variable "security_group_ingress_rules" { default = {} }
variable "tags" { default = {} }

resource "aws_ecs_service" "this" {
  count = var.create && var.create_service ? 1 : 0
  tags  = var.tags
  dynamic "network_configuration" {
    for_each = var.network_mode == "awsvpc" ? [1] : []
    content {
      assign_public_ip = var.assign_public_ip
    }
  }
}

resource "aws_security_group_rule" "this" {
  for_each         = { for k, v in var.security_group_rules : k => v if var.create && var.create_security_group }
  type             = try(each.value.type, null)
  cidr_blocks      = try(each.value.cidr_blocks, null)
  ipv6_cidr_blocks = try(each.value.ipv6_cidr_blocks, null)
  from_port        = try(each.value.from_port, null)
  to_port          = try(each.value.to_port, null)
  protocol         = try(each.value.protocol, null)
}

resource "aws_vpc_security_group_ingress_rule" "this" {
  for_each    = { for k, v in var.security_group_ingress_rules : k => v if var.create && var.create_security_group }
  cidr_ipv4   = try(each.value.cidr_ipv4, null)
  cidr_ipv6   = try(each.value.cidr_ipv6, null)
  from_port   = try(each.value.from_port, null)
  to_port     = try(each.value.to_port, each.value.from_port, null)
  ip_protocol = try(each.value.ip_protocol, "tcp")
}
