# why: the cloud keeps the password
resource "aws_db_instance" "main" {
  identifier                  = "main"
  manage_master_user_password = true
}

# why: only a SecureString is a secret
resource "aws_ssm_parameter" "flag" {
  name  = "/payments/flag"
  type  = "String"
  value = "on"
}

# why: the metadata of a secret is not its value
data "aws_secretsmanager_secret" "db" {
  name = "payments/db"
}

# why: the configuration exempts it
resource "random_password" "seed" {
  length = 8
}

# why: an address and a switch, which no detector calls a secret
resource "kubernetes_secret" "agent" {
  metadata { name = "agent" }
  data = {
    agent_auto_update = "minor"
    agent_address     = "https://app.example.io"
  }
}
