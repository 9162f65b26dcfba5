resource "aws_iam_access_key" "ci" { # want iac/static-key-created
  user = "ci"
}

resource "google_service_account_key" "ci" { # want iac/static-key-created
  service_account_id = "ci"
}

resource "google_apikeys_key" "any" { # want iac/static-key-created
  name = "any"
}
