resource "aws_s3_bucket" "b" {
  bucket_prefix = "releases"
}

data "aws_iam_policy_document" "app" {
  statement {
    actions   = ["s3:*"] # want iac/iam-wildcard
    resources = [aws_s3_bucket.b.arn, "${aws_s3_bucket.b.arn}/*"]
  }
}

# Known only after apply as a text, but the action is known now.
resource "aws_iam_policy" "app" {
  policy = data.aws_iam_policy_document.app.json
}

resource "aws_iam_role_policy" "encoded" {
  role = "app"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = ["s3:GetObject"], Resource = aws_s3_bucket.b.arn },
      {
        Effect   = "Allow"
        Action   = "sts:AssumeRole"
        Resource = "*" # want iac/iam-wildcard
      },
    ]
  })
}

resource "aws_iam_policy" "known" {
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect   = "Allow"
      Action   = "ec2:*" # want iac/iam-wildcard
      Resource = "arn:aws:ec2:eu-west-1:111122223333:instance/*"
    }]
  })
}

# What it allows hangs on something that apply computes.
resource "aws_iam_policy" "opaque" {
  policy = aws_s3_bucket.b.bucket_domain_name # want iac/iam-wildcard
}
