variable "db_password" {
  type      = string
  sensitive = true
}

resource "aws_db_instance" "main" {
  identifier                  = "main"
  username                    = "app"
  manage_master_user_password = true
}

resource "aws_db_instance" "other" {
  identifier = "other"
  password   = var.db_password
}
