# https://registry.terraform.io/modules/terraform-google-modules/kubernetes-engine/google/44.2.0/submodules/private-cluster-update-variant,
# inputs; defaults compared over 12.0.0 to 44.2.0.
table { versions = ">= 33.0.0, < 45.0.0" }

variable "master_authorized_networks" { default = [] }
variable "database_encryption" { default = [{ state = "DECRYPTED", key_name = "" }] }
variable "logging_service" { default = "logging.googleapis.com/kubernetes" }
variable "cluster_resource_labels" { default = {} }
variable "enable_private_nodes" { default = true }
variable "enable_private_endpoint" { default = false }

resource "google_container_cluster" "primary" {
  logging_service = var.logging_service
  resource_labels = var.cluster_resource_labels
  dynamic "private_cluster_config" {
    for_each = var.enable_private_nodes ? [1] : []
    content {
      enable_private_nodes    = var.enable_private_nodes
      enable_private_endpoint = var.enable_private_endpoint
    }
  }
  master_authorized_networks_config {
    dynamic "cidr_blocks" {
      for_each = var.master_authorized_networks
      content {
        cidr_block = try(cidr_blocks.value.cidr_block, null)
      }
    }
  }
  dynamic "database_encryption" {
    for_each = var.database_encryption
    content {
      state = database_encryption.value.state
    }
  }
}
