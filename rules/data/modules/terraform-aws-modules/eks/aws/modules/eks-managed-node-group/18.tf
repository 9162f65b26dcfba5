# https://registry.terraform.io/modules/terraform-aws-modules/eks/aws/21.19.0/submodules/eks-managed-node-group,
# inputs; compared over 18.0.0 to 18.31.2.
table { versions = ">= 18.0.0, < 19.0.0" }

variable "create" { default = true }
variable "create_launch_template" { default = true }
variable "block_device_mappings" { default = {} }
variable "network_interfaces" { default = [] }
variable "iam_role_additional_policies" { default = {} }
variable "create_iam_role" { default = true }
variable "remote_access" { default = {} }
variable "create_security_group" { default = true }
variable "security_group_rules" { default = {} }
variable "tags" { default = {} }

resource "aws_launch_template" "this" {
  count = var.create && var.create_launch_template ? 1 : 0
  dynamic "block_device_mappings" {
    for_each = merge({}, var.block_device_mappings)
    content {
      dynamic "ebs" {
        for_each = try(block_device_mappings.value.ebs, null) == null ? [] : [block_device_mappings.value.ebs]
        content {
          encrypted = try(ebs.value.encrypted, null)
        }
      }
    }
  }
  dynamic "network_interfaces" {
    for_each = var.network_interfaces
    content {
      associate_public_ip_address = try(network_interfaces.value.associate_public_ip_address, null)
    }
  }
}

resource "aws_eks_node_group" "this" {
  count = var.create ? 1 : 0
  tags  = var.tags
  dynamic "remote_access" {
    for_each = try(length(var.remote_access), 0) == 0 ? [] : [var.remote_access]
    content {
      ec2_ssh_key               = try(remote_access.value.ec2_ssh_key, null)
      source_security_group_ids = try(remote_access.value.source_security_group_ids, [])
    }
  }
}

resource "aws_iam_role_policy_attachment" "additional" {
  for_each   = { for k, v in var.iam_role_additional_policies : k => v if var.create && var.create_iam_role }
  policy_arn = each.value
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
