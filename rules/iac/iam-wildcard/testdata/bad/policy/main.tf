variable "action" {}

resource "aws_dynamodb_table" "t" {
  name = "t"
}

resource "aws_iam_policy" "this" {
  policy = jsonencode({
    Statement = [{
      Effect   = "Allow"
      Action   = [var.action]
      Resource = aws_dynamodb_table.t.arn
    }]
  })
}
