variable "action" {}

resource "aws_dynamodb_table" "t" {
  name = "t"
}

resource "aws_iam_policy" "this" {
  policy = jsonencode({
    Statement = [{
      Effect   = "Allow"
      Action   = [var.action] # want iac/iam-wildcard
      Resource = aws_dynamodb_table.t.arn
    }]
  })
}
