terraform {
  backend "s3" {} # want iac/state-backend
}
resource "terraform_data" "t" {}
