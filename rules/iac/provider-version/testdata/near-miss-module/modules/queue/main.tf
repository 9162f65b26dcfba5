# why: a module that others call gives a lower bound and leaves the rest to them
terraform {
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.0"
    }
  }
}
variable "name" { type = string }
resource "aws_sqs_queue" "q" { name = var.name }
