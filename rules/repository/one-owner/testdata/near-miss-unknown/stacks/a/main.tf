# why: nothing tells whether the two stacks work in one account
resource "aws_iam_role" "deploy" {
  name               = "deploy"
  assume_role_policy = "{}"
}
