terraform {
  backend "local" { # want iac/state-backend
    path = "x.tfstate"
  }
}
resource "terraform_data" "t" {}
