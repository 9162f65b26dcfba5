# want iac/state-monolith
resource "aws_sns_topic" "t" {
  count = 301
  name  = "t${count.index}"
}
