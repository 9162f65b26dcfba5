resource "aws_sns_topic" "t" { # want iac/plan-complete
  name = "t"
}
