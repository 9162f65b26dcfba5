ephemeral "random_password" "db" {
  length = 32
}

resource "aws_secretsmanager_secret_version" "db" {
  secret_id                = "payments/db"
  secret_string_wo         = ephemeral.random_password.db.result
  secret_string_wo_version = 1
}
