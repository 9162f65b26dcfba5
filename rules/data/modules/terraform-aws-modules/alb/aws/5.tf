# https://registry.terraform.io/modules/terraform-aws-modules/alb/aws/8.7.0, inputs;
# defaults compared over 5.2.0 to 8.7.0.
table { versions = ">= 5.2.0, < 9.0.0" }

variable "create_lb" { default = true }
variable "internal" { default = false }
variable "load_balancer_type" { default = "application" }
variable "enable_deletion_protection" { default = false }
variable "http_tcp_listeners" { default = [] }
variable "https_listeners" { default = [] }
variable "lb_tags" { default = {} }
variable "tags" { default = {} }

resource "aws_lb" "this" {
  count                      = var.create_lb ? 1 : 0
  internal                   = var.internal
  load_balancer_type         = var.load_balancer_type
  enable_deletion_protection = var.enable_deletion_protection
  tags                       = merge(var.tags, var.lb_tags)
}

resource "aws_lb_listener" "http" {
  for_each = var.create_lb ? { for i, l in var.http_tcp_listeners : i => l } : {}
  port     = try(each.value.port, null)
  protocol = each.value.protocol
  default_action {
    dynamic "redirect" {
      for_each = try([each.value.redirect], [])
      content {
        protocol = try(redirect.value.protocol, null)
      }
    }
  }
}

resource "aws_lb_listener" "https" {
  for_each   = var.create_lb ? { for i, l in var.https_listeners : i => l } : {}
  port       = try(each.value.port, null)
  protocol   = try(each.value.protocol, "HTTPS")
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
