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
