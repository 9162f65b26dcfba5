variable "name" {}

resource "aws_iam_access_key" "this" { # want iac/static-key-created
  user = var.name
}
