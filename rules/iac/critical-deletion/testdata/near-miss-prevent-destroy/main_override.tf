resource "aws_db_instance" "orders" {
  lifecycle {
    prevent_destroy = true
  }
}
