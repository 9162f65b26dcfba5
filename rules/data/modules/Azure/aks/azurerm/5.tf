# https://registry.terraform.io/modules/Azure/aks/azurerm/11.0.0, inputs; defaults
# compared over 5.0.0 to 11.0.0. role_based_access_control_enabled of the module is
# about Entra ID alone before 6.0.0, and is not judged.
table { versions = ">= 5.0.0, < 11.0.0" }

variable "private_cluster_enabled" { default = false }
variable "api_server_authorized_ip_ranges" { default = null }
variable "enable_node_public_ip" { default = false }
variable "disk_encryption_set_id" { default = null }
variable "tags" { default = {} }

resource "azurerm_kubernetes_cluster" "main" {
  private_cluster_enabled         = var.private_cluster_enabled
  api_server_authorized_ip_ranges = var.api_server_authorized_ip_ranges
  disk_encryption_set_id          = var.disk_encryption_set_id
  tags                            = var.tags
  dynamic "api_server_access_profile" {
    for_each = var.api_server_authorized_ip_ranges == null ? [] : [1]
    content {
      authorized_ip_ranges = var.api_server_authorized_ip_ranges
    }
  }
  default_node_pool {
    enable_node_public_ip = var.enable_node_public_ip
  }
}
