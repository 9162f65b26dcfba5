variable "name" { type = string } # want iac/state-backend
resource "aws_sqs_queue" "q" { name = var.name }
