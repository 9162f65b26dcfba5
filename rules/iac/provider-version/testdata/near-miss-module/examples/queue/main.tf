# why: an example shows a call and is not applied
provider "aws" { region = "eu-west-1" }
module "queue" {
  source = "git::https://git.example.com/queue.git?ref=v1.0.0"
  name   = "q"
}
