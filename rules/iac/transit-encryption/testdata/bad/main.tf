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
