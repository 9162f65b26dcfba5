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
