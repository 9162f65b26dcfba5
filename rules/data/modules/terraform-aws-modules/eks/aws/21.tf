# https://registry.terraform.io/modules/terraform-aws-modules/eks/aws/21.19.0, inputs;
# defaults compared over 21.0.0 to 21.19.0.
table { versions = ">= 21.0.0, < 22.0.0" }

variable "create" { default = true }
variable "endpoint_public_access" { default = false }
variable "endpoint_public_access_cidrs" { default = ["0.0.0.0/0"] }
variable "enabled_log_types" { default = ["audit", "api", "authenticator"] }
variable "encryption_config" { default = {} }
variable "deletion_protection" { default = null }
variable "cluster_tags" { default = {} }
variable "tags" { default = {} }

resource "aws_eks_cluster" "this" {
  count                     = var.create ? 1 : 0
  enabled_cluster_log_types = var.enabled_log_types
  deletion_protection       = var.deletion_protection
  tags                      = merge(var.tags, var.cluster_tags)
  vpc_config {
    endpoint_public_access = var.endpoint_public_access
    public_access_cidrs    = var.endpoint_public_access_cidrs
  }
  dynamic "encryption_config" {
    for_each = var.encryption_config == null ? [] : [var.encryption_config]
    content {
      resources = try(encryption_config.value.resources, ["secrets"])
    }
  }
}
