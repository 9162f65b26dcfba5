resource "aws_db_instance" "orders" {
  identifier        = "orders"
  engine            = "postgres"
  engine_version    = "15.6"
  instance_class    = "db.t4g.large"
  allocated_storage = 40
  username          = "app"
  password          = "not-a-real-value"
}
