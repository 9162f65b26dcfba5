provider "registry.terraform.io/hashicorp/aws" {
  version     = "6.4.0"
  constraints = ">= 5.0.0"
  hashes      = ["h1:abc="]
}

provider "registry.terraform.io/hashicorp/azurerm" {
  version = "4.70.0"
}

provider "registry.terraform.io/hashicorp/random" {
  version = "3.6.1"
}
