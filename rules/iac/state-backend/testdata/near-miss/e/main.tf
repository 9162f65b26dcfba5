# why: containers of one name in two accounts are two
terraform {
  backend "azurerm" {
    storage_account_name = "acmedev"
    container_name       = "tfstate"
    key                  = "shop.tfstate"
  }
}
resource "terraform_data" "t" {}
