terraform {
  required_providers {
    aws = { source = "hashicorp/aws" }
  }
}

variable "vpc" {}

resource "aws_subnet" "s" {
  vpc_id     = var.vpc
  cidr_block = "10.0.2.0/24"
}

output "id" {
  value = aws_subnet.s.id
}
