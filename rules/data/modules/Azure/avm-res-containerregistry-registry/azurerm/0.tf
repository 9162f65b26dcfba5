# https://registry.terraform.io/modules/Azure/avm-res-containerregistry-registry/azurerm/0.8.0,
# inputs; defaults compared over 0.1.0 to 0.8.0.
table { versions = ">= 0.1.0, < 1.0.0" }

variable "public_network_access_enabled" { default = true }
variable "admin_enabled" { default = false }
variable "anonymous_pull_enabled" { default = false }
variable "network_rule_set" { default = null }
variable "tags" { default = null }

resource "azurerm_container_registry" "this" {
  public_network_access_enabled = var.public_network_access_enabled
  admin_enabled                 = var.admin_enabled
  anonymous_pull_enabled        = var.anonymous_pull_enabled
  tags                          = var.tags
  dynamic "network_rule_set" {
    for_each = var.network_rule_set == null ? [] : [var.network_rule_set]
    content {
      default_action = try(network_rule_set.value.default_action, null) == null ? "Deny" : try(network_rule_set.value.default_action, "Deny")
    }
  }
}
