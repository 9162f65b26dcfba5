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
