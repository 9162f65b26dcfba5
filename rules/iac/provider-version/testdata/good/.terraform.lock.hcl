provider "registry.terraform.io/hashicorp/aws" {
  version     = "6.4.0"
  constraints = "~> 6.4"
  hashes      = ["h1:abc="]
}
