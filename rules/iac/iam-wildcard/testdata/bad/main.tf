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
  policy = data.aws_iam_policy_document.inside.json
}

data "aws_iam_policy_document" "inside" {
  statement {
    actions   = ["iam:Put*Policy", "logs:PutLogEvents"]
    resources = ["*"] # want iac/iam-wildcard
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
  action = "dynamodb:*" # want iac/iam-wildcard
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

# Everything of one kind is everything that the action reaches.
resource "aws_iam_policy" "kinds" {
  policy = jsonencode({
    Statement = [
      { Effect = "Allow", Action = "iam:PassRole", Resource = "arn:aws:iam::111122223333:role/*" }, # want iac/iam-wildcard
      { Effect = "Allow", Action = ["s3:PutObject"], Resource = ["arn:aws:s3:::*"] }, # want iac/iam-wildcard
      { Effect = "Allow", Action = ["s3:DeleteObject"], Resource = ["arn:aws:s3:::*/*"] }, # want iac/iam-wildcard
      { Effect = "Allow", Action = "kms:Decrypt", Resource = "arn:aws:kms:*:*:key/*" }, # want iac/iam-wildcard
      { Effect = "Allow", Action = "lambda:InvokeFunction", Resource = "arn:aws:lambda:eu-west-1:111122223333:function:*" }, # want iac/iam-wildcard
      { Effect = "Allow", Action = "sqs:SendMessage", Resource = "arn:aws:sqs:*:*:*" }, # want iac/iam-wildcard
      { Effect = "Allow", Action = "ec2:TerminateInstances", Resource = "arn:aws:ec2:*:*:instance/*" }, # want iac/iam-wildcard
      { Effect = "Allow", Action = "ec2:RunInstances", Resource = "*" }, # want iac/iam-wildcard
    ]
  })
}

# Conditions that do not limit: met without the key, by everybody, or by all that is asked for.
resource "aws_iam_policy" "met" {
  policy = jsonencode({
    Statement = [
      { Effect = "Allow", Action = "iam:PassRole", Resource = "*", Condition = { StringEqualsIfExists = { "iam:PassedToService" = "ec2.amazonaws.com" } } }, # want iac/iam-wildcard
      { Effect = "Allow", Action = "iam:PassRole", Resource = "*", Condition = { StringLike = { "iam:PassedToService" = "*" } } }, # want iac/iam-wildcard
      { Effect = "Allow", Action = "ec2:RunInstances", Resource = "*", Condition = { "ForAllValues:StringEquals" = { "aws:TagKeys" = ["team"] } } }, # want iac/iam-wildcard
      { Effect = "Allow", Action = "ec2:StopInstances", Resource = "*", Condition = { StringNotEquals = { "aws:ResourceTag/team" = "core" } } }, # want iac/iam-wildcard
      { Effect = "Allow", Action = "kms:Decrypt", Resource = "*", Condition = { Bool = { "aws:SecureTransport" = "true" } } }, # want iac/iam-wildcard
    ]
  })
}

resource "aws_sns_topic_policy" "met" {
  arn = "arn:aws:sns:eu-west-1:111122223333:events"
  policy = jsonencode({
    Statement = [
      { Effect = "Allow", Principal = "*", Action = "sns:Publish", Resource = "*", Condition = { Bool = { "aws:PrincipalIsAWSService" = "false" } } }, # want iac/iam-wildcard
      { Effect = "Allow", Principal = "*", Action = "sns:Publish", Resource = "*", Condition = { "ForAllValues:StringLike" = { "aws:PrincipalServiceNamesList" = ["s3.amazonaws.com"] } } }, # want iac/iam-wildcard
      { Effect = "Allow", Principal = "*", Action = "sns:Publish", Resource = "*", Condition = { StringEquals = { "aws:ResourceOrgID" = "o-a1b2c3d4e5" } } }, # want iac/iam-wildcard
      { Effect = "Allow", Principal = "*", Action = "sns:Publish", Resource = "*", Condition = { StringLike = { "aws:PrincipalOrgID" = "o-*" } } }, # want iac/iam-wildcard
      { Effect = "Allow", Principal = "*", Action = "sns:Publish", Resource = "*", Condition = { IpAddress = { "aws:VpcSourceIp" = "10.0.0.0/8" } } }, # want iac/iam-wildcard
      { Effect = "Allow", Principal = "*", Action = "sns:Publish", Resource = "*", Condition = { ArnLike = { "aws:SourceArn" = "arn:aws:events:*:*:rule/*" } } }, # want iac/iam-wildcard
      { Effect = "Allow", NotPrincipal = { AWS = "arn:aws:iam::111122223333:root" }, Action = "sns:Publish", Resource = "*" }, # want iac/iam-wildcard
    ]
  })
}

resource "aws_iam_policy" "not" {
  policy = jsonencode({
    Statement = [
      { Effect = "Allow", NotAction = "iam:*", Resource = "*" }, # want iac/iam-wildcard
      { Effect = "Allow", Action = "iam:PassRole", NotResource = "arn:aws:iam::111122223333:role/admin" }, # want iac/iam-wildcard
    ]
  })
}

resource "aws_s3_bucket_policy" "half_closed" {
  bucket = "shared"
  policy = jsonencode({
    Statement = [
      { Effect = "Allow", Principal = "*", Action = "s3:GetObject", Resource = "arn:aws:s3:::shared/*" }, # want iac/iam-wildcard
      { Effect = "Deny", Principal = "*", Action = "s3:PutObject", Resource = "arn:aws:s3:::shared/*", Condition = { StringNotEquals = { "aws:SourceVpce" = "vpce-1" } } },
      { Effect = "Deny", Principal = "*", Action = "s3:*", Resource = "arn:aws:s3:::other/*", Condition = { StringNotEquals = { "aws:SourceVpce" = "vpce-1" } } },
      { Effect = "Deny", Principal = "*", Action = "s3:*", Resource = "arn:aws:s3:::shared/*", Condition = { Bool = { "aws:SecureTransport" = "false" } } },
      { Effect = "Deny", Principal = "*", Action = "s3:*", Resource = "arn:aws:s3:::shared/*", Condition = { StringEquals = { "aws:SourceVpce" = "vpce-1" } } },
      { Effect = "Deny", Principal = "*", Action = "s3:*", Resource = "arn:aws:s3:::shared/*", Condition = { StringNotLike = { "aws:PrincipalArn" = "*" } } },
      { Effect = "Deny", Principal = "*", Action = "s3:*", Resource = "arn:aws:s3:::shared/*", Condition = { StringNotEquals = { "aws:SourceVpce" = "vpce-1" }, Bool = { "aws:SecureTransport" = "false" } } },
      { Effect = "Deny", Principal = { AWS = "111122223333" }, Action = "s3:*", Resource = "arn:aws:s3:::shared/*", Condition = { StringNotEquals = { "aws:SourceVpce" = "vpce-1" } } },
    ]
  })
}

resource "aws_opensearch_domain" "open" {
  domain_name = "open"
  access_policies = jsonencode({
    Statement = [{ Effect = "Allow", Principal = { AWS = "*" }, Action = "es:ESHttpGet", Resource = "arn:aws:es:eu-west-1:111122223333:domain/open/*" }] # want iac/iam-wildcard
  })
}
