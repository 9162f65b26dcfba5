# https://registry.terraform.io/modules/Azure/avm-res-storage-storageaccount/azurerm/0.9.0,
# inputs; defaults compared over 0.1.0 to 0.9.0.
table { versions = ">= 0.1.0, < 1.0.0" }

variable "public_network_access_enabled" { default = false }
variable "allow_nested_items_to_be_public" { default = false }
variable "https_traffic_only_enabled" { default = true }
variable "min_tls_version" { default = "TLS1_2" }
variable "infrastructure_encryption_enabled" { default = false }
variable "network_rules" { default = {} }
variable "containers" { default = {} }
variable "tags" { default = null }

resource "azurerm_storage_account" "this" {
  public_network_access_enabled     = var.public_network_access_enabled
  allow_nested_items_to_be_public   = var.allow_nested_items_to_be_public
  allow_blob_public_access          = null # of azurerm 2
  https_traffic_only_enabled        = var.https_traffic_only_enabled
  min_tls_version                   = var.min_tls_version
  infrastructure_encryption_enabled = var.infrastructure_encryption_enabled
  tags                              = var.tags
  dynamic "network_rules" {
    for_each = var.network_rules == null ? [] : [var.network_rules]
    content {
      default_action = try(network_rules.value.default_action, "Deny")
      ip_rules       = try(network_rules.value.ip_rules, [])
    }
  }
}

resource "azurerm_storage_container" "this" {
  for_each              = var.containers
  container_access_type = lower(try(each.value.public_access, "None"))
}
