# https://registry.terraform.io/modules/terraform-google-modules/cloud-storage/google/12.3.0,
# inputs; defaults compared over 4.0.0 to 12.3.0.
table { versions = ">= 4.0.0, < 13.0.0" }

variable "names" { default = [] }
variable "public_access_prevention" { default = "inherited" }
variable "logging" { default = {} }
variable "force_destroy" { default = {} }
variable "labels" { default = {} }

resource "google_storage_bucket" "buckets" {
  for_each                 = { for i, name in var.names : name => i }
  public_access_prevention = var.public_access_prevention
  force_destroy            = try(var.force_destroy[lower(each.key)], false)
  labels                   = var.labels
  dynamic "logging" {
    for_each = try([var.logging[each.key]], [])
    content {
      log_bucket = try(logging.value.log_bucket, null)
    }
  }
}
