# Documents that nothing here takes are written for somebody outside.
data "aws_iam_policy_document" "admin" {
  statement {
    sid       = "Read"
    actions   = ["s3:GetObject"]
    resources = ["arn:aws:s3:::releases/*"]
  }
  statement {
    actions   = ["*"] # want iac/iam-wildcard
    resources = ["*"]
  }
}

data "aws_iam_policy_document" "pass" {
  statement {
    actions   = ["iam:PassRole"]
    resources = ["*"] # want iac/iam-wildcard
  }
}

data "aws_iam_policy_document" "open" {
  statement {
    actions   = ["sqs:SendMessage"]
    resources = ["arn:aws:sqs:eu-west-1:111122223333:orders"]
    principals { # want iac/iam-wildcard
      type        = "AWS"
      identifiers = ["*"]
    }
  }
}

data "google_iam_policy" "editors" {
  binding {
    role    = "roles/run.invoker"
    members = ["user:alice@example.com"]
  }
  binding {
    role    = "roles/editor" # want iac/iam-wildcard
    members = ["user:alice@example.com"]
  }
}

data "aws_iam_policy" "admin" {
  name = "AdministratorAccess" # want iac/iam-wildcard
}

data "aws_iam_policy" "power" {
  arn = "arn:aws:iam::aws:policy/PowerUserAccess"
}

resource "aws_iam_role_policy_attachment" "power" {
  role       = "app"
  policy_arn = data.aws_iam_policy.power.arn # want iac/iam-wildcard
}

data "google_iam_policy" "taken" {
  binding {
    role    = "roles/owner" # want iac/iam-wildcard
    members = ["user:alice@example.com"]
  }
}

resource "google_folder_iam_policy" "taken" {
  folder      = "folders/1"
  policy_data = data.google_iam_policy.taken.policy_data
}
