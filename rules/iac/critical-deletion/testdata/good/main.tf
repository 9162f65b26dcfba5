resource "aws_db_instance" "orders" {
  identifier              = "orders"
  engine                  = "postgres"
  instance_class          = "db.t4g.large"
  allocated_storage       = 40
  username                = "app"
  password                = "not-a-real-value"
  deletion_protection     = true
  backup_retention_period = 14
}
