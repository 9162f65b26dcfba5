# https://registry.terraform.io/modules/terraform-google-modules/iam/google/8.2.0/submodules/kms_key_rings_iam,
# inputs; compared over 3.0.0 to 8.2.0. Who
# is added to a role stands like those who are all that have it.
table { versions = ">= 3.0.0, < 9.0.0" }

variable "bindings" { default = {} }
variable "conditional_bindings" { default = [] }

resource "google_kms_key_ring_iam_binding" "bindings" {
  for_each = var.bindings
  role     = each.key
  members  = each.value
  dynamic "condition" {
    for_each = []
    content {}
  }
}

resource "google_kms_key_ring_iam_binding" "conditional" {
  for_each = { for i, b in var.conditional_bindings : i => b }
  role     = each.value.role
  members  = each.value.members
  condition {
    title      = try(each.value.title, null)
    expression = try(each.value.expression, null)
  }
}
