# why: an example is not applied
provider "aws" { region = "eu-west-1" }
resource "aws_sqs_queue" "q" { name = "q" }
