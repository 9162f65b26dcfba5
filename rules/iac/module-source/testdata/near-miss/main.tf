# why: a local module is part of the change itself
module "local" {
  source = "./m"
}

# why: bounded on both sides
module "bounded" {
  source  = "terraform-aws-modules/vpc/aws//modules/endpoints"
  version = "~> 5.8"
}

# why: an archive whose address holds its version
module "archive" {
  source = "https://modules.example.com/net/1.4.0.zip"
}
