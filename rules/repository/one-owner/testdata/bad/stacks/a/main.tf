terraform {
  backend "s3" {
    bucket = "acme-state"
    key    = "shared.tfstate"
  }
}

resource "aws_s3_bucket" "logs" {
  bucket = "acme-logs"
}

resource "kubernetes_config_map_v1" "settings" {
  metadata {
    name      = "settings" # want repository/one-owner
    namespace = "web"
  }
}

resource "helm_release" "ingress" {
  name      = "ingress" # want repository/one-owner
  namespace = "edge"
  chart     = "ingress"
}
