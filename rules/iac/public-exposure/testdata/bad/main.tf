variable "admin_port" {
  default = 22
}

locals {
  world = "0.0.0.0/0"
}

resource "aws_security_group" "web" {
  name = "web"

  ingress {
    from_port   = 443
    to_port     = 443
    protocol    = "tcp"
    cidr_blocks = ["10.0.0.0/8", "0.0.0.0/0"] # want iac/public-exposure
  }

  ingress {
    from_port        = var.admin_port
    to_port          = var.admin_port
    protocol         = "tcp"
    ipv6_cidr_blocks = ["::/0"] # want iac/public-exposure
  }

  egress {
    from_port   = 0
    to_port     = 0
    protocol    = "-1"
    cidr_blocks = ["0.0.0.0/0"]
  }
}

resource "aws_security_group" "generated" {
  name = "generated"

  dynamic "ingress" {
    for_each = toset(["8080", "8081"])
    content {
      from_port   = ingress.value
      to_port     = ingress.value
      protocol    = "tcp"
      cidr_blocks = [local.world] # want iac/public-exposure
    }
  }
}

resource "aws_vpc_security_group_ingress_rule" "all" {
  security_group_id = aws_security_group.web.id
  cidr_ipv4         = local.world # want iac/public-exposure
  ip_protocol       = "-1"
}

# The two halves of the internet are the internet.
resource "aws_security_group_rule" "halves" {
  type              = "ingress"
  security_group_id = aws_security_group.web.id
  from_port         = 5432
  to_port           = 5432
  protocol          = "tcp"
  cidr_blocks = [
    "0.0.0.0/1",   # want iac/public-exposure
    "128.0.0.0/1", # want iac/public-exposure
  ]
}

resource "aws_lambda_function_url" "hook" {
  function_name      = "hook"
  authorization_type = "NONE" # want iac/public-exposure
}

# The API endpoint of a cluster is public unless it is turned off.
resource "aws_eks_cluster" "main" {
  name     = "main"
  role_arn = "arn:aws:iam::111122223333:role/eks"
  vpc_config { # want iac/public-exposure
    subnet_ids = ["subnet-1", "subnet-2"]
  }
}

resource "aws_s3_bucket" "site" {
  bucket = "example-site"
}

resource "aws_s3_bucket_policy" "site" {
  bucket = aws_s3_bucket.site.id
  policy = data.aws_iam_policy_document.site.json
}

data "aws_iam_policy_document" "site" {
  statement {
    actions   = ["s3:GetObject"]
    resources = ["${aws_s3_bucket.site.arn}/*"]
    principals {
      type        = "*"
      identifiers = ["*"] # want iac/public-exposure
    }
  }
}

resource "aws_sqs_queue_policy" "inbox" {
  queue_url = aws_sqs_queue.inbox.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Effect    = "Allow"
        Principal = { AWS = "*" } # want iac/public-exposure
        Action    = "sqs:SendMessage"
        Resource  = aws_sqs_queue.inbox.arn
      },
    ]
  })
}

resource "aws_sqs_queue" "inbox" {
  name = "inbox"
}

resource "azurerm_network_security_group" "vm" {
  name                = "vm"
  location            = "westeurope"
  resource_group_name = "rg"

  security_rule {
    name                       = "rdp"
    priority                   = 100
    direction                  = "Inbound"
    access                     = "Allow"
    protocol                   = "Tcp"
    source_port_range          = "*"
    destination_port_range     = "3389"
    source_address_prefix      = "Internet" # want iac/public-exposure
    destination_address_prefix = "*"
  }
}

resource "azurerm_postgresql_flexible_server" "db" { # want iac/public-exposure
  name                = "db"
  location            = "westeurope"
  resource_group_name = "rg"
}

resource "google_compute_firewall" "ssh" {
  name          = "ssh"
  network       = "default"
  source_ranges = ["0.0.0.0/0"] # want iac/public-exposure
  allow {
    protocol = "tcp"
    ports    = ["22"]
  }
}

resource "google_storage_bucket_iam_member" "public" {
  bucket = "example"
  role   = "roles/storage.objectViewer"
  member = "allUsers" # want iac/public-exposure
}

resource "google_compute_instance" "vm" {
  name         = "vm"
  machine_type = "e2-small"
  network_interface {
    network = "default"
    access_config { # want iac/public-exposure
    }
  }
}

# Other tenants of the cloud are strangers too.
resource "azurerm_mssql_firewall_rule" "azure" {
  name             = "azure"
  server_id        = "server"
  start_ip_address = "0.0.0.0" # want iac/public-exposure
  end_ip_address   = "0.0.0.0"
}

resource "azurerm_cosmosdb_account" "azure" {
  name            = "azure"
  ip_range_filter = "0.0.0.0" # want iac/public-exposure
}

resource "azurerm_storage_account" "two" {
  name                          = "two"
  allow_blob_public_access      = true # want iac/public-exposure
  public_network_access_enabled = true # want iac/public-exposure
}

resource "aws_network_acl_rule" "ssh" {
  network_acl_id = "acl-1"
  rule_number    = 100
  rule_action    = "allow"
  protocol       = "tcp"
  cidr_block     = "0.0.0.0/0" # want iac/public-exposure
  from_port      = 22
  to_port        = 22
}

resource "aws_sns_topic_policy" "odd" {
  arn = "arn:aws:sns:eu-west-1:111122223333:events"
  policy = jsonencode({
    Statement = [
      { Effect = "Allow", Principal = "*", Action = [5, "sns:Publish"], Resource = 1 }, # want iac/public-exposure
    ]
  })
}
