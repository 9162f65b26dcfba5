# https://registry.terraform.io/modules/Azure/avm-res-keyvault-vault/azurerm/0.11.0,
# inputs; defaults compared over 0.2.0 to 0.11.0.
table { versions = ">= 0.2.0, < 1.0.0" }

variable "public_network_access_enabled" { default = true }
variable "purge_protection_enabled" { default = true }
variable "network_acls" { default = {} }
variable "tags" { default = null }

resource "azurerm_key_vault" "this" {
  public_network_access_enabled = var.public_network_access_enabled
  purge_protection_enabled      = var.purge_protection_enabled
  tags                          = var.tags
  dynamic "network_acls" {
    for_each = var.network_acls == null ? [] : [var.network_acls]
    content {
      default_action = try(network_acls.value.default_action, null) == null ? "Deny" : try(network_acls.value.default_action, "Deny")
    }
  }
}
