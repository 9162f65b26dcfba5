# https://registry.terraform.io/modules/terraform-google-modules/cloud-storage/google/12.3.0,
# inputs; defaults compared over 4.0.0 to 12.3.0.
table { versions = ">= 4.0.0, < 13.0.0" }

variable "names" { default = [] }
variable "public_access_prevention" { default = "inherited" }
variable "logging" { default = {} }
variable "force_destroy" { default = {} }
variable "set_admin_roles" { default = false }
variable "admins" { default = [] }
variable "bucket_admins" { default = {} }
variable "set_creator_roles" { default = false }
variable "creators" { default = [] }
variable "bucket_creators" { default = {} }
variable "set_viewer_roles" { default = false }
variable "viewers" { default = [] }
variable "bucket_viewers" { default = {} }
variable "set_storage_admin_roles" { default = false }
variable "storage_admins" { default = [] }
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

resource "google_storage_bucket_iam_binding" "admins" {
  count   = var.set_admin_roles ? 1 : 0
  members = concat(var.admins, flatten([for name, list in var.bucket_admins : split(",", list)]))
}

resource "google_storage_bucket_iam_binding" "creators" {
  count   = var.set_creator_roles ? 1 : 0
  members = concat(var.creators, flatten([for name, list in var.bucket_creators : split(",", list)]))
}

resource "google_storage_bucket_iam_binding" "viewers" {
  count   = var.set_viewer_roles ? 1 : 0
  members = concat(var.viewers, flatten([for name, list in var.bucket_viewers : split(",", list)]))
}

resource "google_storage_bucket_iam_binding" "storage_admins" {
  count   = var.set_storage_admin_roles ? 1 : 0
  members = var.storage_admins
}
