# why: mixed, but small
resource "aws_vpc" "v" {
  cidr_block = "10.0.0.0/16"
}

resource "aws_db_instance" "db" {
  engine = "postgres"
}

resource "aws_instance" "web" {
  ami           = "ami-1"
  instance_type = "t3.small"
}
