resource "aws_lb_listener" "http" {
  load_balancer_arn = "arn:aws:elasticloadbalancing:eu-west-1:111122223333:loadbalancer/app/x/1"
  port              = 80
  protocol          = "HTTP" # want iac/transit-encryption
  default_action {
    type             = "forward"
    target_group_arn = "arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/x/1"
  }
}

resource "aws_lb_listener" "old" {
  load_balancer_arn = "arn:aws:elasticloadbalancing:eu-west-1:111122223333:loadbalancer/app/x/1"
  port              = 443
  protocol          = "HTTPS"
  ssl_policy        = "ELBSecurityPolicy-2016-08" # want iac/transit-encryption
  default_action {
    type             = "forward"
    target_group_arn = "arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/x/1"
  }
}

resource "aws_elasticache_replication_group" "sessions" { # want iac/transit-encryption
  replication_group_id = "sessions"
  description          = "sessions"
}

resource "aws_cloudfront_distribution" "site" {
  enabled = true
  default_cache_behavior {
    viewer_protocol_policy = "allow-all" # want iac/transit-encryption
  }
}

resource "azurerm_storage_account" "data" {
  name            = "data"
  min_tls_version = "TLS1_0" # want iac/transit-encryption
}

resource "google_sql_database_instance" "db" {
  name = "db"
  settings {
    tier = "db-f1-micro"
    ip_configuration {
      ssl_mode = "ALLOW_UNENCRYPTED_AND_ENCRYPTED" # want iac/transit-encryption
    }
  }
}

# A redirect that stays in clear, and old protocols switched on one by one.
resource "aws_lb_listener" "clear" {
  load_balancer_arn = "arn:aws:elasticloadbalancing:eu-west-1:111122223333:loadbalancer/app/x/1"
  port              = 80
  default_action {
    type = "redirect"
    redirect {
      protocol    = "HTTP" # want iac/transit-encryption
      status_code = "HTTP_301"
    }
  }
}

resource "aws_load_balancer_policy" "old" {
  load_balancer_name = "shop"
  policy_name        = "old"
  policy_type_name   = "SSLNegotiationPolicyType"
  policy_attribute {
    name  = "Protocol-TLSv1"
    value = "true" # want iac/transit-encryption
  }
  policy_attribute {
    name  = "Protocol-TLSv1.2"
    value = "true"
  }
}

resource "azurerm_windows_function_app_slot" "old" {
  name                 = "next"
  function_app_id      = "app"
  storage_account_name = "shop"
  https_only           = true
  site_config {
    minimum_tls_version = "1.1" # want iac/transit-encryption
  }
}

# Defaults: HTTP, and a policy of 2016.
resource "aws_lb_listener" "default_policy" { # want iac/transit-encryption
  load_balancer_arn = "arn:aws:elasticloadbalancing:eu-west-1:111122223333:loadbalancer/app/x/1"
  port              = 443
  protocol          = "HTTPS"
  certificate_arn   = "arn:aws:acm:eu-west-1:111122223333:certificate/1"
  default_action {
    type             = "forward"
    target_group_arn = "arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/x/1"
  }
}

resource "aws_lb_listener" "default_protocol" { # want iac/transit-encryption
  load_balancer_arn = "arn:aws:elasticloadbalancing:eu-west-1:111122223333:loadbalancer/app/x/1"
  port              = 80
  default_action {
    type             = "forward"
    target_group_arn = "arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/x/1"
  }
}

resource "aws_lb_listener" "old_policy" {
  load_balancer_arn = "arn:aws:elasticloadbalancing:eu-west-1:111122223333:loadbalancer/app/x/1"
  port              = 443
  protocol          = "TLS"
  ssl_policy        = "ELBSecurityPolicy-TLS13-1-1-FIPS-2023-04" # want iac/transit-encryption
  default_action {
    type             = "forward"
    target_group_arn = "arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/x/1"
  }
}

resource "aws_elb" "unnegotiated" {
  name = "unnegotiated"
  listener {
    instance_port     = 8080
    instance_protocol = "http"
    lb_port           = 443
    lb_protocol       = "https" # want iac/transit-encryption
  }
}

resource "aws_load_balancer_listener_policy" "old" {
  load_balancer_name = "shop"
  load_balancer_port = 443
  policy_names       = ["ELBSecurityPolicy-2015-05"] # want iac/transit-encryption
}

resource "aws_redshift_parameter_group" "old" {
  name   = "old"
  family = "redshift-1.0"
  parameter { # want iac/transit-encryption
    name  = "enable_user_activity_logging"
    value = "true"
  }
}

resource "aws_db_parameter_group" "mysql" {
  name   = "mysql"
  family = "mysql8.0"
  parameter {
    name  = "require_secure_transport"
    value = "OFF" # want iac/transit-encryption
  }
}

resource "aws_transfer_server" "files" { # want iac/transit-encryption
  protocols = ["SFTP"]
}

resource "azurerm_application_gateway" "shop" {
  name = "shop"
  http_listener {
    name     = "clear"
    protocol = "Http" # want iac/transit-encryption
  }
  http_listener {
    name     = "paths"
    protocol = "Http" # want iac/transit-encryption
  }
  request_routing_rule {
    name                       = "clear"
    rule_type                  = "Basic"
    http_listener_name         = "clear"
    backend_http_settings_name = "shop"
  }
  request_routing_rule {
    name                        = "paths"
    rule_type                   = "Basic"
    http_listener_name          = "paths"
    redirect_configuration_name = "elsewhere"
  }
  redirect_configuration {
    name          = "elsewhere"
    redirect_type = "Permanent"
    target_url    = "http://shop.example.com"
  }
}

resource "azurerm_cdn_endpoint" "shop" { # want iac/transit-encryption
  name         = "shop"
  profile_name = "shop"
}

resource "azurerm_function_app_slot" "next" { # want iac/transit-encryption
  name = "next"
}

resource "azurerm_api_management_api" "orders" {
  name        = "orders"
  protocols   = ["http", "https"]                     # want iac/transit-encryption
  service_url = "http://orders.internal.example.com" # want iac/transit-encryption
}

resource "google_compute_url_map" "shop" {
  name            = "shop"
  default_service = "shop"
}

resource "google_compute_target_http_proxy" "shop" {
  name    = "shop"
  url_map = google_compute_url_map.shop.id # want iac/transit-encryption
}

resource "google_compute_target_https_proxy" "shop" { # want iac/transit-encryption
  name    = "shop"
  url_map = google_compute_url_map.shop.id
}

resource "google_cloudfunctions_function" "hook" {
  name                         = "hook"
  trigger_http                 = true
  https_trigger_security_level = "SECURE_OPTIONAL" # want iac/transit-encryption
}

# Names that only apply knows, and no redirect anywhere.
resource "azurerm_virtual_network" "net" {
  name = "net"
}

resource "azurerm_application_gateway" "unnamed" {
  name = "unnamed"
  http_listener {
    name     = "${azurerm_virtual_network.net.guid}-clear"
    protocol = "Http" # want iac/transit-encryption
  }
  request_routing_rule {
    name                       = "clear"
    rule_type                  = "Basic"
    http_listener_name         = "${azurerm_virtual_network.net.guid}-clear"
    backend_http_settings_name = "shop"
  }
}

resource "azurerm_cdn_endpoint_custom_domain" "shop" {
  name            = "shop"
  cdn_endpoint_id = azurerm_cdn_endpoint.shop.id
  cdn_managed_https {
    certificate_type = "Dedicated"
    protocol_type    = "ServerNameIndication"
    tls_version      = "TLS10" # want iac/transit-encryption
  }
}
