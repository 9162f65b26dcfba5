# https://registry.terraform.io/modules/terraform-aws-modules/ecs/aws/7.5.0/submodules/cluster,
# inputs; compared over 7.0.0 to 7.5.0.
table { versions = ">= 7.0.0, < 8.0.0" }

variable "create" { default = true }
variable "create_security_group" { default = true }
variable "security_group_ingress_rules" { default = {} }
variable "tags" { default = {} }

resource "aws_ecs_cluster" "this" {
  count = var.create ? 1 : 0
  tags  = var.tags
}

resource "aws_vpc_security_group_ingress_rule" "this" {
  for_each    = { for k, r in var.security_group_ingress_rules : k => r if var.create && var.create_security_group }
  cidr_ipv4   = try(each.value.cidr_ipv4, null)
  cidr_ipv6   = try(each.value.cidr_ipv6, null)
  from_port   = try(each.value.from_port, null)
  to_port     = try(each.value.to_port, each.value.from_port, null)
  ip_protocol = try(each.value.ip_protocol, "tcp")
}
