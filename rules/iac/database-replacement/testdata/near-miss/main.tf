# why: 8.0.35 to 8.0.36 is a minor version of MySQL
resource "aws_db_instance" "shop" {
  identifier        = "shop"
  engine            = "mysql"
  engine_version    = "8.0.36"
  instance_class    = "db.t4g.medium"
  allocated_storage = 20
  username          = "app"
  password          = "not-a-real-value"
}

# why: changes, but holds no data
resource "aws_launch_template" "web" {
  name = "web-2"
}

# why: a new database replaces nothing
resource "aws_dynamodb_table" "new" {
  name     = "new"
  hash_key = "id"
  attribute {
    name = "id"
    type = "S"
  }
}
