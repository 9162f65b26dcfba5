variable "n" {}
resource "aws_s3_bucket" "c" {
  count  = 2
  bucket = "m-${var.n}-${count.index}"
}
