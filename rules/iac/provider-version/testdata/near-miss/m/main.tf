# why: a module leaves the upper bound to the stack, which has one
terraform {
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.0"
    }
  }
}

resource "aws_s3_bucket" "b" {
  bucket = "b"
}
