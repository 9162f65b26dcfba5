resource "aws_iam_policy" "app" {
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect   = "Allow"
      Action   = ["s3:GetObject", "s3:PutObject"]
      Resource = "arn:aws:s3:::releases/*"
    }]
  })
}

resource "azurerm_role_assignment" "reader" {
  scope                = "/subscriptions/00000000-0000-0000-0000-000000000000"
  role_definition_name = "Reader"
  principal_id         = "00000000-0000-0000-0000-000000000001"
}

resource "google_project_iam_member" "viewer" {
  project = "shop"
  role    = "roles/storage.objectViewer"
  member  = "serviceAccount:ci@shop.iam.gserviceaccount.com"
}
