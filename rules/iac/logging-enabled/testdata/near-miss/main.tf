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
