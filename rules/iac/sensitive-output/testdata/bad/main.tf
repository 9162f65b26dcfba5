resource "random_password" "db" {
  length = 32
}

output "db_password" { # want iac/sensitive-output
  value = nonsensitive(random_password.db.result)
}

resource "local_file" "key" {
  filename = "key.pem"
  content  = tls_private_key.k.private_key_pem # want iac/sensitive-output
}

resource "tls_private_key" "k" {
  algorithm = "ED25519"
}

resource "aws_db_instance" "db" {
  engine   = "postgres"
  username = "app"
  password = "not-a-real-value" # want iac/sensitive-output
}

resource "azurerm_linux_virtual_machine" "vm" {
  name           = "vm"
  admin_password = "not-a-real-value" # want iac/sensitive-output
}

resource "aws_fsx_windows_file_system" "files" {
  count = 1
  self_managed_active_directory {
    domain_name = "corp.example.com"
    username    = "admin"
    password    = "not-a-real-value" # want iac/sensitive-output
  }
}
