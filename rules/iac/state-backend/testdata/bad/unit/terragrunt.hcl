# Its module may hold the block, and is not here: unknown.
terraform {
  source = "git::https://git.example.com/net.git?ref=v1.0.0" # want iac/state-backend
}
