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
