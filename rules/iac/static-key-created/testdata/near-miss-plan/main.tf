# why: the key exists already and the plan does not touch it
resource "aws_iam_access_key" "old" {
  user = "ci"
}
