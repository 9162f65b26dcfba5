resource "aws_kms_key" "k" {
  enable_key_rotation = true
}

resource "aws_db_instance" "orders" { # want iac/storage-encrypted
  engine            = "postgres"
  instance_class    = "db.t4g.medium"
  allocated_storage = 20
  storage_encrypted = true
}

resource "aws_db_instance" "ledger" {
  engine            = "postgres"
  instance_class    = "db.t4g.medium"
  allocated_storage = 20
  storage_encrypted = true
  kms_key_id        = aws_kms_key.k.arn
}

resource "aws_ecr_repository" "images" {
  name = "images"
  encryption_configuration {
    encryption_type = "AES256" # want iac/storage-encrypted
  }
}

resource "aws_secretsmanager_secret" "token" {
  name       = "token"
  kms_key_id = "alias/aws/secretsmanager" # want iac/storage-encrypted
}

resource "aws_s3_bucket" "plain" { # want iac/storage-encrypted
  bucket = "plain"
}

resource "aws_s3_bucket" "keyed" {
  bucket = "keyed"
}

resource "aws_s3_bucket_server_side_encryption_configuration" "keyed" {
  bucket = aws_s3_bucket.keyed.id
  rule {
    apply_server_side_encryption_by_default {
      sse_algorithm     = "aws:kms"
      kms_master_key_id = aws_kms_key.k.arn
    }
  }
}

resource "azurerm_storage_account" "keyed" {
  name                     = "keyed"
  location                 = "westeurope"
  resource_group_name      = "rg"
  account_tier             = "Standard"
  account_replication_type = "LRS"
}

resource "azurerm_storage_account_customer_managed_key" "keyed" {
  storage_account_id = azurerm_storage_account.keyed.id
  key_vault_key_id   = azurerm_key_vault_key.k.id
}

resource "google_secret_manager_secret" "s" {
  secret_id = "s"
  replication {
    auto {} # want iac/storage-encrypted
  }
}

resource "google_compute_disk" "own" {
  name = "own"
  disk_encryption_key {
    raw_key = var.key
  }
}

variable "key" {
  type      = string
  sensitive = true
}
