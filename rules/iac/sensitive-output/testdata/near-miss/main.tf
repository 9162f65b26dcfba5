variable "password" {
  sensitive = true
}

# why: comes from outside the configuration
resource "aws_db_instance" "db" {
  engine   = "postgres"
  username = "app"
  password = var.password
}

# why: the name of a secret, not the secret
output "secret_name" {
  value = aws_secretsmanager_secret.db.name
}

resource "aws_secretsmanager_secret" "db" {
  name = "db-password"
}

# why: a file that holds nothing secret
resource "local_file" "inventory" {
  filename = "inventory"
  content  = "host ${aws_db_instance.db.address}"
}
