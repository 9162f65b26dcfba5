# A plan writes null for ports that are not listed.
resource "google_compute_firewall" "all" {
  name          = "all"
  network       = "default"
  source_ranges = ["0.0.0.0/0"] # want iac/public-exposure
  allow {
    protocol = "tcp"
  }
}

resource "aws_vpc_security_group_ingress_rule" "quarter" {
  security_group_id = "sg-0a1b2c3d4e5f60718"
  cidr_ipv4         = "64.0.0.0/2" # want iac/public-exposure
  from_port         = 22
  to_port           = 22
  ip_protocol       = "tcp"
}

resource "azurerm_mssql_firewall_rule" "half" {
  name             = "half"
  server_id        = "/subscriptions/1/resourceGroups/shop/providers/Microsoft.Sql/servers/shop"
  start_ip_address = "1.0.0.0" # want iac/public-exposure
  end_ip_address   = "127.255.255.255"
}

resource "aws_lambda_permission" "service" {
  action        = "lambda:InvokeFunction"
  function_name = "shop"
  principal     = "sns.amazonaws.com" # want iac/public-exposure
}

# What is known of a policy that only apply completes.
resource "aws_s3_bucket" "shop" {
  bucket = "shop"
}

resource "aws_dynamodb_resource_policy" "open" {
  resource_arn = aws_dynamodb_table.orders.arn
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { AWS = "*" } # want iac/public-exposure
      Action    = "dynamodb:GetItem"
      Resource  = aws_dynamodb_table.orders.arn
    }]
  })
}

resource "aws_dynamodb_table" "orders" {
  name         = "orders"
  billing_mode = "PAY_PER_REQUEST"
  hash_key     = "id"
  attribute {
    name = "id"
    type = "S"
  }
}

data "google_iam_policy" "open" {
  binding {
    role    = "roles/pubsub.publisher"
    members = ["allUsers", google_service_account.shop.member] # want iac/public-exposure
  }
}

resource "google_service_account" "shop" {
  account_id = "shop"
}

resource "google_pubsub_topic_iam_policy" "open" {
  topic       = "orders"
  policy_data = data.google_iam_policy.open.policy_data
}

resource "google_pubsub_topic_iam_member" "open" {
  for_each = toset(["allUsers", "group:ops@example.com"])
  topic    = "orders"
  role     = "roles/pubsub.publisher"
  member   = each.key # want iac/public-exposure
}

resource "azurerm_linux_web_app" "shop" { # want iac/public-exposure
  name                = "shop"
  resource_group_name = "shop"
  location            = "westeurope"
  service_plan_id     = "/subscriptions/1/resourceGroups/shop/providers/Microsoft.Web/serverFarms/plan"
  site_config {}
}
