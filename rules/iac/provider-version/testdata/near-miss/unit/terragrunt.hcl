# The module says it, and is not here.
terraform {
  source = "git::https://git.example.com/net.git?ref=v1.0.0"
}
