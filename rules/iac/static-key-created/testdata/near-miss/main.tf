# why: a key pair of which only the public half is known here
resource "aws_key_pair" "admin" {
  key_name   = "admin"
  public_key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIE example"
}

# why: not created by default
resource "aws_iam_access_key" "legacy" {
  count = var.legacy ? 1 : 0
  user  = "legacy"
}

variable "legacy" {
  default = false
}

# why: the service takes nothing but an API key, and this one opens nothing else
resource "google_apikeys_key" "feeds" {
  name = "feeds"
  restrictions {
    api_targets {
      service = "chronicle.googleapis.com"
    }
  }
}

# why: which restrictions it has is not known
resource "google_apikeys_key" "maps" {
  name = "maps"
  dynamic "restrictions" {
    for_each = var.restrictions
    content {
      api_targets {
        service = restrictions.value
      }
    }
  }
}

variable "restrictions" {
  type = list(string)
}

# why: only the public half of a pair is registered
resource "github_repository_deploy_key" "flux" {
  title      = "flux"
  repository = "fleet"
  key        = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIE example"
}
