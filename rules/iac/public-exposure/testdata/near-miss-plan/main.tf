resource "aws_vpc" "main" {
  cidr_block = "10.0.0.0/16"
}

# why: the block of addresses is that of the network, whatever it will be
resource "aws_security_group" "db" {
  name   = "db"
  vpc_id = aws_vpc.main.id
  ingress {
    from_port   = 5432
    to_port     = 5432
    protocol    = "tcp"
    cidr_blocks = [aws_vpc.main.cidr_block]
  }
}

# why: unset attributes that the provider computes have a safe default
resource "aws_rds_cluster_instance" "one" {
  cluster_identifier = "main"
  engine             = "aurora-postgresql"
  instance_class     = "db.t4g.medium"
}

resource "aws_db_instance" "db" {
  engine            = "postgres"
  instance_class    = "db.t4g.medium"
  allocated_storage = 20
  username          = "app"
  password          = "not-a-real-value"
}
