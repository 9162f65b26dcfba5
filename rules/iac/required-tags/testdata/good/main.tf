provider "aws" {
  default_tags {
    tags = {
      owner       = "platform"
      environment = var.environment
    }
  }
}

variable "environment" {}

resource "aws_s3_bucket" "reports" {
  bucket = "reports"
}

resource "azurerm_resource_group" "rg" {
  name     = "rg"
  location = "westeurope"
  tags = {
    Owner       = "platform"
    Environment = "prod"
  }
}
