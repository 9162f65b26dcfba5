resource "aws_cloudtrail" "main" { # want iac/logging-enabled
  name                  = "main"
  s3_bucket_name        = "audit"
  is_multi_region_trail = true
}

resource "aws_vpc" "main" { # want iac/logging-enabled
  cidr_block = "10.0.0.0/16"
}

resource "aws_eks_cluster" "main" {
  name                      = "main"
  enabled_cluster_log_types = ["api"] # want iac/logging-enabled
}

resource "google_compute_subnetwork" "s" { # want iac/logging-enabled
  name          = "s"
  ip_cidr_range = "10.0.0.0/24"
}

resource "aws_redshift_cluster" "off" {
  cluster_identifier = "off"
  logging {
    enable = false # want iac/logging-enabled
  }
}

resource "aws_docdb_cluster_parameter_group" "silent" {
  family = "docdb5.0"
  parameter { # want iac/logging-enabled
    name  = "tls"
    value = "enabled"
  }
}

resource "aws_docdb_cluster_parameter_group" "off" {
  family = "docdb5.0"
  parameter {
    name  = "audit_logs"
    value = "disabled" # want iac/logging-enabled
  }
}

resource "azurerm_app_service" "shop" { # want iac/logging-enabled
  name = "shop"
}

resource "azurerm_linux_web_app_slot" "next" { # want iac/logging-enabled
  name = "next"
}

resource "azurerm_kubernetes_cluster" "off" { # want iac/logging-enabled
  name = "off"
  addon_profile {
    oms_agent {
      enabled = false
    }
  }
}

resource "google_container_cluster" "off" {
  name = "off"
  logging_config {
    enable_components = [] # want iac/logging-enabled
  }
}
