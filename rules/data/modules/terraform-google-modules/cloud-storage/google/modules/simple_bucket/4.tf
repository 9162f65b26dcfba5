# https://registry.terraform.io/modules/terraform-google-modules/cloud-storage/google/12.3.0/submodules/simple_bucket,
# inputs; defaults compared over 4.0.0 to 12.3.0.
table { versions = ">= 4.0.0, < 13.0.0" }

variable "public_access_prevention" { default = "inherited" }
variable "log_bucket" { default = null }
variable "force_destroy" { default = false }
variable "iam_members" { default = [] }
variable "labels" { default = {} }

resource "google_storage_bucket" "bucket" {
  public_access_prevention = var.public_access_prevention
  force_destroy            = var.force_destroy
  labels                   = var.labels
  dynamic "logging" {
    for_each = var.log_bucket == null ? [] : [var.log_bucket]
    content {
      log_bucket = logging.value
    }
  }
}

resource "google_storage_bucket_iam_member" "members" {
  for_each = { for i, m in var.iam_members : i => m }
  role     = each.value.role
  member   = each.value.member
}
