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

# why: a unit, whatever the provider masks by its name
resource "aws_cognito_user_pool_client" "app" {
  name         = "app"
  user_pool_id = "pool"
  token_validity_units {
    access_token = "minutes"
  }
}

# why: what stands there until somebody sets the secret by hand
resource "aws_ssm_parameter" "later" {
  name  = "/app/key"
  type  = "SecureString"
  value = "INITIAL_VALUE_OVERRIDDEN"
  lifecycle {
    ignore_changes = [value]
  }
}
