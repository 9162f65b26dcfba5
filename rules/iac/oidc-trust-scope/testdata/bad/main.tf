resource "aws_iam_openid_connect_provider" "github" {
  url            = "https://token.actions.githubusercontent.com"
  client_id_list = ["sts.amazonaws.com"]
}

resource "aws_iam_role" "org" {
  name = "org"
  assume_role_policy = jsonencode({
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRoleWithWebIdentity"
      Principal = { Federated = aws_iam_openid_connect_provider.github.arn }
      Condition = { # want iac/oidc-trust-scope
        StringEquals = { "token.actions.githubusercontent.com:aud" = "sts.amazonaws.com" }
        StringLike   = { "token.actions.githubusercontent.com:sub" = "repo:acme/*" }
      }
    }]
  })
}

# Any ref of one repository, pull requests included, and no audience.
resource "aws_iam_role" "repo" {
  name               = "repo"
  assume_role_policy = data.aws_iam_policy_document.repo.json
}

data "aws_iam_policy_document" "repo" {
  statement { # want iac/oidc-trust-scope
    actions = ["sts:AssumeRoleWithWebIdentity"]
    principals {
      type        = "Federated"
      identifiers = ["arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com"]
    }
    condition {
      test     = "StringLike"
      variable = "token.actions.githubusercontent.com:sub"
      values   = ["repo:acme/shop:*"]
    }
  }
}

resource "azurerm_federated_identity_credential" "pr" {
  name     = "pr"
  issuer   = "https://token.actions.githubusercontent.com"
  audience = ["api://AzureADTokenExchange"]
  subject  = "repo:acme/shop:pull_request" # want iac/oidc-trust-scope
}

resource "google_iam_workload_identity_pool_provider" "github" { # want iac/oidc-trust-scope
  workload_identity_pool_id          = "ci"
  workload_identity_pool_provider_id = "github"
  attribute_mapping                  = { "google.subject" = "assertion.sub" }
  oidc {
    issuer_uri = "https://token.actions.githubusercontent.com"
  }
}

# A document for somebody outside.
data "aws_iam_policy_document" "outside" {
  statement { # want iac/oidc-trust-scope
    actions = ["sts:AssumeRoleWithWebIdentity"]
    principals {
      type        = "Federated"
      identifiers = ["arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com"]
    }
  }
}

# Anybody can name a workflow so.
resource "aws_iam_role" "workflow" {
  name = "workflow"
  assume_role_policy = jsonencode({
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRoleWithWebIdentity"
      Principal = { Federated = "arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com" }
      Condition = { # want iac/oidc-trust-scope
        StringEquals = {
          "token.actions.githubusercontent.com:aud" = "sts.amazonaws.com"
          "token.actions.githubusercontent.com:sub" = "workflow:deploy:repo:acme/shop:ref:refs/heads/main"
        }
      }
    }]
  })
}

resource "google_iam_workload_identity_pool_provider" "any" {
  workload_identity_pool_id          = "ci"
  workload_identity_pool_provider_id = "any"
  attribute_condition                = "assertion.sub == 'repo:acme*'" # want iac/oidc-trust-scope
  oidc {
    issuer_uri = "https://token.actions.githubusercontent.com"
  }
}
