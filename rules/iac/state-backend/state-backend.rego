# METADATA
# title: State is remote, locked, encrypted and one stack's own
# description: |-
#   State holds every secret that a provider ever returned and decides what the next apply destroys. On a disk it is
#   lost or leaked; without a lock two runs overwrite each other; with one key for two stacks each plans to delete the
#   other. A module that others call and an example have no state of their own: their callers are asked.
# custom:
#   severity: high
#   effects: {prod: deny, non-prod: warn}
#   over: {subject: stacks}
#   scope: subject
#   params:
#     types: {type: array, default: [], description: "backends that may be used; empty: any remote one"}
#   remediation: Configure a remote backend with a key of its own, with locking (use_lockfile or dynamodb_table for s3, lock_address for http) and encryption.
#   language: hcl
#   before: |-
#     terraform {
#       backend "s3" {
#         bucket = "example-state"
#         key    = "shop/terraform.tfstate"
#         region = "eu-west-1"
#       }
#     }
#   after: |-
#     terraform {
#       backend "s3" {
#         bucket       = "example-state"
#         key          = "shop/terraform.tfstate"
#         region       = "eu-west-1"
#         encrypt      = true
#         use_lockfile = true
#       }
#     }
#   references:
#     - {title: "Terraform: backend configuration", url: "https://developer.hashicorp.com/terraform/language/backend"}
#     - {title: "NIST SP 800-53 SC-28, CP-9", url: "https://csrc.nist.gov/pubs/sp/800/53/r5/upd1/final"}
#   waivable: "yes"
#   since: 0.1.0
package gate.rules.iac["state-backend"]

import data.gate.lib
import data.gate.lib.state

deny contains finding if {
	some s in input.terraform.stacks
	s.source
	not state.library(s)
	some problem in problems(s)
	finding := {"subject": s.id, "path": array.concat(["backend"], problem.path), "msg": problem.msg}
}

deny contains finding if {
	some s in input.terraform.stacks
	key := state.identity(s)
	others := sort([o.path | some o in input.terraform.stacks; o.id != s.id; state.identity(o) == key])
	count(others) > 0
	msg := sprintf("the state %q is also that of %s", [key, concat(", ", others)])
	finding := {"subject": s.id, "path": ["backend", "key"], "msg": msg}
}

unknown contains finding if {
	some s in input.terraform.stacks
	s.source
	partial(s)
	msg := sprintf("the settings of backend %q are given on the command line: whether the state is locked and encrypted cannot be told", [s.backend.type])
	finding := {"subject": s.id, "path": ["backend"], "msg": msg, "cause": "computed"}
}

unknown contains finding if {
	some s in input.terraform.stacks
	s.source
	s.backend == null
	root_elsewhere(s)
	msg := "neither the unit nor what it includes configures a backend: whether its module does cannot be told"
	finding := {"subject": s.id, "path": ["backend"], "msg": msg, "cause": "computed"}
}

problems(s) := [] if {
	s.backend == null
	root_elsewhere(s)
} else := [] if {
	s.backend == null
	count(object.keys(s.resourceCounts)) + count(lib.list(s, "modules")) == 0 # nor is there a state
} else := [{"path": [], "msg": "no backend is configured: the state is a file on the disk of whoever applies"}] if {
	s.backend == null
} else := [{"path": [], "msg": "the backend is local: the state is a file on the disk of whoever applies"}] if {
	s.backend.type == "local"
} else := [{"path": [], "msg": sprintf("backend %q is not one of %s", [s.backend.type, concat(", ", allowed(s))])}] if {
	count(allowed(s)) > 0
	not object.get(s.backend, "type", "") in allowed(s)
} else := array.concat(unlocked(s), unencrypted(s))

# What a Terragrunt unit applies from elsewhere may hold the block.
root_elsewhere(s) if {
	some m in s.modules
	m.address == "terragrunt"
}

allowed(s) := lib.params(s, "iac/state-backend").types

# partial is true for a block whose identity is missing: it comes from
# -backend-config, and so may the rest.
partial(s) if {
	needed := {"s3": ["bucket", "key"], "azurerm": ["storage_account_name", "key"], "gcs": ["bucket"], "http": ["address"], "oss": ["bucket"], "cos": ["bucket"]}
	some name in needed[s.backend.type]
	not s.backend.config[name]
}

unlocked(s) := [{"path": ["use_lockfile"], "msg": "the state is not locked: set use_lockfile = true or dynamodb_table"}] if {
	s.backend.type == "s3"
	not partial(s)
	not s.backend.config.dynamodb_table
	not truth(object.get(s.backend, ["config", "use_lockfile"], false))
} else := [{"path": ["lock_address"], "msg": "the state is not locked: set lock_address and unlock_address"}] if {
	s.backend.type == "http"
	not partial(s)
	not s.backend.config.lock_address
} else := []

unencrypted(s) := [{"path": ["encrypt"], "msg": "the state is not encrypted by the backend: set encrypt = true"}] if {
	s.backend.type in {"s3", "oss", "cos"}
	not partial(s)
	not truth(object.get(s.backend, ["config", "encrypt"], false))
} else := [{"path": ["address"], "msg": "the state is sent over a connection that is not encrypted"}] if {
	s.backend.type == "http"
	startswith(s.backend.config.address, "http://")
} else := []

truth(v) if v == true

truth(v) if v == "true"
