# why: the workspaces are chosen by their tags, those of d by others
terraform {
  cloud {
    organization = "shop"
    workspaces { tags = ["queue"] }
  }
}
resource "terraform_data" "t" {}
