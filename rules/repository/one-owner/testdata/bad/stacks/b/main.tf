terraform {
  backend "s3" { # want repository/one-owner
    bucket = "acme-state"
    key    = "shared.tfstate"
  }
}

resource "aws_s3_bucket" "again" {
  bucket = "acme-logs" # want repository/one-owner
}
