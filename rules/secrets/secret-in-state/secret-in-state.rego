# METADATA
# title: Secrets stay out of Terraform state
# description: |-
#   State keeps every attribute in the clear: the password that a resource generates, the one that is written into a
#   database, the one that a data source reads. Whoever can read the state can use them, and every plan file carries them.
#   An ephemeral resource is never stored, and a write-only argument is sent and forgotten. Where a plan tells that
#   Terraform is older than 1.11, which lacks them, nothing is reported. State that is committed is
#   found by secrets/plaintext-secret.
# custom:
#   severity: high
#   effects: {prod: deny, non-prod: warn}
#   over: {subject: resources}
#   scope: subject
#   needs: []
#   params:
#     exempt: {type: array, default: [], description: "addresses that may keep a secret in state, as globs"}
#   remediation: Read or generate the value by an ephemeral resource and pass it to the write-only argument (ending in _wo), or let the cloud manage it; then rotate what was in the state.
#   language: hcl
#   before: |-
#     resource "random_password" "db" {
#       length = 32
#     }
#
#     resource "aws_secretsmanager_secret_version" "db" {
#       secret_id     = "payments/db"
#       secret_string = random_password.db.result
#     }
#   after: |-
#     ephemeral "random_password" "db" {
#       length = 32
#     }
#
#     resource "aws_secretsmanager_secret_version" "db" {
#       secret_id                = "payments/db"
#       secret_string_wo         = ephemeral.random_password.db.result
#       secret_string_wo_version = 1
#     }
#   references:
#     - {title: "Terraform: ephemeral values and write-only arguments", url: "https://developer.hashicorp.com/terraform/language/manage-sensitive-data"}
#     - {title: "NIST SP 800-53, SC-28: protection of information at rest", url: "https://csrc.nist.gov/projects/cprt/catalog#/cprt/framework/version/SP_800_53_5_1_1/home?element=SC-28"}
#   waivable: "yes"
#   since: 0.1.0
package gate.rules.secrets["secret-in-state"]

import data.gate.lib

deny contains finding if {
	some r in input.resources
	r.mode == "managed"
	row := data.secrets_state.managed[r.type]
	judged(r)
	applies(r, row)
	some attribute in row.attributes
	present(r, attribute)
	not plain(r, attribute)
	finding := {"subject": r.id, "path": [attribute], "msg": sprintf("%q of %q keeps a secret in state; expected %s", [attribute, r.address, row.instead])}
}

deny contains finding if {
	some r in input.resources
	r.mode == "managed"
	row := data.secrets_state.managed[r.type]
	judged(r)
	count(row.attributes) == 0
	finding := {"subject": r.id, "path": [], "msg": sprintf("%q generates a secret that lives in state; expected %s", [r.address, row.instead])}
}

deny contains finding if {
	some r in input.resources
	r.mode == "data"
	row := data.secrets_state.data[r.type]
	judged(r)
	finding := {"subject": r.id, "path": [], "msg": sprintf("data source %q copies a secret into state; expected %s", [r.address, row.instead])}
}

judged(r) if {
	r.origin != "crossplane" # it has no state: it writes a Secret
	not leaving(r)
	not too_old(r)
	not lib.matches_any(object.get(lib.params(r, "secrets/secret-in-state"), "exempt", []), r.address, [])
}

# leaving: what is deleted or forgotten leaves the state.
leaving(r) if {
	count(r.actions) > 0
	every a in r.actions {
		a in {"delete", "forget"}
	}
}

too_old(r) if {
	some s in input.terraform.stacks
	s.path == r.stack
	parts := regex.find_all_string_submatch_n(`^([0-9]{1,4})\.([0-9]{1,4})\.`, s.terraformVersion, 1)
	count(parts) > 0
	[to_number(parts[0][1]), to_number(parts[0][2])] < [1, 11]
}

applies(r, row) if {
	every key, value in object.get(row, "when", {}) {
		object.get(r.after, key, object.get(r.expressions, [key, "constant"], null)) == value
	}
}

# plain is true for a map whose entries the detectors have seen, and of which they call none
# a secret: addresses and switches are kept beside secrets, and sometimes without one.
plain(r, attribute) if {
	entries := r.after[attribute]
	is_object(entries)
	count(entries) > 0
	object.get(r.unknown, attribute, false) == false
	every _, value in entries { value["$redacted"] == "secret" }
	count([1 | some s in input.secrets; s.object == r.id]) == 0
}

# present: null is what an argument that is not set looks like in a plan.
present(r, attribute) if object.get(r.after, attribute, null) != null

present(r, attribute) if {
	unknown := object.get(r.unknown, attribute, false)
	unknown != false
	r.expressions[attribute]
}

present(r, attribute) if {
	r.origin == "hcl"
	expression := r.expressions[attribute]
	object.get(expression, "constant", "set") != null
}
