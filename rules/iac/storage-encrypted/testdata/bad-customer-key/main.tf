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

# What the cloud does by itself is not asked for in any other way.
resource "aws_cloudtrail" "main" { # want iac/storage-encrypted
  name           = "main"
  s3_bucket_name = "audit"
}

resource "aws_eks_cluster" "main" { # want iac/storage-encrypted
  name     = "main"
  role_arn = "arn:aws:iam::111122223333:role/eks"
}

resource "google_container_cluster" "main" {
  name = "main"
  database_encryption {
    state = "DECRYPTED" # want iac/storage-encrypted
  }
}

resource "aws_sagemaker_notebook_instance" "main" { # want iac/storage-encrypted
  name = "main"
}

resource "aws_athena_workgroup" "open" {
  name = "open"
  configuration {
    enforce_workgroup_configuration = false # want iac/storage-encrypted
    result_configuration {
      encryption_configuration {
        encryption_option = "SSE_S3"
      }
    }
  }
}

resource "azurerm_linux_virtual_machine" "vm" { # want iac/storage-encrypted
  name = "vm"
  os_disk {
    disk_encryption_set_id = "des"
  }
}

resource "azurerm_kubernetes_cluster_node_pool" "pool" { # want iac/storage-encrypted
  name                  = "pool"
  kubernetes_cluster_id = "cluster"
}
