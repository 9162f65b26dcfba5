# https://registry.terraform.io/modules/terraform-aws-modules/alb/aws/10.5.0, inputs;
# defaults compared over 9.0.0 to 10.5.0.
table { versions = ">= 9.0.0, < 11.0.0" }

variable "create" { default = true }
variable "internal" { default = null }
variable "load_balancer_type" { default = "application" }
variable "enable_deletion_protection" { default = true }
variable "default_protocol" { default = "HTTP" }
variable "default_port" { default = 80 }
variable "listeners" { default = {} }
variable "create_security_group" { default = true }
variable "security_group_ingress_rules" { default = {} }
variable "tags" { default = {} }

resource "aws_lb" "this" {
  count                      = var.create ? 1 : 0
  internal                   = var.internal
  load_balancer_type         = var.load_balancer_type
  enable_deletion_protection = var.enable_deletion_protection
  tags                       = var.tags
}

resource "aws_lb_listener" "this" {
  for_each   = { for k, v in var.listeners : k => v if var.create }
  port       = try(each.value.port, var.default_port)
  protocol   = try(each.value.protocol, var.default_protocol)
  ssl_policy = try(each.value.ssl_policy, null)
  default_action {
    dynamic "redirect" {
      for_each = try([each.value.redirect], [])
      content {
        protocol = try(redirect.value.protocol, null)
      }
    }
  }
}

resource "aws_vpc_security_group_ingress_rule" "this" {
  for_each    = var.security_group_ingress_rules == null ? {} : { for k, v in var.security_group_ingress_rules : k => v if var.create && var.create_security_group }
  cidr_ipv4   = try(each.value.cidr_ipv4, null)
  cidr_ipv6   = try(each.value.cidr_ipv6, null)
  from_port   = try(each.value.from_port, null)
  to_port     = try(each.value.to_port, each.value.from_port, null)
  ip_protocol = try(each.value.ip_protocol, "tcp")
}
