# https://registry.terraform.io/modules/terraform-aws-modules/vpc/aws/6.6.0, inputs;
# defaults compared over 2.44.0 to 6.6.0: until 4.0.0 public subnets gave addresses.
table { versions = ">= 2.44.0, < 4.0.0" }

variable "create_vpc" { default = true }
variable "public_subnets" { default = [] }
variable "map_public_ip_on_launch" { default = true }
variable "manage_default_security_group" { default = false }
variable "default_security_group_ingress" { default = [] }
variable "vpc_tags" { default = {} }
variable "tags" { default = {} }

resource "aws_vpc" "this" {
  count = var.create_vpc ? 1 : 0
  tags  = merge(var.tags, var.vpc_tags)
}

resource "aws_subnet" "public" {
  count                   = var.create_vpc && length(var.public_subnets) > 0 ? 1 : 0
  map_public_ip_on_launch = var.map_public_ip_on_launch
}

resource "aws_default_security_group" "this" {
  count = var.create_vpc && var.manage_default_security_group ? 1 : 0
  dynamic "ingress" {
    for_each = var.default_security_group_ingress == null ? [] : var.default_security_group_ingress
    content {
      cidr_blocks      = compact(split(",", try(ingress.value.cidr_blocks, "")))
      ipv6_cidr_blocks = compact(split(",", try(ingress.value.ipv6_cidr_blocks, "")))
      from_port        = try(ingress.value.from_port, 0)
      to_port          = try(ingress.value.to_port, 0)
      protocol         = try(ingress.value.protocol, "-1")
    }
  }
}
