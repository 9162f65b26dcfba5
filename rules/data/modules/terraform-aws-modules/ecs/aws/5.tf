# https://registry.terraform.io/modules/terraform-aws-modules/ecs/aws/7.5.0,
# inputs; compared over 5.0.0 to 5.12.1.
table { versions = ">= 5.0.0, < 6.0.0" }

variable "create" { default = true }
variable "services" { default = {} }
variable "tags" { default = {} }

locals {
  services = { for k, v in merge({}, var.services) : k => v if var.create && try(v.create, null) != false }
  rules = merge([for name, s in local.services : { for k, r in merge({}, try(s.security_group_rules, null)) : "${name} ${k}" => r } if try(s.create_security_group, null) != false]...)
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

resource "aws_security_group_rule" "service" {
  for_each         = local.rules
  type             = try(each.value.type, null)
  cidr_blocks      = try(each.value.cidr_blocks, null)
  ipv6_cidr_blocks = try(each.value.ipv6_cidr_blocks, null)
  from_port        = try(each.value.from_port, null)
  to_port          = try(each.value.to_port, null)
  protocol         = try(each.value.protocol, null)
}
