module "db" {
  source   = "./modules/db"
  for_each = toset(["a.b", "c"])
  name     = each.key
}

module "rules" {
  source = "./modules/rules"
  ports  = [22, 3389]
}

resource "aws_security_group" "web" {
  name = "web"

  ingress {
    from_port   = 8443
    to_port     = 8443
    protocol    = "tcp"
    cidr_blocks = ["10.1.0.0/16"]
  }

  ingress {
    from_port   = 443
    to_port     = 443
    protocol    = "tcp"
    cidr_blocks = ["203.0.113.0/24", "0.0.0.0/0"] # want iac/public-exposure
  }
}

resource "aws_s3_bucket" "site" {
  bucket_prefix = "site"
}

data "aws_iam_policy_document" "site" {
  statement {
    actions   = ["s3:GetObject"]
    resources = ["${aws_s3_bucket.site.arn}/*"]
    principals {
      type        = "AWS"
      identifiers = ["*"] # want iac/public-exposure
    }
  }
}

# The document is known only after apply, but who may read is not.
resource "aws_s3_bucket_policy" "site" {
  bucket = aws_s3_bucket.site.id
  policy = data.aws_iam_policy_document.site.json
}

resource "aws_lb" "front" { # want iac/public-exposure
  name    = "front"
  subnets = ["subnet-1", "subnet-2"]
}
