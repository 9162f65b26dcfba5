terraform {
  cloud { # want iac/state-backend
    organization = "acme"
    workspaces { name = "shop" }
  }
}
resource "terraform_data" "t" {}
