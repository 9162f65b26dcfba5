terraform {
  backend "s3" {
    bucket       = "state"
    key          = "shop.tfstate"
    region       = "eu-west-1"
    encrypt      = true
    use_lockfile = true
  }
}
resource "terraform_data" "t" {}
