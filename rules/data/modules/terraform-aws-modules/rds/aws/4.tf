# https://registry.terraform.io/modules/terraform-aws-modules/rds/aws/7.2.0, inputs;
# defaults compared over 4.0.0 to 7.2.0.
table { versions = ">= 4.0.0, < 8.0.0" }

variable "create_db_instance" { default = true }
variable "storage_encrypted" { default = true }
variable "publicly_accessible" { default = false }
variable "kms_key_id" { default = null }
variable "replicate_source_db" { default = null }
variable "snapshot_identifier" { default = null }
variable "restore_to_point_in_time" { default = null }
variable "enabled_cloudwatch_logs_exports" { default = [] }
variable "deletion_protection" { default = false }
variable "skip_final_snapshot" { default = false }
variable "delete_automated_backups" { default = true }
variable "identifier" {}
variable "engine" {}
variable "engine_version" {}
variable "db_instance_tags" {
  default = {}
}
variable "tags" { default = {} }

resource "aws_db_instance" "this" {
  count                           = var.create_db_instance ? 1 : 0
  identifier                      = var.identifier
  engine                          = var.engine
  engine_version                  = var.engine_version
  storage_encrypted               = var.storage_encrypted
  publicly_accessible             = var.publicly_accessible
  kms_key_id                      = var.kms_key_id
  replicate_source_db             = var.replicate_source_db
  snapshot_identifier             = var.snapshot_identifier
  enabled_cloudwatch_logs_exports = var.enabled_cloudwatch_logs_exports
  deletion_protection             = var.deletion_protection
  skip_final_snapshot             = var.skip_final_snapshot
  delete_automated_backups        = var.delete_automated_backups
  tags                            = merge(var.tags, var.db_instance_tags)
  dynamic "restore_to_point_in_time" {
    for_each = try(length(var.restore_to_point_in_time), 0) > 0 ? [var.restore_to_point_in_time] : []
    content {
      use_latest_restorable_time = try(restore_to_point_in_time.value.use_latest_restorable_time, null)
    }
  }
}
