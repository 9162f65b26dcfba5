# https://registry.terraform.io/modules/terraform-google-modules/project-factory/google/18.0.0,
# inputs: the default network is not created.
table { versions = ">= 10.0.0, < 19.0.0" }

variable "auto_create_network" { default = false }
variable "labels" { default = {} }

resource "google_project" "main" {
  auto_create_network = var.auto_create_network
  labels              = var.labels
}
