# https://registry.terraform.io/modules/terraform-aws-modules/dynamodb-table/aws/5.5.0,
# inputs; defaults compared over 0.2.0 to 5.5.0.
table { versions = ">= 0.2.0, < 6.0.0" }

variable "create_table" { default = true }
variable "server_side_encryption_enabled" { default = false }
variable "server_side_encryption_kms_key_arn" { default = null }
variable "point_in_time_recovery_enabled" { default = false }
variable "deletion_protection_enabled" { default = null }
variable "tags" { default = {} }

resource "aws_dynamodb_table" "this" {
  count                       = var.create_table ? 1 : 0
  deletion_protection_enabled = var.deletion_protection_enabled
  tags                        = var.tags
  server_side_encryption {
    enabled     = var.server_side_encryption_enabled
    kms_key_arn = var.server_side_encryption_kms_key_arn
  }
  point_in_time_recovery {
    enabled = var.point_in_time_recovery_enabled
  }
}
