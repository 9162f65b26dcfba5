provider "aws" {
  region = "eu-west-1"
  default_tags {
    tags = {
      owner = "platform"
    }
  }
}

# The owner comes from the provider, the environment from nowhere.
resource "aws_s3_bucket" "reports" {
  bucket = "reports"
  tags = { # want iac/required-tags
    Name = "reports"
  }
}

resource "aws_sqs_queue" "jobs" { # want iac/required-tags
  name = "jobs"
}

resource "google_storage_bucket" "data" {
  name     = "data"
  location = "EU"
  labels = { # want iac/required-tags
    owner = ""
  }
}

module "m" {
  source = "./m"
  providers = {
    aws = aws.plain
  }
}

provider "aws" {
  alias = "plain"
}
