# why: the source of the calls is named, by a value that only apply knows
resource "aws_lambda_permission" "topic" {
  action        = "lambda:InvokeFunction"
  function_name = "shop"
  principal     = "sns.amazonaws.com"
  source_arn    = aws_sns_topic.orders.arn
}

resource "aws_sns_topic" "orders" {
  name = "orders"
}

# why: a server inside a network of its own has no public endpoint
resource "azurerm_postgresql_flexible_server" "inside" {
  name                = "orders"
  resource_group_name = "shop"
  location            = "westeurope"
  delegated_subnet_id = azurerm_subnet.database.id
}

resource "azurerm_subnet" "database" {
  name                 = "database"
  resource_group_name  = "shop"
  virtual_network_name = "shop"
  address_prefixes     = ["10.0.1.0/24"]
}

# why: what is not named is denied
resource "azurerm_linux_web_app" "inside" {
  name                = "shop"
  resource_group_name = "shop"
  location            = "westeurope"
  service_plan_id     = "/subscriptions/1/resourceGroups/shop/providers/Microsoft.Web/serverFarms/plan"
  site_config {
    ip_restriction_default_action = "Deny"
  }
}

# why: a rule among groups of the same network
resource "google_compute_firewall" "inside" {
  name        = "inside"
  network     = "default"
  source_tags = ["web"]
  allow {
    protocol = "tcp"
  }
}

# why: everybody in the organisation, and nobody else
data "google_iam_policy" "group" {
  binding {
    role    = "roles/pubsub.viewer"
    members = ["domain:example.com", google_service_account.shop.member]
  }
}

resource "google_service_account" "shop" {
  account_id = "shop"
}

resource "google_pubsub_topic_iam_policy" "group" {
  topic       = "orders"
  policy_data = data.google_iam_policy.group.policy_data
}
