module "nested" {
  source = "git@git.example.com:acme/cache.git" # want iac/module-source
}
