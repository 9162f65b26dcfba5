# why: the largest private ranges
resource "aws_vpc_security_group_ingress_rule" "private" {
  security_group_id = "sg-0a1b2c3d4e5f60718"
  cidr_ipv4         = "10.0.0.0/8"
  from_port         = 22
  to_port           = 22
  ip_protocol       = "tcp"
}

resource "aws_vpc_security_group_ingress_rule" "local" {
  security_group_id = "sg-0a1b2c3d4e5f60718"
  cidr_ipv6         = "fc00::/7"
  from_port         = 22
  to_port           = 22
  ip_protocol       = "tcp"
}

resource "azurerm_mssql_firewall_rule" "private" {
  name             = "private"
  server_id        = "server"
  start_ip_address = "10.0.0.0"
  end_ip_address   = "10.255.255.255"
}

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
  service_plan_id     = "plan"
  site_config {
    ip_restriction_default_action = "Deny"
  }
}

# why: only a group has the role
data "google_iam_policy" "group" {
  binding {
    role    = "roles/viewer"
    members = ["group:ops@example.com"]
  }
}

resource "google_pubsub_topic_iam_policy" "group" {
  topic       = "orders"
  policy_data = data.google_iam_policy.group.policy_data
}

# why: traffic that goes out
resource "openstack_networking_secgroup_rule_v2" "out" {
  direction         = "egress"
  ethertype         = "IPv4"
  security_group_id = "group"
  remote_ip_prefix  = "0.0.0.0/0"
}

# why: only a network of the account's own reaches it
resource "azurerm_cosmosdb_account" "inside" {
  name                              = "orders"
  resource_group_name               = "shop"
  location                          = "westeurope"
  offer_type                        = "Standard"
  is_virtual_network_filter_enabled = true
  virtual_network_rule {
    id = azurerm_subnet.database.id
  }
}

# why: containers that may be public are reached from named networks only
resource "azurerm_storage_account" "inside" {
  name                     = "shop"
  resource_group_name      = "shop"
  location                 = "westeurope"
  account_tier             = "Standard"
  account_replication_type = "LRS"
  network_rules {
    default_action = "Deny"
  }
}
