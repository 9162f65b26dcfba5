resource "random_password" "db" {
  length = 32
}

output "db_password" {
  value     = random_password.db.result
  sensitive = true
}

resource "aws_db_instance" "db" {
  engine                      = "postgres"
  username                    = "app"
  manage_master_user_password = true
}
