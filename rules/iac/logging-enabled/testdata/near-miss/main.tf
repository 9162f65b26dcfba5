# why: the log stands in a resource of its own, for each of the buckets
resource "aws_s3_bucket" "data" {
  for_each = toset(["a", "b"])
  bucket   = each.key
}

resource "aws_s3_bucket_logging" "data" {
  for_each      = aws_s3_bucket.data
  bucket        = each.value.id
  target_bucket = "logs"
  target_prefix = each.key
}

# why: a gateway load balancer has no access log
resource "aws_lb" "inspect" {
  name               = "inspect"
  load_balancer_type = "gateway"
}

# why: logs are written to these buckets
resource "aws_s3_bucket" "source" {
  bucket = "source"
}

resource "aws_s3_bucket_logging" "source" {
  bucket        = aws_s3_bucket.source.id
  target_bucket = aws_s3_bucket.target.id
  target_prefix = "source"
}

resource "aws_s3_bucket" "target" {
  bucket = "target"
}

resource "aws_s3_bucket" "delivered" {
  bucket = "delivered"
}

resource "aws_s3_bucket_acl" "delivered" {
  bucket = aws_s3_bucket.delivered.id
  acl    = "log-delivery-write"
}
