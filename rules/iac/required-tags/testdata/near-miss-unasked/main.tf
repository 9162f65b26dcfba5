# why: no configuration says which tags are required
resource "aws_sqs_queue" "jobs" {
  name = "jobs"
}

resource "google_storage_bucket" "data" {
  name     = "data"
  location = "EU"
  labels   = { team = "shop" }
}
