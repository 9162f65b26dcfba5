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

# why: a provider that tests mock
provider "aws" {
  alias      = "mock"
  access_key = "mock_access_key"
  secret_key = "test"
}

# why: the file that a pipeline puts there, not what is in it
provider "google" {
  credentials = "account.json"
}
