# why: renamed with a moved block, the plan keeps it
resource "aws_dynamodb_table" "orders" {
  name     = "orders"
  hash_key = "id"
  attribute {
    name = "id"
    type = "S"
  }
}

moved {
  from = aws_dynamodb_table.old
  to   = aws_dynamodb_table.orders
}

# why: never had a protection that could be lost
resource "aws_rds_cluster" "ledger" {
  cluster_identifier  = "ledger"
  engine              = "aurora-postgresql"
  deletion_protection = false
  skip_final_snapshot = true
  apply_immediately   = true
}
