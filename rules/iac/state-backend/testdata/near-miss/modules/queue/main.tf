# why: nobody here calls it, whoever does has the state
variable "name" { type = string }
resource "aws_sqs_queue" "q" { name = var.name }
