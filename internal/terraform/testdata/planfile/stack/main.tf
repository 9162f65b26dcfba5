terraform {
  required_providers {
    aws = { source = "hashicorp/aws" }
  }
}
variable "pw" {
  sensitive = true
}
resource "aws_s3_bucket" "a" { bucket = "two" }
resource "aws_db_instance" "db" {
  engine            = "mysql"
  instance_class    = "db.t3"
  password          = var.pw
  availability_zone = "b"
  lifecycle { create_before_destroy = true }
}
resource "aws_s3_bucket" "m2" { bucket = "m" }
moved {
  from = aws_s3_bucket.m
  to   = aws_s3_bucket.m2
}
removed {
  from = aws_s3_bucket.fg
  lifecycle { destroy = false }
}
resource "aws_s3_bucket" "each" {
  for_each = toset(["a.b", "c\"d", "ü"])
  bucket   = each.key
}
module "x" {
  source = "./mod"
  count  = 2
  n      = count.index
}
data "aws_iam_policy_document" "d" {
  statement {
    actions   = ["s3:*"]
    resources = [aws_s3_bucket.each["a.b"].arn]
  }
}
output "o" { value = aws_s3_bucket.a.bucket }
