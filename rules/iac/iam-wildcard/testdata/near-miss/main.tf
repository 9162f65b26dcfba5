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

# why: a name stands in front of the wildcard
resource "aws_iam_policy" "named" {
  policy = jsonencode({
    Statement = [
      { Effect = "Allow", Action = "iam:PassRole", Resource = "arn:aws:iam::111122223333:role/deploy-*" },
      { Effect = "Allow", Action = "s3:PutObject", Resource = "arn:aws:s3:::releases/*" },
      { Effect = "Allow", Action = "dynamodb:PutItem", Resource = "arn:aws:dynamodb:*:*:table/orders/*" },
      { Effect = "Allow", Action = "sns:Publish", Resource = "arn:aws:sns:eu-west-1:111122223333:events:*" },
      { Effect = "Allow", Action = "sts:AssumeRole", Resource = "arn:aws:iam::*:role/auditor" },
      { Effect = "Allow", Action = "ec2:RunInstances", Resource = ["arn:aws:ec2:*:*:instance/*", "arn:aws:ec2:*:*:volume/*", "arn:aws:ec2:*:*:subnet/subnet-1"] },
    ]
  })
}

# why: what an action reaches is limited by tag, service, owner or neighbour
resource "aws_iam_policy" "limited" {
  policy = jsonencode({
    Statement = [
      { Effect = "Allow", Action = "ec2:RunInstances", Resource = "*", Condition = { StringEquals = { "aws:RequestTag/cluster" = "$${aws:PrincipalTag/cluster}" } } },
      { Effect = "Allow", Action = "ec2:TerminateInstances", Resource = "*", Condition = { Null = { "aws:ResourceTag/cluster" = "false" } } },
      { Effect = "Allow", Action = "ec2:RunInstances", Resource = "*", Condition = { "ForAllValues:StringEquals" = { "aws:TagKeys" = ["team"] }, Null = { "aws:TagKeys" = "false" } } },
      { Effect = "Allow", Action = "iam:PassRole", Resource = "*", Condition = { StringEquals = { "iam:PassedToService" = ["ec2.amazonaws.com"] } } },
      { Effect = "Allow", Action = "iam:PassRole", Resource = "arn:aws:iam::*:role/*", Condition = { StringLike = { "iam:PassedToService" = "ecs-tasks.amazonaws.com*" } } },
      { Effect = "Allow", Action = "iam:CreateServiceLinkedRole", Resource = "*", Condition = { StringLike = { "iam:AWSServiceName" = "elasticloadbalancing.amazonaws.com" } } },
      { Effect = "Allow", Action = "kms:Decrypt", Resource = "arn:aws:kms:*:*:key/*", Condition = { "ForAnyValue:StringEquals" = { "kms:ResourceAliases" = "alias/shop" } } },
      { Effect = "Allow", Action = "ecs:RunTask", Resource = "*", Condition = { ArnEquals = { "ecs:cluster" = "arn:aws:ecs:eu-west-1:111122223333:cluster/shop" } } },
      { Effect = "Allow", Action = "s3:PutObject", Resource = "*", Condition = { StringEquals = { "aws:ResourceAccount" = "111122223333" } } },
    ]
  })
}

# why: everybody, but only from an owner, network or service that the condition names
resource "aws_sqs_queue_policy" "owned" {
  queue_url = "https://sqs.eu-west-1.amazonaws.com/111122223333/q"
  policy = jsonencode({
    Statement = [
      { Effect = "Allow", Principal = "*", Action = "sqs:SendMessage", Resource = "*", Condition = { StringEquals = { "aws:VpceAccount" = "111122223333" } } },
      { Effect = "Allow", Principal = "*", Action = "sqs:SendMessage", Resource = "*", Condition = { StringEquals = { "aws:VpceOrgID" = "o-a1b2c3d4e5" } } },
      { Effect = "Allow", Principal = "*", Action = "sqs:SendMessage", Resource = "*", Condition = { Bool = { "aws:PrincipalIsAWSService" = "true" } } },
      { Effect = "Allow", Principal = "*", Action = "sqs:SendMessage", Resource = "*", Condition = { StringEquals = { "aws:PrincipalServiceName" = "cloudtrail.amazonaws.com" } } },
      { Effect = "Allow", Principal = "*", Action = "sqs:SendMessage", Resource = "*", Condition = { "ForAnyValue:StringLike" = { "aws:SourceOrgPaths" = "o-a1b2c3d4e5/r-ab12/ou-ab12-11111111/*" } } },
      { Effect = "Allow", Principal = "*", Action = "sqs:SendMessage", Resource = "*", Condition = { ArnLike = { "aws:SourceArn" = "arn:aws:s3:*:*:uploads" } } },
      { Effect = "Allow", Principal = "*", Action = "sqs:SendMessage", Resource = "*", Condition = { "ForAllValues:StringEquals" = { "aws:PrincipalServiceNamesList" = "s3.amazonaws.com" }, Null = { "aws:PrincipalServiceNamesList" = "false" } } },
      { Effect = "Allow", NotPrincipal = { AWS = "arn:aws:iam::111122223333:user/guest" }, Action = "sqs:SendMessage", Resource = "*", Condition = { StringEquals = { "aws:PrincipalOrgID" = "o-a1b2c3d4e5" } } },
    ]
  })
}

# why: what the account of a machine may do is said by IAM, when it has one of its own
resource "google_service_account" "assets" {
  account_id = "assets"
}

resource "google_compute_instance_template" "assets" {
  machine_type = "e2-small"
  service_account {
    email  = google_service_account.assets.email
    scopes = ["cloud-platform"]
  }
}

# why: a condition names what the role may be used on, and which roles it may give
resource "google_project_iam_member" "one_account" {
  project = "shop"
  role    = "roles/iam.serviceAccountTokenCreator"
  member  = "serviceAccount:ci@shop.iam.gserviceaccount.com"
  condition {
    title      = "deploy"
    expression = "resource.name == 'projects/-/serviceAccounts/deploy@shop.iam.gserviceaccount.com'"
  }
}

resource "azurerm_role_assignment" "delegated" {
  scope                = "/subscriptions/00000000-0000-0000-0000-000000000000"
  role_definition_name = "Role Based Access Control Administrator"
  principal_id         = "00000000-0000-0000-0000-000000000001"
  condition_version    = "2.0"
  condition            = "@Request[Microsoft.Authorization/roleAssignments:RoleDefinitionId] ForAnyOfAnyValues:GuidEquals {acdd72a7-3385-48ef-bd42-f606fba81ae7}"
}

resource "azurerm_role_definition" "reader" {
  name  = "reader"
  scope = "/subscriptions/00000000-0000-0000-0000-000000000000"
  permissions {
    actions     = ["*/read"]
    not_actions = ["Microsoft.Authorization/*/write"]
  }
}

# why: no text where one belongs, and nothing that grants
resource "aws_iam_policy" "odd" {
  policy = jsonencode({
    Statement = [
      { Effect = "Allow", Action = ["iam:PassRole", 5], Resource = [7, true], Condition = { StringEquals = { "aws:ResourceAccount" = 111122223333 }, Bool = 3, Null = [] } },
      { Effect = "Allow", Action = "iam:PassRole", Resource = "*", Condition = { StringEquals = { "aws:ResourceAccount" = 111122223333 } } },
    ]
  })
}

resource "aws_sqs_queue_policy" "odd" {
  queue_url = "https://sqs.eu-west-1.amazonaws.com/111122223333/q"
  policy = jsonencode({
    Statement = [
      { Effect = "Allow", Principal = { AWS = [1] }, Action = [5, "sqs:SendMessage"], Resource = 1, Condition = { StringEquals = 1 } },
      { Effect = true, Principal = "*", Action = 5, Resource = 1 },
    ]
  })
}

data "aws_iam_policy_document" "odd" {
  source_policy_documents = [jsonencode({ Statement = [{ Effect = "Allow", Principal = { AWS = "111122223333" }, Action = 5, Resource = "*" }] })]
}

# why: everybody, but a Deny leaves none who is outside of the network or organisation
resource "aws_api_gateway_rest_api_policy" "private" {
  rest_api_id = "api1"
  policy = jsonencode({
    Statement = [
      { Effect = "Allow", Principal = "*", Action = "execute-api:Invoke", Resource = "arn:aws:execute-api:eu-west-1:111122223333:api1/*" },
      { Effect = "Deny", Principal = { AWS = "*" }, Action = "execute-api:*", Resource = "*", Condition = { StringNotEquals = { "aws:SourceVpce" = "vpce-1" } } },
    ]
  })
}

resource "aws_s3_bucket_policy" "perimeter" {
  bucket = "shared"
  policy = jsonencode({
    Statement = [
      { Effect = "Allow", Principal = "*", Action = ["s3:GetObject", "s3:ListBucket"], Resource = ["arn:aws:s3:::shared", "arn:aws:s3:::shared/*"] },
      {
        Effect    = "Deny"
        Principal = "*"
        Action    = "s3:*"
        Resource  = ["arn:aws:s3:::shared", "arn:aws:s3:::shared/*"]
        Condition = {
          StringNotEqualsIfExists = { "aws:PrincipalOrgID" = "o-a1b2c3d4e5" }
          BoolIfExists            = { "aws:PrincipalIsAWSService" = "false" }
        }
      },
    ]
  })
}

# why: a search domain in a network is reached from there alone
resource "aws_opensearch_domain" "inside" {
  domain_name = "inside"
  vpc_options {
    subnet_ids = ["subnet-1"]
  }
  access_policies = jsonencode({
    Statement = [{ Effect = "Allow", Principal = { AWS = "*" }, Action = "es:ESHttpGet", Resource = "arn:aws:es:eu-west-1:111122223333:domain/inside/*" }]
  })
}

resource "aws_opensearch_domain_policy" "inside" {
  domain_name = aws_opensearch_domain.inside.domain_name
  access_policies = jsonencode({
    Statement = [{ Effect = "Allow", Principal = { AWS = "*" }, Action = "es:ESHttpGet", Resource = "arn:aws:es:eu-west-1:111122223333:domain/inside/*" }]
  })
}
