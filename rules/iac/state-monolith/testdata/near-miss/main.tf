# why: exactly as many as one state may own
resource "aws_sns_topic" "t" {
  count = 300
  name  = "t${count.index}"
}
