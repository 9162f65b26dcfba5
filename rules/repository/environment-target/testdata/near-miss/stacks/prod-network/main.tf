provider "aws" {
  region = "eu-west-1"
  assume_role {
    role_arn = "arn:aws:iam::111122223333:role/terraform-apply"
  }
}

# why: certificates of CloudFront live in this region, and the parameter lists the account
provider "aws" {
  alias               = "dns"
  region              = "us-east-1"
  allowed_account_ids = ["777788889999"]
}

resource "aws_vpc" "main" {
  cidr_block = "10.0.0.0/16"
}
