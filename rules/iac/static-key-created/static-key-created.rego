# METADATA
# title: No long-lived credentials are created
# description: |-
#   An access key or a service account key works from anywhere until somebody remembers to delete it, and stands in the
#   state in clear. Workloads and pipelines can be trusted by identity instead: roles, workload identity, OIDC.
# custom:
#   severity: high
#   effects: {prod: deny, non-prod: deny}
#   over: {subject: resources}
#   scope: subject
#   params:
#     exempt: {type: array, default: [], description: "addresses of keys that are needed (globs)"}
#   remediation: Let the workload assume a role (IAM role, workload identity federation, managed identity) instead of giving it a key.
#   language: hcl
#   before: |-
#     resource "aws_iam_access_key" "ci" {
#       user = "ci"
#     }
#   after: |-
#     resource "aws_iam_role" "ci" {
#       name               = "ci"
#       assume_role_policy = data.aws_iam_policy_document.github_oidc.json
#     }
#   references:
#     - {title: "CIS AWS Foundations Benchmark 1.14", url: "https://www.cisecurity.org/benchmark/amazon_web_services"}
#     - {title: "Google Cloud: service account keys", url: "https://cloud.google.com/iam/docs/best-practices-for-managing-service-account-keys"}
#   waivable: "yes"
#   since: 0.1.0
package gate.rules.iac["static-key-created"]

import data.gate.lib
import data.gate.lib.iac

# Types whose creation mints a credential, and what it is.
minted := {
	"aws_iam_access_key": "an access key",
	"aws_iam_service_specific_credential": "a service-specific password",
	"aws_iam_user_login_profile": "a console password",
	"aws_iam_signing_certificate": "a signing certificate",
	"aws_transfer_ssh_key": "an SSH key",
	"google_service_account_key": "a service account key",
	"google_storage_hmac_key": "an HMAC key",
	"google_apikeys_key": "an API key",
	"azuread_application_password": "an application password",
	"azuread_application_certificate": "an application certificate",
	"azuread_service_principal_password": "a service principal password",
	"azuread_service_principal_certificate": "a service principal certificate",
	"azurerm_storage_account_local_user": "a local user of a storage account",
	"azurerm_storage_account_sas": "a shared access signature",
	"azurerm_container_registry_token_password": "a registry password",
	"github_actions_runner_registration_token": "a runner token",
	"gitlab_personal_access_token": "a personal access token",
	"gitlab_project_access_token": "a project access token",
	"gitlab_group_access_token": "a group access token",
	"gitlab_deploy_token": "a deploy token",
	"github_repository_deploy_key": "a deploy key",
}

deny contains finding if {
	some r in input.resources
	iac.live(r)
	what := minted[r.type]
	created(r)
	not lib.matches_any(lib.params(r, "iac/static-key-created").exempt, r.address, [])
	msg := sprintf("%q mints %s that works until somebody deletes it", [r.address, what])
	finding := {"subject": r.id, "path": [], "msg": msg}
}

created(r) if "create" in r.actions

created(r) if r.origin == "hcl"
