resource "aws_db_instance" "orders" { # want iac/critical-deletion
  identifier        = "orders"
  engine            = "postgres"
  instance_class    = "db.t4g.medium"
  allocated_storage = 20
}

resource "aws_db_instance" "billing" {
  identifier        = "billing"
  engine            = "postgres"
  instance_class    = "db.t4g.medium"
  allocated_storage = 20

  lifecycle {
    prevent_destroy = false # want iac/critical-deletion
  }
}
