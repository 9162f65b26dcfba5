module "branch" {
  source = "git::https://git.example.com/modules/network.git?ref=main" # want iac/module-source
}

module "none" {
  source = "github.com/acme/modules//vpc" # want iac/module-source
}

module "floating" {
  source  = "terraform-aws-modules/vpc/aws"
  version = ">= 5.0" # want iac/module-source
}

module "unversioned" { # want iac/module-source
  source = "registry.example.com/acme/db/aws"
}

module "plain" {
  source = "http://modules.example.com/net.zip" # want iac/module-source
}

module "local" {
  source = "./m"
}
