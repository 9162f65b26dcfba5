# why: it is judged at the resource that takes it, and there as a trust policy
data "aws_iam_policy_document" "trust" {
  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "Service"
      identifiers = ["lambda.amazonaws.com"]
    }
  }
}

resource "aws_iam_role" "lambda" {
  name               = "lambda"
  assume_role_policy = data.aws_iam_policy_document.trust.json
}

# why: a part of another document, which is judged whole
data "aws_iam_policy_document" "part" {
  statement {
    effect    = "Deny"
    actions   = ["*"]
    resources = ["*"]
  }
}

data "aws_iam_policy_document" "whole" {
  source_policy_documents = [data.aws_iam_policy_document.part.json]
}

# why: the default policy of a key gives it to the account
data "aws_iam_policy_document" "key" {
  statement {
    actions   = ["kms:*"]
    resources = ["*"]
    principals {
      type        = "AWS"
      identifiers = ["arn:aws:iam::111122223333:root"]
    }
  }
}

# why: none is made, for the count is zero
data "aws_iam_policy_document" "none" {
  count = 0
  statement {
    actions   = ["*"]
    resources = ["*"]
  }
}

# why: decrypting is limited to what one resource asks for
data "aws_iam_policy_document" "decrypt" {
  statement {
    actions   = ["kms:Decrypt"]
    resources = ["*"]
    condition {
      test     = "ArnEquals"
      variable = "aws:SourceArn"
      values   = ["arn:aws:sns:eu-west-1:111122223333:orders"]
    }
  }
}

# why: a policy that AWS manages and that reads
data "aws_iam_policy" "read" {
  name = "AmazonS3ReadOnlyAccess"
}

# why: a comma too many is no permission
resource "aws_iam_policy" "comma" {
  policy = <<-JSON
    {
      "Version": "2012-10-17",
      "Statement": [{
        "Effect": "Allow",
        "Action": ["xray:PutTraceSegments",],
        "Resource": "*",
      }],
    }
  JSON
}
