terraform {
  required_providers {
    aws = { source = "hashicorp/aws" }
  }
}

variable "region" {
  default = "eu-central-1"
}

variable "stage" {
  default = "test"
}

variable "password" {
  sensitive = true
  default   = "correct-horse-battery"
}

locals {
  prefix = "app-${var.stage}"
}

provider "aws" {
  region = var.region
}

provider "aws" {
  alias  = "west"
  region = "us-west-2"
  assume_role {
    role_arn = "arn:aws:iam::111111111111:role/west"
  }
}

resource "aws_vpc" "main" {
  cidr_block = "10.0.0.0/16"
}

resource "aws_subnet" "a" {
  vpc_id     = aws_vpc.main.id
  cidr_block = "10.0.1.0/24"
  tags = {
    Name = "${local.prefix}-${aws_vpc.main.id}"
  }
}

resource "aws_security_group" "app" {
  provider = aws.west
  name     = "app"
  dynamic "ingress" {
    for_each = ["10.0.0.0/8"]
    content {
      from_port       = 443
      to_port         = 443
      protocol        = "tcp"
      cidr_blocks     = [ingress.value]
      security_groups = [aws_security_group.other.id]
    }
  }
}

resource "aws_security_group" "other" {
  name = "other"
}

resource "aws_instance" "web" {
  ami           = "ami-12345678"
  instance_type = "t3.micro"
  subnet_id     = aws_subnet.a.id
  user_data     = "#!/bin/sh\necho ${aws_vpc.main.id}\n"

  provisioner "local-exec" {
    command = "./bin/register ${self.private_ip}"
  }
  provisioner "remote-exec" {
    inline = ["systemctl start app"]
    connection {
      host = self.public_ip
      user = "admin"
    }
  }
  provisioner "local-exec" {
    when    = destroy
    command = "./bin/deregister"
  }
}

import {
  to = aws_s3_bucket.logs
  id = "the-logs"
}

resource "aws_s3_bucket" "logs" {
  bucket = "the-logs"
}

data "aws_iam_policy_document" "read" {
  statement {
    actions   = ["s3:GetObject"]
    resources = ["${aws_s3_bucket.data.arn}/*"]
  }
}

resource "aws_s3_bucket" "data" {
  bucket_prefix = "data-"
}

resource "aws_iam_policy" "read" {
  name   = "read"
  policy = data.aws_iam_policy_document.read.json
}

resource "aws_db_instance" "db" {
  engine         = "postgres"
  instance_class = "db.t3.micro"
  username       = "app"
  password       = var.password
}

module "net" {
  source = "./mod"
  count  = 2
  vpc    = aws_vpc.main.id
  providers = {
    aws = aws.west
  }
}

output "vpc" {
  value = aws_vpc.main.id
}

output "region" {
  value = var.region
}

output "password" {
  value     = var.password
  sensitive = true
}
