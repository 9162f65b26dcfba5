# why: Terraform Cloud and GCS lock and encrypt by themselves
terraform {
  cloud {
    organization = "acme"
  }
}
resource "terraform_data" "t" {}
