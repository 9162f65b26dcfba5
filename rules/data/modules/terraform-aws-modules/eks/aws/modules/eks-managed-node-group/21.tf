# https://registry.terraform.io/modules/terraform-aws-modules/eks/aws/21.19.0/submodules/eks-managed-node-group,
# inputs; compared over 21.0.0 to 21.19.0.
table { versions = ">= 21.0.0, < 22.0.0" }

variable "create" { default = true }
variable "create_launch_template" { default = true }
variable "use_custom_launch_template" { default = true }
variable "block_device_mappings" { default = {} }
variable "network_interfaces" { default = [] }
variable "iam_role_additional_policies" { default = {} }
variable "create_iam_role" { default = true }
variable "remote_access" { default = null }
variable "create_security_group" { default = true }
variable "security_group_ingress_rules" { default = {} }
variable "tags" { default = {} }

resource "aws_launch_template" "this" {
  count = var.create && var.create_launch_template && var.use_custom_launch_template ? 1 : 0
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
    for_each = var.remote_access == null ? [] : [var.remote_access]
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

resource "aws_vpc_security_group_ingress_rule" "this" {
  for_each    = { for k, v in var.security_group_ingress_rules : k => v if var.create && var.create_security_group }
  cidr_ipv4   = try(each.value.cidr_ipv4, null)
  cidr_ipv6   = try(each.value.cidr_ipv6, null)
  from_port   = try(each.value.from_port, null)
  to_port     = try(each.value.to_port, each.value.from_port, null)
  ip_protocol = try(each.value.ip_protocol, "tcp")
}
