# METADATA
# title: Providers and backends hold no credentials
# description: |-
#   A key in a provider or backend block is in Git for ever, works for everybody who ever cloned the repository, and is
#   copied into .terraform and into plan files.
# custom:
#   severity: critical
#   effects: {prod: deny, non-prod: deny}
#   over: {subject: stacks}
#   scope: subject
#   remediation: Remove and revoke the credential; let the pipeline get a short-lived one by OIDC, in the environment of the process.
#   language: hcl
#   before: |-
#     provider "aws" {
#       region     = "eu-west-1"
#       access_key = "AKIAIOSFODNN7EXAMPLE"
#       secret_key = "EXAMPLEKEY"
#     }
#   after: |-
#     provider "aws" {
#       region = "eu-west-1"
#       assume_role {
#         role_arn = "arn:aws:iam::111122223333:role/terraform-apply"
#       }
#     }
#   references:
#     - {title: "Terraform: AWS provider authentication", url: "https://registry.terraform.io/providers/hashicorp/aws/latest/docs#authentication-and-configuration"}
#     - {title: "NIST SP 800-53 IA-5(7)", url: "https://csrc.nist.gov/pubs/sp/800/53/r5/upd1/final"}
#   waivable: approval
#   since: 0.1.0
package gate.rules.iac["provider-credentials"]

import data.gate.lib.iac

deny contains finding if {
	some s in input.terraform.stacks
	some p in s.providers
	walk(p.expressions, [at, v])
	is_object(v)
	iac.redacted(v.constant)
	path := array.concat(["providers", label(p)], at)
	msg := sprintf("provider %q holds a credential: %s is a constant", [label(p), iac.dotted(at)])
	finding := {"subject": s.id, "path": path, "msg": msg}
}

deny contains finding if {
	some s in input.terraform.stacks
	some name, v in s.backend.config
	iac.redacted(v)
	msg := sprintf("backend %q holds a credential: %s is a constant", [s.backend.type, name])
	finding := {"subject": s.id, "path": ["backend", name], "msg": msg}
}

label(p) := p.name if p.alias == ""

label(p) := sprintf("%s.%s", [p.name, p.alias]) if p.alias != ""
