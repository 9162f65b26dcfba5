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

# Types whose creation mints a credential, and what it is. What registers the public half
# of a pair (certificates, SSH and deploy keys) mints none.
minted := {
	"aws_iam_access_key": "an access key",
	"aws_iam_service_specific_credential": "a service-specific password",
	"aws_iam_user_login_profile": "a console password",
	"google_service_account_key": "a service account key",
	"google_storage_hmac_key": "an HMAC key",
	"azuread_application_password": "an application password",
	"azuread_service_principal_password": "a service principal password",
	"azurerm_storage_account_local_user": "a local user of a storage account",
	"azurerm_storage_account_sas": "a shared access signature",
	"azurerm_container_registry_token_password": "a registry password",
	"gitlab_personal_access_token": "a personal access token",
	"gitlab_project_access_token": "a project access token",
	"gitlab_group_access_token": "a group access token",
	"gitlab_deploy_token": "a deploy token",
}

deny contains finding if {
	some r in input.resources
	iac.live(r)
	what := credential(r)
	created(r)
	not lib.matches_any(lib.params(r, "iac/static-key-created").exempt, r.address, [])
	msg := sprintf("%q mints %s that works for whoever holds it until it expires or is deleted", [r.address, what])
	finding := {"subject": r.id, "path": [], "msg": msg}
}

credential(r) := minted[r.type]

# An API key names a project and no principal, and some services take nothing else; one
# that is restricted to them is what Google asks for
# (https://cloud.google.com/docs/authentication/api-keys-best-practices).
credential(r) := "an API key without restrictions" if {
	r.type == "google_apikeys_key"
	not iac.unknown(r, ["restrictions"])
	count(iac.blocks_of(r.after, "restrictions")) == 0
}

created(r) if "create" in r.actions

created(r) if r.origin == "hcl"
