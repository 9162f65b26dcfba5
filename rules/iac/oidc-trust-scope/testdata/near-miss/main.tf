# why: a role for a service account of a cluster trusts no pipeline
resource "aws_iam_role" "irsa" {
  name = "irsa"
  assume_role_policy = jsonencode({
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRoleWithWebIdentity"
      Principal = { Federated = "arn:aws:iam::111122223333:oidc-provider/oidc.eks.eu-west-1.amazonaws.com/id/ABC" }
      Condition = { StringEquals = { "oidc.eks.eu-west-1.amazonaws.com/id/ABC:sub" = "system:serviceaccount:shop:web" } }
    }]
  })
}

# why: StringLike without a wildcard, and one for tags of one repository
resource "aws_iam_role" "release" {
  name = "release"
  assume_role_policy = jsonencode({
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRoleWithWebIdentity"
      Principal = { Federated = "arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com" }
      Condition = {
        StringEquals = { "token.actions.githubusercontent.com:aud" = "sts.amazonaws.com" }
        StringLike = {
          "token.actions.githubusercontent.com:sub" = ["repo:acme/shop:ref:refs/heads/main", "repo:acme/shop:ref:refs/tags/v*"]
        }
      }
    }]
  })
}

# why: an organisation may choose the claims of its subjects
resource "aws_iam_role" "claims" {
  name = "claims"
  assume_role_policy = jsonencode({
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRoleWithWebIdentity"
      Principal = { Federated = "arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com" }
      Condition = {
        StringEquals = {
          "token.actions.githubusercontent.com:aud" = "sts.amazonaws.com"
          "token.actions.githubusercontent.com:sub" = "repository_id:1:ref:refs/heads/main"
        }
      }
    }]
  })
}

# why: the subject of one repository
resource "google_iam_workload_identity_pool_provider" "exact" {
  workload_identity_pool_id          = "ci"
  workload_identity_pool_provider_id = "exact"
  attribute_condition                = "assertion.sub == 'repo:acme/shop:ref:refs/heads/main'"
  oidc {
    issuer_uri = "https://token.actions.githubusercontent.com"
  }
}
