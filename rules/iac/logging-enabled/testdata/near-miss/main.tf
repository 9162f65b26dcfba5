# why: the log stands in a resource of its own, for each of the buckets
resource "aws_s3_bucket" "data" {
  for_each = toset(["a", "b"])
  bucket   = each.key
}

resource "aws_s3_bucket_logging" "data" {
  for_each      = aws_s3_bucket.data
  bucket        = each.value.id
  target_bucket = "logs"
  target_prefix = each.key
}

# why: a gateway load balancer has no access log
resource "aws_lb" "inspect" {
  name               = "inspect"
  load_balancer_type = "gateway"
}

# why: logs are written to these buckets
resource "aws_s3_bucket" "source" {
  bucket = "source"
}

resource "aws_s3_bucket_logging" "source" {
  bucket        = aws_s3_bucket.source.id
  target_bucket = aws_s3_bucket.target.id
  target_prefix = "source"
}

resource "aws_s3_bucket" "target" {
  bucket = "target"
}

resource "aws_s3_bucket" "delivered" {
  bucket = "delivered"
}

resource "aws_s3_bucket_acl" "delivered" {
  bucket = aws_s3_bucket.delivered.id
  acl    = "log-delivery-write"
}

# why: the log is on, inside or in a resource of its own
resource "aws_redshift_cluster" "inside" {
  cluster_identifier = "inside"
  logging {
    enable      = true
    bucket_name = "logs"
  }
}

resource "aws_redshift_cluster" "beside" {
  cluster_identifier = "beside"
}

resource "aws_redshift_logging" "beside" {
  cluster_identifier   = aws_redshift_cluster.beside.id
  log_destination_type = "cloudwatch"
}

# why: of all statements, some are recorded
resource "aws_docdb_cluster_parameter_group" "ddl" {
  family = "docdb5.0"
  parameter {
    name  = "tls"
    value = "enabled"
  }
  parameter {
    name  = "audit_logs"
    value = "ddl"
  }
}

# why: App Service hands its logs to a diagnostic setting
resource "azurerm_app_service" "shop" {
  name = "shop"
}

resource "azurerm_monitor_diagnostic_setting" "shop" {
  name               = "shop"
  target_resource_id = azurerm_app_service.shop.id
}

resource "azurerm_kubernetes_cluster" "on" {
  name = "on"
  addon_profile {
    oms_agent {
      enabled = true
    }
  }
}
