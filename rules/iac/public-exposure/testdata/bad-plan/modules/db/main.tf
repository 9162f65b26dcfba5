variable "name" {}

resource "aws_db_instance" "this" {
  identifier          = replace(var.name, ".", "-")
  engine              = "postgres"
  instance_class      = "db.t4g.medium"
  allocated_storage   = 20
  username            = "app"
  password            = "not-a-real-value"
  publicly_accessible = true # want iac/public-exposure
}
