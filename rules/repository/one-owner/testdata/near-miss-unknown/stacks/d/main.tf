# why: one name in two regions of an account is two queues
provider "aws" {
  region              = "us-east-1"
  allowed_account_ids = ["111122223333"]
}

resource "aws_sqs_queue" "jobs" {
  name = "jobs"
}
