resource "aws_db_instance" "orders" {
  identifier          = "orders"
  engine              = "postgres"
  instance_class      = "db.t4g.medium"
  allocated_storage   = 20
  username            = "app"
  password            = "not-a-real-value"
  db_name             = "orders2" # want iac/critical-deletion
  skip_final_snapshot = true
}

resource "aws_rds_cluster" "ledger" {
  cluster_identifier  = "ledger"
  engine              = "aurora-postgresql"
  deletion_protection = false # want iac/critical-deletion
  skip_final_snapshot = true # want iac/critical-deletion
}

resource "aws_s3_bucket" "events" { # want iac/critical-deletion
  count  = 1
  bucket = "events-${count.index}"
}

# A resource of any type counts by its tag.
resource "aws_sns_topic" "alerts" {
  name = "alerts"
  tags = {
    criticality = "critical"
  }
}

module "cache" {
  source = "./cache"
}
