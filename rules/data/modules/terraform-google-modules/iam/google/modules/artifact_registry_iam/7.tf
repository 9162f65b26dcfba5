# https://registry.terraform.io/modules/terraform-google-modules/iam/google/8.2.0/submodules/artifact_registry_iam,
# inputs; compared over 7.2.0 to 8.2.0. Who
# is added to a role stands like those who are all that have it.
table { versions = ">= 7.2.0, < 9.0.0" }

variable "bindings" { default = {} }

resource "google_artifact_registry_repository_iam_binding" "bindings" {
  for_each = var.bindings
  role     = each.key
  members  = each.value
  dynamic "condition" {
    for_each = []
    content {}
  }
}
