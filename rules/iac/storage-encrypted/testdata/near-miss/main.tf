# why: S3 encrypts every object since January 2023
resource "aws_s3_bucket" "data" {
  bucket = "data"
}

# why: SQS encrypts by default, and a key of one's own is encryption too
resource "aws_sqs_queue" "one" {
  name = "one"
}

resource "aws_sqs_queue" "two" {
  name                    = "two"
  sqs_managed_sse_enabled = false
  kms_master_key_id       = "alias/app"
}

# why: DynamoDB is always encrypted, only the owner of the key differs
resource "aws_dynamodb_table" "t" {
  name     = "t"
  hash_key = "id"
  attribute {
    name = "id"
    type = "S"
  }
}

# why: serverless Aurora is encrypted by default
resource "aws_rds_cluster" "s" {
  cluster_identifier = "s"
  engine             = "aurora-mysql"
  engine_mode        = "serverless"
}

# why: no extra block devices, so nothing that could lack encryption
resource "aws_instance" "web" {
  ami           = "ami-1"
  instance_type = "t3.small"
  root_block_device {
    encrypted = true
  }
}

# why: a name that is no secret
resource "aws_ssm_parameter" "region" {
  name  = "/shop/region"
  type  = "String"
  value = "eu-west-1"
}

# why: asymmetric keys cannot be rotated
resource "aws_kms_key" "sign" {
  key_usage                = "SIGN_VERIFY"
  customer_master_key_spec = "ECC_NIST_P256"
}

# why: a key without encryption is refused by the cloud, so nothing is stored in clear
resource "aws_ebs_volume" "keyed" {
  availability_zone = "eu-west-1a"
  size              = 10
  kms_key_id        = aws_kms_key.sign.arn
}

resource "aws_docdb_cluster" "keyed" {
  cluster_identifier = "keyed"
  kms_key_id         = "arn:aws:kms:eu-west-1:111122223333:key/k"
}

# why: a replica is encrypted as its source is
resource "aws_rds_cluster" "replica" {
  cluster_identifier            = "replica"
  engine                        = "aurora-mysql"
  replication_source_identifier = "arn:aws:rds:eu-west-1:111122223333:cluster:orders"
}

# why: no copies into other regions, so nothing to encrypt there
resource "aws_dlm_lifecycle_policy" "local" {
  description        = "daily"
  execution_role_arn = "arn:aws:iam::111122223333:role/dlm"
  policy_details {
    resource_types = ["VOLUME"]
    schedule {
      name = "daily"
      create_rule {
        interval = 24
      }
      retain_rule {
        count = 7
      }
    }
  }
}

# why: nothing is logged by exec sessions
resource "aws_ecs_cluster" "quiet" {
  name = "quiet"
  configuration {
    execute_command_configuration {
      logging = "NONE"
    }
  }
}

# why: CloudTrail writes to S3, which encrypts; a key of one's own is a parameter
resource "aws_cloudtrail" "main" {
  name           = "main"
  s3_bucket_name = "audit"
}

# why: EKS encrypts all API data since 1.28, and the disks of etcd before it
resource "aws_eks_cluster" "main" {
  name     = "main"
  role_arn = "arn:aws:iam::111122223333:role/eks"
}

# why: Google Cloud encrypts what it stores
resource "google_container_cluster" "main" {
  name = "main"
  database_encryption {
    state = "DECRYPTED"
  }
}

# why: SageMaker encrypts volumes and storage with a key that AWS manages
resource "aws_sagemaker_domain" "main" {
  domain_name = "main"
}

resource "aws_sagemaker_endpoint_configuration" "main" {
  name = "main"
}

resource "aws_sagemaker_notebook_instance" "main" {
  name = "main"
}

# why: results of Athena lie in S3, which encrypts what clients do not
resource "aws_athena_database" "main" {
  name   = "main"
  bucket = "results"
}

resource "aws_athena_workgroup" "open" {
  name = "open"
  configuration {
    enforce_workgroup_configuration = false
    result_configuration {
      encryption_configuration {
        encryption_option = "SSE_S3"
      }
    }
  }
}

resource "aws_ecs_cluster" "c" {
  name = "c"
  configuration {
    execute_command_configuration {
      logging = "OVERRIDE"
      log_configuration {
        s3_bucket_name = "logs"
      }
    }
  }
}

# why: Firehose encrypts what it buffers
resource "aws_kinesis_firehose_delivery_stream" "events" {
  name        = "events"
  destination = "extended_s3"
}

# why: Azure encrypts disks by itself, on the host is a second layer
resource "azurerm_orchestrated_virtual_machine_scale_set" "set" {
  name                        = "set"
  location                    = "westeurope"
  resource_group_name         = "rg"
  platform_fault_domain_count = 1
}
resource "azurerm_kubernetes_cluster" "pools" {
  name = "pools"
  default_node_pool {
    name    = "system"
    vm_size = "Standard_D4s_v5"
  }
}

resource "azurerm_managed_disk" "data" {
  name = "data"
}

# why: a disk is encrypted as the snapshot is from which it comes
resource "aws_instance" "restored" {
  ami           = "ami-1"
  instance_type = "t3.small"
  root_block_device {
    encrypted = true
  }
  ebs_block_device {
    device_name = "/dev/sdb"
    snapshot_id = "snap-0a1b2c3d4e5f60718"
  }
}

resource "aws_launch_template" "restored" {
  name = "restored"
  block_device_mappings {
    device_name = "/dev/sdb"
    ebs {
      snapshot_id = aws_ebs_volume.restored.snapshot_id
    }
  }
}

resource "aws_ebs_volume" "restored" {
  availability_zone = "eu-west-1a"
  snapshot_id       = "snap-0a1b2c3d4e5f60718"
}

resource "aws_db_instance" "restored" {
  engine              = "postgres"
  instance_class      = "db.t4g.medium"
  snapshot_identifier = "orders-2026-11-30"
}

resource "aws_rds_cluster" "restored" {
  cluster_identifier  = "restored"
  engine              = "aurora-postgresql"
  snapshot_identifier = "orders-2026-11-30"
}

# why: volumes that ECS manages are encrypted unless they are told not to be
resource "aws_ecs_service" "volumes" {
  name = "volumes"
  volume_configuration {
    name = "data"
    managed_ebs_volume {
      role_arn   = "arn:aws:iam::111122223333:role/ecs"
      size_in_gb = 20
    }
  }
}

# why: keys that KMS cannot rotate
resource "aws_kms_key" "hmac" {
  key_usage                = "GENERATE_VERIFY_MAC"
  customer_master_key_spec = "HMAC_256"
}

resource "aws_kms_key" "agreement" {
  key_usage                = "KEY_AGREEMENT"
  customer_master_key_spec = "ECC_NIST_P256"
}

resource "aws_kms_key" "decrypt" {
  customer_master_key_spec = "RSA_4096"
}

resource "aws_kms_key" "hsm" {
  custom_key_store_id = "cks-1234567890abcdef0"
}

resource "google_kms_crypto_key" "imported" {
  name        = "imported"
  key_ring    = "ring"
  import_only = true
}

resource "google_kms_crypto_key" "external" {
  name     = "external"
  key_ring = "ring"
  version_template {
    algorithm        = "EXTERNAL_SYMMETRIC_ENCRYPTION"
    protection_level = "EXTERNAL"
  }
}

# why: about a secret, not one
resource "aws_ssm_parameter" "length" {
  name  = "/shop/password_min_length"
  type  = "String"
  value = "12"
}

# why: a cache of Valkey is encrypted by default, and a secondary as its primary is
resource "aws_elasticache_replication_group" "valkey" {
  replication_group_id = "valkey"
  description          = "valkey"
  engine               = "valkey"
}

resource "aws_elasticache_replication_group" "secondary" {
  replication_group_id        = "secondary"
  description                 = "secondary"
  global_replication_group_id = "global"
}
