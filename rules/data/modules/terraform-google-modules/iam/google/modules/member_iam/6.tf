# https://registry.terraform.io/modules/terraform-google-modules/iam/google/8.2.0/submodules/member_iam,
# inputs; prefix since 6.2.0; compared over 6.0.0 to 8.2.0.
table { versions = ">= 6.0.0, < 9.0.0" }

variable "project_roles" {}
variable "service_account_address" {}
variable "prefix" { default = "serviceAccount" }

resource "google_project_iam_member" "project_iam_member" {
  for_each = { for i, role in var.project_roles : i => role }
  role     = each.value
  member   = "${var.prefix}:${var.service_account_address}"
  dynamic "condition" {
    for_each = []
    content {}
  }
}
