# https://registry.terraform.io/modules/terraform-aws-modules/eks/aws/20.37.1, inputs;
# defaults compared over 19.0.0 to 20.37.2.
table { versions = ">= 19.0.0, < 21.0.0" }

variable "create" { default = true }
variable "cluster_endpoint_public_access" { default = false }
variable "cluster_endpoint_public_access_cidrs" { default = ["0.0.0.0/0"] }
variable "cluster_enabled_log_types" { default = ["audit", "api", "authenticator"] }
variable "cluster_encryption_config" { default = { resources = ["secrets"] } }
variable "cluster_tags" { default = {} }
variable "tags" { default = {} }

resource "aws_eks_cluster" "this" {
  count                     = var.create ? 1 : 0
  enabled_cluster_log_types = var.cluster_enabled_log_types
  tags                      = merge(var.tags, var.cluster_tags)
  vpc_config {
    endpoint_public_access = var.cluster_endpoint_public_access
    public_access_cidrs    = var.cluster_endpoint_public_access_cidrs
  }
  dynamic "encryption_config" {
    for_each = length(var.cluster_encryption_config) == 0 ? [] : [var.cluster_encryption_config]
    content {
      resources = try(encryption_config.value.resources, null)
    }
  }
}
