# the account is known by the providers
provider "aws" {
  region              = "eu-west-1"
  allowed_account_ids = ["111122223333"]
}

resource "aws_sqs_queue" "jobs" {
  name = "jobs" # want repository/one-owner
}
