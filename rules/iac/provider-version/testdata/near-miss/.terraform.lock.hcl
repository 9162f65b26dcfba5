# why: OpenTofu writes its own registry
provider "registry.opentofu.org/hashicorp/aws" {
  version = "6.4.0"
}
