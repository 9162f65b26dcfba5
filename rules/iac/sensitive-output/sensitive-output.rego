# METADATA
# title: Sensitive values stay where they are protected
# description: |-
#   An output that is not marked sensitive prints what it holds into the log of every plan and apply, and a local file
#   keeps it on the runner. A secret that is written into an argument stands in Git, in the plan and in the state.
# custom:
#   severity: high
#   effects: {prod: deny, non-prod: warn}
#   over: {subject: stacks}
#   scope: tree
#   remediation: Mark the output sensitive, or better keep the value in a secret manager; read secrets at run time or through write-only arguments.
#   language: hcl
#   before: |-
#     resource "random_password" "db" {
#       length = 32
#     }
#     output "db_password" {
#       value = nonsensitive(random_password.db.result)
#     }
#   after: |-
#     resource "random_password" "db" {
#       length = 32
#     }
#     output "db_password" {
#       value     = random_password.db.result
#       sensitive = true
#     }
#   references:
#     - {title: "Terraform: sensitive data in state", url: "https://developer.hashicorp.com/terraform/language/manage-sensitive-data"}
#     - {title: "NIST SP 800-53 SC-28, IA-5", url: "https://csrc.nist.gov/pubs/sp/800/53/r5/upd1/final"}
#   waivable: "yes"
#   since: 0.1.0
package gate.rules.iac["sensitive-output"]

import data.gate.lib.iac

deny contains finding if {
	some s in input.terraform.stacks
	some name, output in s.outputs
	not output.sensitive
	some ref in output.references
	sensitive(ref)
	msg := sprintf("output %q shows %s and is not marked sensitive", [name, ref])
	finding := {"subject": s.id, "path": ["outputs", name], "msg": msg}
}

# A file on the runner.
deny contains finding if {
	some r in input.resources
	r.type == "local_file"
	iac.live(r)
	some argument in ["content", "content_base64"]
	exposed(r, argument)
	msg := sprintf("%s writes a sensitive value into a file on the runner", [argument])
	finding := {"subject": r.id, "path": [argument], "msg": msg}
}

# A secret as a constant of the configuration.
deny contains finding if {
	some r in input.resources
	iac.live(r)
	some path in r.sensitive
	count(path) > 0
	written(r, path)
	some found in input.secrets # its name alone makes no secret of a unit, a switch or a stand-in
	found.object == r.id
	regex.replace(found.location, `\[[0-9]+\]`, "") == regex.replace(concat(".", [r.address, iac.dotted(path)]), `\[[0-9]+\]`, "")
	msg := sprintf("%s is a secret that is written into the configuration", [iac.dotted(path)])
	finding := {"subject": r.id, "path": path, "msg": msg}
}

exposed(r, argument) if iac.redacted(r.after[argument])

exposed(r, argument) if {
	some ref in r.expressions[argument].references
	sensitive(ref)
}

written(r, path) if {
	e := r.expressions[path[0]]
	is_object(e)
	iac.redacted(e.constant)
}

written(r, path) if {
	blocks := r.expressions[path[0]]
	is_array(blocks)
	walk(blocks, [at, v])
	count(at) > 0
	at[count(at) - 1] == iac.name(path)
	is_object(v)
	iac.redacted(v.constant)
}

# sensitive is true for a reference to an attribute that providers mark so.
sensitive(ref) if regex.match(`^random_password\..*\.(result|bcrypt_hash)$`, ref)

sensitive(ref) if {
	regex.match(`^(module\.[^.]+\.)?[a-z0-9]+_[a-z0-9_]+\.`, ref)
	regex.match(`(\.|_)(password|private_key|private_key_pem|private_key_openssh|secret_string|secret_access_key|secret_key|client_secret|access_token|auth_token|connection_string|primary_access_key|secondary_access_key|account_key|sas_token|kube_config|kube_config_raw|kube_admin_config_raw)$`, ref)
}

sensitive(ref) if regex.match(`^aws_iam_access_key\..*\.(secret|ses_smtp_password_v4)$`, ref)

sensitive(ref) if regex.match(`^data\.(aws_secretsmanager_secret_version\..*\.secret_string|aws_ssm_parameter\..*\.value|azurerm_key_vault_secret\..*\.value|google_secret_manager_secret_version\..*\.secret_data|vault_generic_secret\..*\.data|vault_kv_secret_v2\..*\.data)`, ref)
