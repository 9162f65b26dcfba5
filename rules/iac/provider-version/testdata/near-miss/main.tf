terraform {
  required_version = ">= 1.6, < 2.0"
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 6.0, < 7.0"
    }
  }
}

module "m" {
  source = "./m"
}

# why: part of Terraform itself
resource "terraform_data" "t" {}
