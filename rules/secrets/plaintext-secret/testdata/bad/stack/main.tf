variable "db_password" {
  type    = string
  default = "s3rv1ce" # want secrets/plaintext-secret
}

resource "aws_db_instance" "main" {
  identifier = "main"
  username   = "app"
  password   = "s3rv1ce" # want secrets/plaintext-secret
}

resource "aws_ssm_parameter" "key" {
  name  = "/payments/signing"
  type  = "SecureString"
  value = "correct horse" # want secrets/plaintext-secret
}
