variable "token" {
  sensitive = true
}

# why: the token is given from outside
provider "github" {
  owner = "acme"
  token = var.token
}

# why: an empty credential is none
provider "aws" {
  region     = "eu-west-1"
  access_key = ""
}

resource "terraform_data" "t" {}
