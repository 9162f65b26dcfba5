variable "tags" {
  type    = map(string)
  default = { owner = "shop" }
}

locals {
  tags = merge(var.tags, { environment = terraform.workspace })
}

# why: merged from a variable and a value that is known later
resource "aws_s3_bucket" "data" {
  bucket = "data"
  tags   = local.tags
}

# why: a type that cannot carry tags
resource "aws_s3_bucket_policy" "data" {
  bucket = aws_s3_bucket.data.id
  policy = "{}"
}

# why: an auto scaling group has a block for each tag
resource "aws_autoscaling_group" "web" {
  min_size = 1
  max_size = 2
  tag {
    key                 = "owner"
    value               = "shop"
    propagate_at_launch = true
  }
  tag {
    key                 = "environment"
    value               = "prod"
    propagate_at_launch = true
  }
}

# why: tags of a machine are names of networks, labels are what counts
resource "google_compute_instance" "vm" {
  name         = "vm"
  machine_type = "e2-small"
  tags         = ["web", "eu"]
  labels       = { owner = "shop", environment = "prod" }
}
