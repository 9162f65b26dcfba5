# https://registry.terraform.io/modules/terraform-aws-modules/kms/aws/4.2.0, inputs;
# defaults compared over 1.0.0 to 4.2.0.
table { versions = ">= 1.0.0, < 5.0.0" }

variable "create" { default = true }
variable "create_external" { default = false }
variable "create_replica" { default = false }
variable "create_replica_external" { default = false }
variable "enable_key_rotation" { default = true }
variable "key_usage" { default = null }
variable "customer_master_key_spec" { default = null }
variable "custom_key_store_id" { default = null }
variable "deletion_window_in_days" { default = null }
variable "policy" {}
variable "tags" { default = {} }

resource "aws_kms_key" "this" {
  count                    = var.create && !var.create_external && !var.create_replica && !var.create_replica_external ? 1 : 0
  enable_key_rotation      = var.enable_key_rotation
  key_usage                = var.key_usage
  customer_master_key_spec = var.customer_master_key_spec
  custom_key_store_id      = var.custom_key_store_id
  deletion_window_in_days  = var.deletion_window_in_days
  policy                   = var.policy
  tags                     = var.tags
}
