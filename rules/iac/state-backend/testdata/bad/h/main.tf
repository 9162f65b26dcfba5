variable "region" { type = string } # want iac/state-backend
provider "aws" { region = var.region }
resource "aws_sqs_queue" "q" { name = "q" }
