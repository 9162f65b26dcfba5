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

resource "google_container_cluster" "main" {
  name = "main"
  database_encryption {
    state = "DECRYPTED" # want iac/storage-encrypted
  }
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

resource "aws_ecs_cluster" "c" {
  name = "c"
  configuration {
    execute_command_configuration {
      logging = "OVERRIDE"
      log_configuration { # want iac/storage-encrypted
        s3_bucket_name = "logs"
      }
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

resource "azurerm_orchestrated_virtual_machine_scale_set" "set" { # want iac/storage-encrypted
  name                        = "set"
  location                    = "westeurope"
  resource_group_name         = "rg"
  platform_fault_domain_count = 1
}
