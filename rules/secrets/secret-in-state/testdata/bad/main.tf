resource "random_password" "db" { # want secrets/secret-in-state
  length = 32
}

resource "aws_db_instance" "main" {
  identifier = "main"
  password   = random_password.db.result # want secrets/secret-in-state
}

resource "aws_secretsmanager_secret_version" "db" {
  secret_id     = "payments/db"
  secret_string = random_password.db.result # want secrets/secret-in-state
}

resource "aws_ssm_parameter" "key" {
  name  = "/payments/key"
  type  = "SecureString"
  value = var.key # want secrets/secret-in-state
}

data "vault_kv_secret_v2" "api" { # want secrets/secret-in-state
  mount = "kv"
  name  = "payments/api"
}

variable "key" {
  type      = string
  sensitive = true
}

resource "kubernetes_secret" "agent" {
  metadata { name = "agent" }
  data = { # want secrets/secret-in-state
    address  = "https://app.example.io"
    password = random_password.agent.result
  }
}

resource "random_password" "agent" { # want secrets/secret-in-state
  length = 20
}
