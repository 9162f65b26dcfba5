resource "aws_iam_access_key" "ci" { # want iac/static-key-created
  user = "ci"
}

resource "google_service_account_key" "ci" { # want iac/static-key-created
  service_account_id = "ci"
}
