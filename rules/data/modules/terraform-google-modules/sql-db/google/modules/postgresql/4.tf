# https://registry.terraform.io/modules/terraform-google-modules/sql-db/google/28.1.1/submodules/postgresql,
# inputs; defaults compared over 4.2.0 to 28.1.1.
table { versions = ">= 4.2.0, < 29.0.0" }

variable "ip_configuration" { default = {} }
variable "encryption_key_name" { default = null }
variable "deletion_protection" { default = true }
variable "user_labels" { default = {} }

resource "google_sql_database_instance" "default" {
  encryption_key_name = var.encryption_key_name
  deletion_protection = var.deletion_protection
  settings {
    user_labels = var.user_labels
    ip_configuration {
      ipv4_enabled = try(var.ip_configuration.ipv4_enabled, true)
      ssl_mode     = try(var.ip_configuration.ssl_mode, null)
      require_ssl  = try(var.ip_configuration.require_ssl, null)
      dynamic "authorized_networks" {
        for_each = try(var.ip_configuration.authorized_networks, [])
        content {
          value = try(authorized_networks.value.value, null)
        }
      }
    }
  }
}
