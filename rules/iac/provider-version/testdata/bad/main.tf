terraform { # want iac/provider-version
  required_providers {
    aws = { # want iac/provider-version
      source  = "hashicorp/aws"
      version = ">= 5.0"
    }
    azurerm = { # want iac/provider-version
      source = "hashicorp/azurerm"
    }
    random = "~> 3.6" # want iac/provider-version
  }
}

resource "aws_s3_bucket" "b" {
  bucket = "b"
}

resource "google_storage_bucket" "b" { # want iac/provider-version
  name     = "b"
  location = "EU"
}
