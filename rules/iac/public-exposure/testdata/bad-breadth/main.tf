# Ranges that hold the internet though they do not say so.
resource "aws_vpc_security_group_ingress_rule" "noncanonical" {
  security_group_id = "sg-0a1b2c3d4e5f60718"
  cidr_ipv4         = "10.0.0.0/0" # want iac/public-exposure
  from_port         = 22
  to_port           = 22
  ip_protocol       = "tcp"
}

resource "aws_vpc_security_group_ingress_rule" "quarter" {
  security_group_id = "sg-0a1b2c3d4e5f60718"
  cidr_ipv4         = "64.0.0.0/2" # want iac/public-exposure
  from_port         = 22
  to_port           = 22
  ip_protocol       = "tcp"
}

resource "aws_vpc_security_group_ingress_rule" "long" {
  security_group_id = "sg-0a1b2c3d4e5f60718"
  cidr_ipv6         = "0000:0000:0000:0000:0000:0000:0000:0000/0" # want iac/public-exposure
  from_port         = 22
  to_port           = 22
  ip_protocol       = "tcp"
}

resource "aws_vpc_security_group_ingress_rule" "unicast" {
  security_group_id = "sg-0a1b2c3d4e5f60718"
  cidr_ipv6         = "2000::/3" # want iac/public-exposure
  from_port         = 22
  to_port           = 22
  ip_protocol       = "tcp"
}

resource "azurerm_network_security_rule" "slash" {
  name                        = "ssh"
  priority                    = 100
  direction                   = "Inbound"
  access                      = "Allow"
  protocol                    = "Tcp"
  source_port_range           = "*"
  destination_port_range      = "22"
  source_address_prefix       = "34.15.11.3/0" # want iac/public-exposure
  destination_address_prefix  = "*"
  resource_group_name         = "shop"
  network_security_group_name = "shop"
}

resource "azurerm_mssql_firewall_rule" "half" {
  name             = "half"
  server_id        = "server"
  start_ip_address = "1.0.0.0" # want iac/public-exposure
  end_ip_address   = "127.255.255.255"
}

resource "azurerm_redis_firewall_rule" "zero" {
  name                = "zero"
  redis_cache_name    = "cache"
  resource_group_name = "shop"
  start_ip            = "0.0.0.0" # want iac/public-exposure
  end_ip              = "0.0.0.0"
}

# A policy inside the resource, one in a list of principals, one for a service.
resource "aws_s3_bucket" "inline" {
  bucket = "shop-inline"
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Principal = "*", Action = "s3:GetObject", Resource = "arn:aws:s3:::shop-inline/*" }] # want iac/public-exposure
  })
  grant {
    type        = "Group"
    permissions = ["READ"]
    uri         = "http://acs.amazonaws.com/groups/global/AllUsers" # want iac/public-exposure
  }
}

resource "alicloud_oss_bucket" "list" {
  bucket = "shop-list"
  policy = jsonencode({
    Version   = "1"
    Statement = [{ Effect = "Allow", Principal = ["*"], Action = ["oss:GetObject"], Resource = ["acs:oss:*:1:shop-list/*"] }] # want iac/public-exposure
  })
}

resource "aws_lambda_permission" "everybody" {
  action        = "lambda:InvokeFunction"
  function_name = "shop"
  principal     = "*" # want iac/public-exposure
  source_arn    = "arn:aws:events:eu-west-1:111122223333:rule/daily"
}

resource "aws_lambda_permission" "service" {
  action        = "lambda:InvokeFunction"
  function_name = "shop"
  principal     = "sns.amazonaws.com" # want iac/public-exposure
}

# Roles of Google Cloud, by member and as a whole policy.
resource "google_pubsub_schema_iam_member" "all" {
  schema = "orders"
  role   = "roles/viewer"
  member = "allUsers" # want iac/public-exposure
}

data "google_iam_policy" "open" {
  binding {
    role    = "roles/cloudkms.cryptoKeyEncrypter"
    members = ["allAuthenticatedUsers"] # want iac/public-exposure
  }
}

resource "google_kms_crypto_key_iam_policy" "open" {
  crypto_key_id = "key"
  policy_data   = data.google_iam_policy.open.policy_data
}

resource "google_storage_bucket_acl" "entity" {
  bucket      = "shop"
  role_entity = ["OWNER:project-owners-1", "READER:allUsers"] # want iac/public-exposure
}

# Other clouds.
resource "digitalocean_firewall" "ssh" {
  name = "ssh"
  inbound_rule {
    protocol         = "tcp"
    port_range       = "22"
    source_addresses = ["192.168.1.0/24", "::/0"] # want iac/public-exposure
  }
}

resource "openstack_networking_secgroup_rule_v2" "ssh" {
  direction         = "ingress"
  ethertype         = "IPv4"
  security_group_id = "group"
  remote_ip_prefix  = "0.0.0.0/0" # want iac/public-exposure
}

# Rules of networks that are switched off settle nothing.
resource "azurerm_cosmosdb_account" "off" { # want iac/public-exposure
  name                              = "orders"
  resource_group_name               = "shop"
  location                          = "westeurope"
  offer_type                        = "Standard"
  is_virtual_network_filter_enabled = false
  virtual_network_rule {
    id = azurerm_subnet.database.id
  }
}

# What is not named is denied, and everything is named.
resource "azurerm_storage_account" "named" {
  name                     = "shop"
  resource_group_name      = "shop"
  location                 = "westeurope"
  account_tier             = "Standard"
  account_replication_type = "LRS"
  network_rules {
    default_action = "Deny"
    ip_rules       = ["0.0.0.0/0"] # want iac/public-exposure
  }
}
