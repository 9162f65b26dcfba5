terraform {
  backend "azurerm" {
    storage_account_name = "acmeprod"
    container_name       = "tfstate"
    key                  = "shop.tfstate"
  }
}
resource "terraform_data" "t" {}
