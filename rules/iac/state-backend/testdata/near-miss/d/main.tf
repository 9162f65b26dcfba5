terraform {
  cloud {
    organization = "shop"
    workspaces { tags = ["bucket"] }
  }
}
resource "terraform_data" "t" {}
