data "aws_caller_identity" "me" {}

resource "aws_s3_bucket" "b" {
  bucket = "releases"
}

resource "aws_iam_policy" "encoded" {
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Effect   = "Allow"
        Action   = ["s3:GetObject", "s3:*"] # want iac/iam-wildcard
        Resource = "${aws_s3_bucket.b.arn}/*"
      },
      {
        Effect   = "Allow"
        Action   = "iam:PassRole"
        Resource = "*" # want iac/iam-wildcard
      },
      {
        Effect    = "Allow"
        NotAction = "iam:*" # want iac/iam-wildcard
        Resource  = aws_s3_bucket.b.arn
      },
    ]
  })
}

resource "aws_iam_role_policy" "heredoc" {
  role   = "app"
  policy = <<-JSON
    {
      "Version": "2012-10-17",
      "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}
    }
  JSON
}

# Wildcards inside a service reach what the table names.
resource "aws_iam_user_policy" "inside" {
  user   = "ci"
  policy = data.aws_iam_policy_document.inside.json # want iac/iam-wildcard
}

data "aws_iam_policy_document" "inside" {
  statement {
    actions   = ["iam:Put*Policy", "logs:PutLogEvents"]
    resources = ["*"]
  }
}

resource "aws_iam_role" "trust" {
  name = "open"
  assume_role_policy = jsonencode({
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { AWS = "*" } # want iac/iam-wildcard
    }]
  })
  inline_policy {
    name = "all"
    policy = jsonencode({
      Statement = [{
        Effect   = "Allow"
        Action   = "*" # want iac/iam-wildcard
        Resource = "*"
      }]
    })
  }
}

resource "aws_iam_role_policy_attachment" "admin" {
  role       = "app"
  policy_arn = "arn:aws-cn:iam::aws:policy/AdministratorAccess" # want iac/iam-wildcard
}

# All of the key to a role, which is not the account.
resource "aws_kms_key" "k" {
  policy = jsonencode({
    Statement = [{
      Effect    = "Allow"
      Principal = { AWS = "arn:aws:iam::111122223333:role/app" }
      Action    = "kms:*" # want iac/iam-wildcard
      Resource  = "*"
    }]
  })
}

module "policy" {
  source = "./policy"
  action = "dynamodb:*"
}

# A comma too many does not hide what is meant.
resource "aws_iam_policy" "comma" {
  policy = "{\"Statement\": [{\"Effect\": \"Allow\", \"Action\": [\"s3:*\",], \"Resource\": \"*\"}]}" # want iac/iam-wildcard
}

resource "aws_ses_identity_policy" "mail" {
  identity = "example.com"
  name     = "mail"
  policy = jsonencode({
    Statement = [{
      Effect    = "Allow"
      Principal = "*" # want iac/iam-wildcard
      Action    = "ses:SendEmail"
      Resource  = "*"
    }]
  })
}

resource "aws_lambda_permission" "all" {
  statement_id  = "all"
  action        = "lambda:*" # want iac/iam-wildcard
  function_name = "f"
  principal     = "s3.amazonaws.com"
}
