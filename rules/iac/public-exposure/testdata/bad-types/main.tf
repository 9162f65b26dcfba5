# What nobody expects in these places does not keep the rule from judging.
resource "google_compute_firewall" "numbers" {
  name          = "numbers"
  network       = "default"
  source_ranges = ["0.0.0.0/0"] # want iac/public-exposure
  allow {
    protocol = "tcp"
    ports    = [80, "443"]
  }
  allow {
    protocol = "udp"
    ports    = null
  }
}

resource "google_compute_firewall" "strange" {
  name          = 1
  match         = ["text"]
  source_ranges = [["0.0.0.0/0"], 0, "::/0"] # want iac/public-exposure
  allow         = "everything"
}

resource "azurerm_network_security_rule" "bare" {
  direction             = "Inbound"
  access                = "Allow"
  source_address_prefix = "0.0.0.0/00"
}

resource "azurerm_mssql_firewall_rule" "strange" {
  start_ip_address = 0
  end_ip_address   = ["255.255.255.255"]
}

resource "aws_sns_topic_policy" "strange" {
  arn = "arn:aws:sns:eu-west-1:111122223333:orders"
  policy = jsonencode({
    Statement = [
      1,
      { Effect = ["Allow"], Principal = "*", Action = "sns:Publish" },
      { Effect = 7, Principal = 8, Action = 9, Condition = 10 },
      { Effect = "Allow", Principal = "*", Action = "sns:Publish", Condition = { StringEquals = { "aws:SourceAccount" = 111122223333 } } },
      { Effect = "Allow", Principal = "*", Action = "sns:Publish", Condition = { Bool = ["aws:SecureTransport"] } }, # want iac/public-exposure
      { Effect = "Allow", Principal = { AWS = ["*", 1] }, Action = ["sns:Publish"], Condition = [{ StringEquals = 1 }] }, # want iac/public-exposure
    ]
  })
}

data "google_iam_policy" "strange" {
  binding {
    role    = ["roles/viewer"]
    members = [1, "allUsers"]
  }
  binding = "text" # want iac/public-exposure
}

resource "google_pubsub_topic_iam_policy" "strange" {
  topic       = "orders"
  policy_data = data.google_iam_policy.strange.policy_data
}

resource "google_pubsub_topic_iam_policy" "literal" {
  topic       = "orders"
  policy_data = jsonencode({ bindings = [1, { role = 2, members = [3, "allUsers"] }, { members = "allUsers" }] }) # want iac/public-exposure
}

# A condition on an ARN is a limit if it names an account, or a bucket.
resource "aws_sqs_queue_policy" "accounts" {
  queue_url = "https://sqs.eu-west-1.amazonaws.com/111122223333/orders"
  policy = jsonencode({
    Statement = [
      { Effect = "Allow", Principal = "*", Action = "sqs:SendMessage", Condition = { ArnLike = { "aws:PrincipalArn" = "arn:aws:iam::*" } } }, # want iac/public-exposure
      { Effect = "Allow", Principal = "*", Action = "sqs:SendMessage", Condition = { ArnLike = { "aws:SourceArn" = "arn:aws:s3:::*" } } }, # want iac/public-exposure
      { Effect = "Allow", Principal = "*", Action = "sqs:SendMessage", Condition = { ArnLike = { "aws:SourceArn" = "arn:aws:s3:::orders" } } },
      { Effect = "Allow", Principal = "*", Action = "sqs:SendMessage", Condition = { ArnLike = { "aws:SourceArn" = "arn:aws:cloudtrail:*:111122223333:trail/*" } } },
    ]
  })
}
