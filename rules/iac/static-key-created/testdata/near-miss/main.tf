# why: a key pair of which only the public half is known here
resource "aws_key_pair" "admin" {
  key_name   = "admin"
  public_key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIE example"
}

# why: not created by default
resource "aws_iam_access_key" "legacy" {
  count = var.legacy ? 1 : 0
  user  = "legacy"
}

variable "legacy" {
  default = false
}
