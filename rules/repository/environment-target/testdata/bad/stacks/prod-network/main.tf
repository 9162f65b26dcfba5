provider "aws" {
  region              = "eu-central-1"   # want repository/environment-target
  allowed_account_ids = ["444455556666"] # want repository/environment-target
}

resource "aws_vpc" "main" {
  cidr_block = "10.0.0.0/16"
}
