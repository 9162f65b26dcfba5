variable "open" {
  type    = bool
  default = false
}

# why: not created, as the default of the variable is false
resource "aws_security_group_rule" "debug" {
  count             = var.open ? 1 : 0
  type              = "ingress"
  security_group_id = "sg-1"
  from_port         = 22
  to_port           = 22
  protocol          = "tcp"
  cidr_blocks       = ["0.0.0.0/0"]
}

# why: egress to everywhere lets nobody in
resource "aws_security_group_rule" "out" {
  type              = "egress"
  security_group_id = "sg-1"
  from_port         = 0
  to_port           = 0
  protocol          = "-1"
  cidr_blocks       = ["0.0.0.0/0"]
}

# why: a deny rule for every address
resource "aws_network_acl_rule" "deny" {
  network_acl_id = "acl-1"
  rule_number    = 100
  protocol       = "tcp"
  rule_action    = "deny"
  cidr_block     = "0.0.0.0/0"
}

# why: the endpoint is public, but only for named addresses
resource "aws_eks_cluster" "main" {
  name     = "main"
  role_arn = "arn:aws:iam::111122223333:role/eks"
  vpc_config {
    subnet_ids             = ["subnet-1", "subnet-2"]
    endpoint_public_access = true
    public_access_cidrs    = ["198.51.100.0/24"]
  }
}

# why: the bucket's public access block makes the policy ineffective
resource "aws_s3_bucket" "site" {
  bucket = "example-site"
}

resource "aws_s3_bucket_public_access_block" "site" {
  bucket                  = aws_s3_bucket.site.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_policy" "site" {
  bucket = aws_s3_bucket.site.id
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Principal = "*", Action = "s3:GetObject", Resource = "${aws_s3_bucket.site.arn}/*" }]
  })
}

# why: anybody, but only from one organisation
resource "aws_sns_topic_policy" "events" {
  arn = "arn:aws:sns:eu-west-1:111122223333:events"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = "*"
      Action    = "sns:Publish"
      Resource  = "*"
      Condition = { StringEquals = { "aws:PrincipalOrgID" = "o-1a2b3c4d5e" } }
    }]
  })
}

# why: network rules in a resource of their own deny by default
resource "azurerm_storage_account" "data" {
  name                            = "data"
  resource_group_name             = "rg"
  location                        = "westeurope"
  account_tier                    = "Standard"
  account_replication_type        = "ZRS"
  allow_nested_items_to_be_public = false
}

resource "azurerm_storage_account_network_rules" "data" {
  storage_account_id = azurerm_storage_account.data.id
  default_action     = "Deny"
}

# why: one address, and a range that is not all of the internet
resource "azurerm_mssql_firewall_rule" "office" {
  name             = "office"
  server_id        = "server"
  start_ip_address = "203.0.113.7"
  end_ip_address   = "203.0.113.7"
}

# why: azurerm 2 calls it otherwise, and there it is said
resource "azurerm_storage_account" "old" {
  name                          = "old"
  allow_blob_public_access      = false
  public_network_access_enabled = true
  network_rules {
    default_action = "Deny"
  }
}

# why: answers come back to ephemeral ports; security groups decide who may ask
resource "aws_network_acl_rule" "answers" {
  network_acl_id = "acl-1"
  rule_number    = 140
  rule_action    = "allow"
  protocol       = "tcp"
  cidr_block     = "0.0.0.0/0"
  from_port      = 32768
  to_port        = 65535
}

# why: the direction is nobody's guess, and outward is no exposure
variable "direction" {
  type    = string
  default = "egress"
}

resource "aws_security_group_rule" "outward" {
  type              = var.direction
  security_group_id = "sg-1"
  protocol          = "-1"
  from_port         = 0
  to_port           = 0
  cidr_blocks       = ["0.0.0.0/0"]
}

# why: the rule is switched off
resource "google_compute_firewall" "off" {
  name          = "off"
  network       = "default"
  disabled      = true
  source_ranges = ["0.0.0.0/0"]
  allow {
    protocol = "tcp"
  }
}

# why: no texts where they belong
resource "aws_sqs_queue_policy" "odd" {
  queue_url = "https://sqs.eu-west-1.amazonaws.com/111122223333/q"
  policy = jsonencode({
    Statement = [
      { Effect = "Allow", Principal = { AWS = [1] }, Action = [5, "sqs:SendMessage"], Resource = 1, Condition = { StringEquals = 1, ArnLike = { "aws:SourceArn" = 5 } } },
      { Effect = "Allow", Principal = "*", Action = 5, Resource = 1, Condition = { StringEquals = { "aws:SourceAccount" = 111122223333 } } },
    ]
  })
}
