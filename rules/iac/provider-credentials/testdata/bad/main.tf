terraform {
  backend "s3" {
    bucket     = "state"
    key        = "x"
    secret_key = "not-a-real-value" # want iac/provider-credentials
  }
}

provider "aws" {
  region     = "eu-west-1"
  access_key = "not-a-real-value" # want iac/provider-credentials
  secret_key = "not-a-real-value" # want iac/provider-credentials
}

provider "azurerm" {
  alias         = "shop"
  client_secret = "not-a-real-value" # want iac/provider-credentials
  features {}
}

resource "terraform_data" "t" {}
