# why: nothing here is irreversible: a setting, a schedule, a security group, a new bucket
resource "aws_db_instance" "orders" {
  identifier              = "orders"
  engine                  = "postgres"
  engine_version          = "15.4"
  backup_retention_period = 14
}

resource "aws_security_group" "web" {
  name = "web2"
}

resource "aws_s3_bucket" "new" {
  bucket = "new"
}
