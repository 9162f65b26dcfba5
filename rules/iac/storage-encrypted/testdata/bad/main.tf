variable "encrypted" {
  type    = bool
  default = false
}

resource "aws_db_instance" "orders" { # want iac/storage-encrypted
  engine            = "postgres"
  instance_class    = "db.t4g.medium"
  allocated_storage = 20
}

resource "aws_ebs_volume" "data" {
  availability_zone = "eu-west-1a"
  size              = 10
  encrypted         = var.encrypted # want iac/storage-encrypted
}

resource "aws_instance" "web" {
  ami           = "ami-1"
  instance_type = "t3.small"

  root_block_device {
    encrypted = true
  }

  ebs_block_device {
    device_name = "/dev/sdb"
    encrypted   = "false" # want iac/storage-encrypted
  }

  ebs_block_device { # want iac/storage-encrypted
    device_name = "/dev/sdc"
  }
}

resource "aws_sqs_queue" "clear" {
  name                    = "clear"
  sqs_managed_sse_enabled = false # want iac/storage-encrypted
}

resource "aws_sns_topic" "events" { # want iac/storage-encrypted
  name = "events"
}

resource "aws_ssm_parameter" "password" {
  name  = "/shop/db_password"
  type  = "String" # want iac/storage-encrypted
  value = "not-a-real-value"
}

resource "aws_emr_security_configuration" "emr" {
  configuration = jsonencode({
    EncryptionConfiguration = {
      EnableAtRestEncryption = false # want iac/storage-encrypted
    }
  })
}

resource "azurerm_linux_virtual_machine" "vm" {
  name                       = "vm"
  encryption_at_host_enabled = false # want iac/storage-encrypted
}

resource "google_kms_crypto_key" "slow" {
  name            = "slow"
  key_ring        = "ring"
  rotation_period = "31536000s" # want iac/storage-encrypted
}

resource "aws_dlm_lifecycle_policy" "snapshots" {
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
      cross_region_copy_rule {
        target    = "eu-central-1"
        encrypted = false # want iac/storage-encrypted
      }
    }
  }
}

resource "aws_imagebuilder_image_recipe" "base" {
  name         = "base"
  parent_image = "arn:aws:imagebuilder:eu-west-1:aws:image/amazon-linux-2023-x86/x.x.x"
  version      = "1.0.0"
  block_device_mapping {
    device_name = "/dev/xvda"
    ebs { # want iac/storage-encrypted
      volume_size = 10
    }
  }
}

resource "aws_glue_security_configuration" "g" {
  name = "g"
  encryption_configuration {
    cloudwatch_encryption {
      cloudwatch_encryption_mode = "SSE-KMS"
      kms_key_arn                = "arn:aws:kms:eu-west-1:111122223333:key/k"
    }
    job_bookmarks_encryption {
      job_bookmarks_encryption_mode = "DISABLED" # want iac/storage-encrypted
    }
    s3_encryption {
      s3_encryption_mode = "SSE-S3"
    }
  }
}

resource "aws_docdb_cluster" "clear" {
  cluster_identifier = "clear"
  storage_encrypted  = false # want iac/storage-encrypted
  kms_key_id         = "arn:aws:kms:eu-west-1:111122223333:key/k"
}

resource "aws_spot_instance_request" "batch" { # want iac/storage-encrypted
  ami           = "ami-1"
  instance_type = "t3.small"
}

resource "azurerm_automation_variable_int" "limit" {
  name                    = "limit"
  resource_group_name     = "rg"
  automation_account_name = "a"
  value                   = 1
  encrypted               = false # want iac/storage-encrypted
}

resource "azurerm_kubernetes_cluster" "pools" {
  name = "pools"
  default_node_pool {
    name                    = "system"
    vm_size                 = "Standard_D4s_v5"
    host_encryption_enabled = false # want iac/storage-encrypted
  }
}

resource "azurerm_kubernetes_cluster_node_pool" "old" {
  name                   = "old"
  kubernetes_cluster_id  = azurerm_kubernetes_cluster.pools.id
  enable_host_encryption = false # want iac/storage-encrypted
}

resource "aws_ecs_service" "volumes" {
  name = "volumes"
  volume_configuration {
    name = "data"
    managed_ebs_volume {
      role_arn  = "arn:aws:iam::111122223333:role/ecs"
      size_in_gb = 20
      encrypted  = false # want iac/storage-encrypted
    }
  }
}

# A key that could be rotated.
resource "aws_kms_key" "data" { # want iac/storage-encrypted
  customer_master_key_spec = "SYMMETRIC_DEFAULT"
}

resource "aws_launch_template" "workers" {
  name = "workers"
  block_device_mappings {
    device_name = "/dev/xvda"
    ebs { # want iac/storage-encrypted
      volume_size = 20
    }
  }
}

# Older clusters of Aurora are not encrypted; others of RDS never are by themselves.
resource "aws_rds_cluster" "orders" { # want iac/storage-encrypted
  cluster_identifier = "orders"
  engine             = "aurora-postgresql"
}

resource "aws_rds_cluster" "multi_az" { # want iac/storage-encrypted
  cluster_identifier = "multi-az"
  engine             = "postgres"
}

resource "aws_ami_copy" "base" { # want iac/storage-encrypted
  name              = "base"
  source_ami_id     = "ami-1"
  source_ami_region = "eu-central-1"
}

# What is said to be off is off, beside what the cloud does by itself.
resource "azurerm_managed_disk" "inside" {
  name = "inside"
  encryption_settings {
    enabled = false # want iac/storage-encrypted
  }
}
