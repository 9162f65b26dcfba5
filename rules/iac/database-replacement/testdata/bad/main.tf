resource "aws_db_instance" "orders" {
  identifier        = "orders"
  engine            = "postgres"
  engine_version    = "15.4"
  instance_class    = "db.t4g.medium"
  allocated_storage = 20
  username          = "app"
  password          = "not-a-real-value"
  db_name           = "orders_v2" # want iac/database-replacement
}

resource "aws_db_instance" "ledger" {
  identifier        = "ledger"
  engine            = "postgres"
  engine_version    = "16.1" # want iac/database-replacement
  instance_class    = "db.t4g.medium"
  allocated_storage = 20 # want iac/database-replacement
  username          = "app"
  password          = "not-a-real-value"
}

resource "aws_kinesis_stream" "events" {
  name        = "events"
  shard_count = 2 # want iac/database-replacement
}
