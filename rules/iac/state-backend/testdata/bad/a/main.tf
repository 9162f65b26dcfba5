terraform {
  backend "s3" { # want iac/state-backend
    bucket = "state"
    key    = "shared.tfstate" # want iac/state-backend
    region = "eu-west-1"
  }
}
resource "terraform_data" "t" {}
