module "user" {
  source   = "./user"
  for_each = toset(["ci"])
  name     = each.key
}
