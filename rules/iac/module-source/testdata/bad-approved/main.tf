module "ours" {
  source = "git::https://git.example.com/modules/network.git?ref=v3.2.0"
}

module "theirs" {
  source  = "someone/vpc/aws" # want iac/module-source
  version = "1.0.0"
}
