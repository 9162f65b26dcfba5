# gone: aws_s3_bucket.exports # want change/recovery-declared
resource "aws_db_instance" "orders" {
  identifier     = "orders"
  engine         = "postgres"
  engine_version = "16.2" # want change/recovery-declared
}

resource "aws_s3_bucket" "invoices" {
  bucket = "invoices-eu" # want change/recovery-declared
}
