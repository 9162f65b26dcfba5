terraform { # want iac/state-backend
  required_version = "~> 1.9"
}
resource "terraform_data" "t" {}
