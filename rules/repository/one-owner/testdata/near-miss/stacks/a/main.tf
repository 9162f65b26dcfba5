terraform {
  backend "s3" {
    bucket = "acme-state"
    key    = "a.tfstate"
  }
}

# why: the accounts of stacks without environment are not known, and role names are per account
resource "aws_iam_role" "deploy" {
  name               = "deploy"
  assume_role_policy = "{}"
}
