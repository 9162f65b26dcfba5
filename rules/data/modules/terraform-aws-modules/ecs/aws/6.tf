# https://registry.terraform.io/modules/terraform-aws-modules/ecs/aws/7.5.0,
# inputs; rules of the cluster since 7.0.0; compared over 6.0.0 to 7.5.0.
table { versions = ">= 6.0.0, < 8.0.0" }

variable "create" { default = true }
variable "services" { default = {} }
variable "tags" { default = {} }
variable "create_security_group" { default = true }
variable "security_group_ingress_rules" { default = {} }

locals {
  services = { for k, v in merge({}, var.services) : k => v if var.create && try(v.create, null) != false && try(v.create_service, null) != false }
  rules = merge([for name, s in local.services : { for k, r in merge({}, try(s.security_group_ingress_rules, null)) : "${name} ${k}" => r } if try(s.create_security_group, null) != false]...)
}

resource "aws_ecs_service" "service" {
  for_each = local.services
  tags     = merge(var.tags, try(each.value.tags, {}))
  dynamic "network_configuration" {
    for_each = contains(["awsvpc", null], try(each.value.network_mode, null)) ? [1] : []
    content {
      assign_public_ip = try(each.value.assign_public_ip, null) == null ? false : try(each.value.assign_public_ip, false)
    }
  }
}

resource "aws_vpc_security_group_ingress_rule" "service" {
  for_each    = local.rules
  cidr_ipv4   = try(each.value.cidr_ipv4, null)
  cidr_ipv6   = try(each.value.cidr_ipv6, null)
  from_port   = try(each.value.from_port, null)
  to_port     = try(each.value.to_port, each.value.from_port, null)
  ip_protocol = try(each.value.ip_protocol, "tcp")
}

resource "aws_vpc_security_group_ingress_rule" "cluster" {
  for_each    = { for k, r in var.security_group_ingress_rules : k => r if var.create && var.create_security_group }
  cidr_ipv4   = try(each.value.cidr_ipv4, null)
  cidr_ipv6   = try(each.value.cidr_ipv6, null)
  from_port   = try(each.value.from_port, null)
  to_port     = try(each.value.to_port, each.value.from_port, null)
  ip_protocol = try(each.value.ip_protocol, "tcp")
}
