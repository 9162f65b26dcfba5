data "aws_caller_identity" "me" {}

# why: a Deny of everything is the opposite of a permission
resource "aws_iam_policy" "deny" {
  policy = jsonencode({
    Statement = [{ Effect = "Deny", Action = "*", Resource = "*" }]
  })
}

# why: read actions, and actions that cannot be limited to a resource
resource "aws_iam_policy" "read" {
  policy = jsonencode({
    Statement = [{
      Effect   = "Allow"
      Action   = ["ec2:Describe*", "s3:List*", "cloudwatch:PutMetricData", "ecr:GetAuthorizationToken", "logs:CreateLogGroup"]
      Resource = "*"
    }]
  })
}

# why: the default policy of a key gives it to the account
resource "aws_kms_key" "k" {
  enable_key_rotation = true
  policy = jsonencode({
    Statement = [{
      Effect    = "Allow"
      Principal = { AWS = "arn:aws:iam::${data.aws_caller_identity.me.account_id}:root" }
      Action    = "kms:*"
      Resource  = "*"
    }]
  })
}

# why: in a bucket policy everybody, but only through one network
resource "aws_s3_bucket_policy" "vpce" {
  bucket = "releases"
  policy = jsonencode({
    Statement = [{
      Effect    = "Allow"
      Principal = "*"
      Action    = "s3:GetObject"
      Resource  = "arn:aws:s3:::releases/*"
      Condition = { StringEquals = { "aws:SourceVpce" = "vpce-1" } }
    }]
  })
}

# why: machines with a tag of their own, not all of them
resource "aws_iam_policy" "tagged" {
  policy = jsonencode({
    Statement = [{
      Effect    = "Allow"
      Action    = ["ec2:StopInstances", "ec2:StartInstances"]
      Resource  = "*"
      Condition = { StringEquals = { "aws:ResourceTag/team" = "shop" } }
    }]
  })
}

# why: a trust policy for a service, and one for GitHub with audience and subject
resource "aws_iam_role" "lambda" {
  name = "lambda"
  assume_role_policy = jsonencode({
    Statement = [
      { Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "lambda.amazonaws.com" } },
      {
        Effect    = "Allow"
        Action    = "sts:AssumeRoleWithWebIdentity"
        Principal = { Federated = "arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com" }
        Condition = { StringEquals = { "token.actions.githubusercontent.com:aud" = "sts.amazonaws.com" } }
      },
    ]
  })
}

# why: a name that ends alike is no AWS managed policy
resource "aws_iam_role_policy_attachment" "own" {
  role       = "app"
  policy_arn = "arn:aws:iam::111122223333:policy/NoAdministratorAccess"
}

# why: the scope counts only with the default service account
resource "google_compute_instance" "vm" {
  name         = "vm"
  machine_type = "e2-small"
  service_account {
    email  = "vm@shop.iam.gserviceaccount.com"
    scopes = ["cloud-platform"]
  }
}

# why: people who administer one service, and an account that only works in it
resource "google_project_iam_member" "people" {
  project = "shop"
  role    = "roles/container.admin"
  member  = "group:ops@example.com"
}

resource "google_project_iam_member" "writer" {
  project = "shop"
  role    = "roles/storage.objectAdmin"
  member  = "serviceAccount:ci@shop.iam.gserviceaccount.com"
}
