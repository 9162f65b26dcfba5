resource "aws_kms_key" "k" {
  enable_key_rotation = true
}

resource "aws_db_instance" "db" {
  count             = 2
  engine            = "postgres"
  instance_class    = "db.t4g.medium"
  allocated_storage = 20
  username          = "app"
  password          = "not-a-real-value"
  storage_encrypted = count.index == 0 # want iac/storage-encrypted
}

# Computed by the provider when unset, and not encrypted by default.
resource "aws_efs_file_system" "home" { # want iac/storage-encrypted
  creation_token = "home"
}

resource "aws_rds_cluster" "main" {
  cluster_identifier = "main"
  engine             = "aurora-postgresql"
  storage_encrypted  = true
  kms_key_id         = aws_kms_key.k.arn
}


# The switch hangs on something that apply computes.
resource "aws_ebs_volume" "copy" {
  availability_zone = "eu-west-1a"
  size              = 10
  encrypted         = aws_kms_key.k.multi_region # want iac/storage-encrypted
}
