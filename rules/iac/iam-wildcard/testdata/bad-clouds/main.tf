resource "azurerm_role_definition" "all" {
  name  = "all"
  scope = "/subscriptions/00000000-0000-0000-0000-000000000000"
  permissions {
    actions = ["Microsoft.Compute/*/read", "*"] # want iac/iam-wildcard
  }
}

resource "azurerm_role_assignment" "owner" {
  scope                = "/subscriptions/00000000-0000-0000-0000-000000000000"
  role_definition_name = "Owner" # want iac/iam-wildcard
  principal_id         = "00000000-0000-0000-0000-000000000001"
}

resource "google_project_iam_member" "editor" {
  project = "shop"
  role    = "roles/editor" # want iac/iam-wildcard
  member  = "serviceAccount:ci@shop.iam.gserviceaccount.com"
}

resource "google_project_iam_policy" "all" {
  project = "shop"
  policy_data = jsonencode({
    bindings = [{
      role    = "roles/owner" # want iac/iam-wildcard
      members = ["user:alice@example.com"]
    }]
  })
}

resource "google_compute_instance" "vm" {
  name         = "vm"
  machine_type = "e2-small"
  service_account {
    scopes = ["cloud-platform"] # want iac/iam-wildcard
  }
}

resource "azurerm_role_definition" "grants" {
  name  = "grants"
  scope = "/subscriptions/00000000-0000-0000-0000-000000000000"
  permissions {
    actions = ["Microsoft.Compute/virtualMachines/read", "Microsoft.Authorization/roleAssignments/write"] # want iac/iam-wildcard
  }
}

resource "google_project_iam_member" "clusters" {
  project = "shop"
  role    = "roles/container.admin" # want iac/iam-wildcard
  member  = "serviceAccount:ci@shop.iam.gserviceaccount.com"
}

resource "google_folder_iam_binding" "identity" {
  folder  = "folders/1"
  role    = "roles/iam.serviceAccountAdmin" # want iac/iam-wildcard
  members = ["group:ops@example.com", "serviceAccount:ci@shop.iam.gserviceaccount.com"]
}

resource "google_project_iam_member" "machines" {
  project = "shop"
  role    = "roles/storage.objectViewer"
  member  = "serviceAccount:123-compute@developer.gserviceaccount.com" # want iac/iam-wildcard
}

data "google_compute_default_service_account" "default" {}

resource "google_organization_iam_member" "machines" {
  org_id = "1"
  role   = "roles/storage.objectViewer"
  member = data.google_compute_default_service_account.default.member # want iac/iam-wildcard
}

# The account that every machine has, by its name; a condition that only ends a grant.
resource "google_compute_instance_template" "named_default" {
  machine_type = "e2-small"
  service_account {
    email  = "123-compute@developer.gserviceaccount.com"
    scopes = ["https://www.googleapis.com/auth/cloud-platform"] # want iac/iam-wildcard
  }
}

resource "google_service_account" "ci" {
  account_id = "ci"
}

resource "google_project_iam_member" "grants" {
  project = "shop"
  role    = "roles/resourcemanager.projectIamAdmin" # want iac/iam-wildcard
  member  = "serviceAccount:${google_service_account.ci.email}"
}

resource "google_project_iam_member" "until" {
  project = "shop"
  role    = "roles/iam.serviceAccountTokenCreator" # want iac/iam-wildcard
  member  = "serviceAccount:ci@shop.iam.gserviceaccount.com"
  condition {
    title      = "until"
    expression = "request.time < timestamp('2027-01-01T00:00:00Z')"
  }
}

resource "azurerm_role_assignment" "grants" {
  scope                = "/subscriptions/00000000-0000-0000-0000-000000000000"
  role_definition_name = "User Access Administrator" # want iac/iam-wildcard
  principal_id         = "00000000-0000-0000-0000-000000000001"
}
