# why: a plan of Terraform 0.14, which says nothing about errors
resource "aws_sns_topic" "t" {
  name = "t"
}
