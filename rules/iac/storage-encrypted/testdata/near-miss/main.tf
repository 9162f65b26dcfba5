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
