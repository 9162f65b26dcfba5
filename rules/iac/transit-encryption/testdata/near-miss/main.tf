# why: plain HTTP that only redirects to HTTPS
resource "aws_lb_listener" "redirect" {
  load_balancer_arn = "arn:aws:elasticloadbalancing:eu-west-1:111122223333:loadbalancer/app/x/1"
  port              = 80
  protocol          = "HTTP"
  default_action {
    type = "redirect"
    redirect {
      port        = "443"
      protocol    = "HTTPS"
      status_code = "HTTP_301"
    }
  }
}

# why: the default of azurerm 4 is TLS 1.2 and HTTPS only
resource "azurerm_storage_account" "data" {
  name = "data"
}

# why: brokers speak TLS by default
resource "aws_msk_cluster" "events" {
  cluster_name = "events"
}

# why: listeners of a network and of a gateway load balancer end no TLS
resource "aws_lb_listener" "tcp" {
  load_balancer_arn = "arn:aws:elasticloadbalancing:eu-west-1:111122223333:loadbalancer/app/x/1"
  port              = 443
  protocol          = "TCP"
  default_action {
    type             = "forward"
    target_group_arn = "arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/x/1"
  }
}

resource "aws_lb_listener" "gateway" {
  load_balancer_arn = "arn:aws:elasticloadbalancing:eu-west-1:111122223333:loadbalancer/app/x/1"
  default_action {
    type             = "forward"
    target_group_arn = "arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/x/1"
  }
}

# why: HTTP by default, and all that it does is to redirect
resource "aws_lb_listener" "redirect_by_default" {
  load_balancer_arn = "arn:aws:elasticloadbalancing:eu-west-1:111122223333:loadbalancer/app/x/1"
  port              = 80
  default_action {
    type = "redirect"
    redirect {
      protocol    = "HTTPS"
      status_code = "HTTP_301"
    }
  }
}

# why: today's policies
resource "aws_lb_listener" "quantum" {
  load_balancer_arn = "arn:aws:elasticloadbalancing:eu-west-1:111122223333:loadbalancer/app/x/1"
  port              = 443
  protocol          = "HTTPS"
  ssl_policy        = "ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09"
  default_action {
    type             = "forward"
    target_group_arn = "arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/x/1"
  }
}

# why: its policy stands in a resource of its own
resource "aws_elb" "negotiated" {
  name = "negotiated"
  listener {
    instance_port     = 8080
    instance_protocol = "http"
    lb_port           = 443
    lb_protocol       = "https"
  }
}

resource "aws_load_balancer_policy" "today" {
  load_balancer_name = aws_elb.negotiated.name
  policy_name        = "today"
  policy_type_name   = "SSLNegotiationPolicyType"
  policy_attribute {
    name  = "Reference-Security-Policy"
    value = "ELBSecurityPolicy-TLS-1-2-2017-01"
  }
}

resource "aws_load_balancer_listener_policy" "today" {
  load_balancer_name = aws_elb.negotiated.name
  load_balancer_port = 443
  policy_names       = [aws_load_balancer_policy.today.policy_name]
}

# why: require_ssl is the default of redshift-2.0, and set here
resource "aws_redshift_parameter_group" "new" {
  name   = "new"
  family = "redshift-2.0"
}

resource "aws_redshift_parameter_group" "set" {
  name   = "set"
  family = "redshift-1.0"
  parameter {
    name  = "require_ssl"
    value = "true"
  }
}

# why: all that listens in clear is sent to HTTPS
resource "azurerm_application_gateway" "shop" {
  name = "shop"
  http_listener {
    name     = "clear"
    protocol = "Http"
  }
  http_listener {
    name     = "tls"
    protocol = "Https"
  }
  http_listener {
    name     = "old"
    protocol = "Http"
  }
  request_routing_rule {
    name                        = "clear"
    rule_type                   = "Basic"
    http_listener_name          = "clear"
    redirect_configuration_name = "tls"
  }
  request_routing_rule {
    name                        = "old"
    rule_type                   = "Basic"
    http_listener_name          = "old"
    redirect_configuration_name = "moved"
  }
  request_routing_rule {
    name                       = "tls"
    rule_type                  = "Basic"
    http_listener_name         = "tls"
    backend_http_settings_name = "shop"
  }
  redirect_configuration {
    name                 = "tls"
    redirect_type        = "Permanent"
    target_listener_name = "tls"
  }
  redirect_configuration {
    name          = "moved"
    redirect_type = "Permanent"
    target_url    = "https://shop.example.com"
  }
}

resource "azurerm_cdn_endpoint" "redirects" {
  name         = "redirects"
  profile_name = "shop"
  delivery_rule {
    name  = "https"
    order = 1
    url_redirect_action {
      redirect_type = "PermanentRedirect"
      protocol      = "Https"
    }
  }
}

resource "google_compute_url_map" "redirect" {
  name = "redirect"
  default_url_redirect {
    https_redirect = true
    strip_query    = false
  }
}

resource "google_compute_target_http_proxy" "redirect" {
  name    = "redirect"
  url_map = google_compute_url_map.redirect.id
}

# why: nobody calls it
resource "google_cloudfunctions_function" "worker" {
  name = "worker"
  event_trigger {
    event_type = "google.pubsub.topic.publish"
    resource   = "jobs"
  }
}
