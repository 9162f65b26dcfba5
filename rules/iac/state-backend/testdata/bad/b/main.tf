terraform {
  backend "s3" {
    bucket       = "state"
    key          = "shared.tfstate" # want iac/state-backend
    region       = "eu-west-1"
    encrypt      = false # want iac/state-backend
    use_lockfile = true
  }
}
resource "terraform_data" "t" {}
