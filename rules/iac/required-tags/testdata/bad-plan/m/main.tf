resource "aws_sns_topic" "t" { # want iac/required-tags
  name = "t"
}
