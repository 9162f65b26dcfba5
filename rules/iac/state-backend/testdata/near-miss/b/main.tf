terraform {
  backend "gcs" {
    bucket = "state"
    prefix = "b"
  }
}
resource "terraform_data" "t" {}
