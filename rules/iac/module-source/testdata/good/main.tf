module "tag" {
  source = "git::https://git.example.com/modules/network.git?ref=v3.2.0"
}

module "commit" {
  source = "github.com/acme/modules//vpc?ref=3f1c2b0e9a8d7c6b5a4f3e2d1c0b9a8f7e6d5c4b"
}

module "registry" {
  source  = "terraform-aws-modules/vpc/aws"
  version = "5.8.1"
}
