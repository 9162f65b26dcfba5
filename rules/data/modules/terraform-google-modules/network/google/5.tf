# https://registry.terraform.io/modules/terraform-google-modules/network/google/18.1.0,
# inputs; compared over 5.0.0 to 18.1.0.
table { versions = ">= 5.0.0, < 19.0.0" }

variable "firewall_rules" { default = [] }
variable "ingress_rules" { default = [] }

resource "google_compute_firewall" "rules" {
  for_each                = { for i, r in var.firewall_rules : i => r }
  direction               = try(each.value.direction, "INGRESS")
  disabled                = try(each.value.disabled, null)
  source_ranges           = try(each.value.ranges, null)
  source_tags             = try(each.value.source_tags, null)
  source_service_accounts = try(each.value.source_service_accounts, null)
  dynamic "allow" {
    for_each = try(each.value.allow, [])
    content {
      protocol = allow.value.protocol
      ports    = try(allow.value.ports, null)
    }
  }
  dynamic "log_config" {
    for_each = try(each.value.log_config, null) == null ? [] : [each.value.log_config]
    content {
      metadata = try(log_config.value.metadata, null)
    }
  }
}

resource "google_compute_firewall" "ingress" {
  for_each                = { for i, r in var.ingress_rules : i => r }
  direction               = "INGRESS"
  disabled                = try(each.value.disabled, null)
  source_ranges           = try(each.value.source_ranges, null)
  source_tags             = try(each.value.source_tags, null)
  source_service_accounts = try(each.value.source_service_accounts, null)
  dynamic "allow" {
    for_each = try(each.value.allow, [])
    content {
      protocol = allow.value.protocol
      ports    = try(allow.value.ports, null)
    }
  }
  dynamic "log_config" {
    for_each = try(each.value.log_config, null) == null ? [] : [each.value.log_config]
    content {
      metadata = try(log_config.value.metadata, null)
    }
  }
}

