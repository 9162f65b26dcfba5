# https://registry.terraform.io/modules/terraform-aws-modules/rds-aurora/aws/10.2.0,
# inputs; defaults compared over 8.0.0 to 10.2.0.
table { versions = ">= 8.0.0, < 11.0.0" }

variable "create" { default = true }
variable "storage_encrypted" { default = true }
variable "kms_key_id" { default = null }
variable "engine_mode" { default = "provisioned" }
variable "replication_source_identifier" { default = null }
variable "engine" { default = null }
variable "snapshot_identifier" { default = null }
variable "restore_to_point_in_time" { default = null }
variable "enabled_cloudwatch_logs_exports" { default = [] }
variable "deletion_protection" { default = null }
variable "cluster_tags" { default = {} }
variable "skip_final_snapshot" { default = false }
variable "publicly_accessible" { default = null }
variable "instances" { default = {} }
variable "tags" { default = {} }

resource "aws_rds_cluster" "this" {
  count                           = var.create ? 1 : 0
  storage_encrypted               = var.storage_encrypted
  kms_key_id                      = var.kms_key_id
  engine_mode                     = var.engine_mode
  replication_source_identifier   = var.replication_source_identifier
  engine                          = var.engine
  snapshot_identifier             = var.snapshot_identifier
  enabled_cloudwatch_logs_exports = var.enabled_cloudwatch_logs_exports
  deletion_protection             = var.deletion_protection
  skip_final_snapshot             = var.skip_final_snapshot
  tags                            = merge(var.tags, var.cluster_tags)
  dynamic "restore_to_point_in_time" {
    for_each = try(length(var.restore_to_point_in_time), 0) > 0 ? [var.restore_to_point_in_time] : []
    content {
      use_latest_restorable_time = try(restore_to_point_in_time.value.use_latest_restorable_time, null)
    }
  }
}

resource "aws_rds_cluster_instance" "this" {
  for_each            = { for k, v in var.instances : k => v if var.create }
  publicly_accessible = try(each.value.publicly_accessible, var.publicly_accessible)
}
