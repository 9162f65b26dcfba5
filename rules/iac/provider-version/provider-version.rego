# METADATA
# title: Providers are pinned between bounds
# description: |-
#   A provider without an upper bound changes its defaults and its resources under a configuration that nobody touched,
#   and one without a source or a lock file may be another program than the one that was reviewed. Every provider in
#   use has a source and a constraint with both ends, the stack says which Terraform it needs, and the lock file is
#   committed and covers what is used. A module that others call leaves all of that to them, as does an example.
# custom:
#   severity: medium
#   effects: {prod: deny, non-prod: warn}
#   over: {subject: stacks}
#   scope: subject
#   params:
#     lockFile: {type: boolean, default: true, description: "whether .terraform.lock.hcl must be committed and cover the providers"}
#     requiredVersion: {type: boolean, default: true, description: "whether required_version must be set"}
#   remediation: Name source and version in required_providers (such as "~> 6.4"), set required_version, and commit the lock file that terraform init writes.
#   language: hcl
#   before: |-
#     terraform {
#       required_providers {
#         aws = {
#           source  = "hashicorp/aws"
#           version = ">= 5.0"
#         }
#       }
#     }
#   after: |-
#     terraform {
#       required_version = "~> 1.9"
#       required_providers {
#         aws = {
#           source  = "hashicorp/aws"
#           version = "~> 6.4"
#         }
#       }
#     }
#   references:
#     - {title: "Terraform: provider requirements", url: "https://developer.hashicorp.com/terraform/language/providers/requirements"}
#     - {title: "Terraform: dependency lock file", url: "https://developer.hashicorp.com/terraform/language/files/dependency-lock"}
#   waivable: "yes"
#   since: 0.1.0
package gate.rules.iac["provider-version"]

import data.gate.lib
import data.gate.lib.state

deny contains finding if {
	some s in input.terraform.stacks
	s.source
	some q in required(s)
	q.source == ""
	not vouched(s, q)
	msg := sprintf("provider %q has no source in required_providers", [q.name])
	finding := {"subject": s.id, "path": ["requirements", q.module, q.name, "source"], "msg": msg}
}

# The constraints of all modules hold together: the root may bound what a
# module leaves open.
deny contains finding if {
	some s in input.terraform.stacks
	s.source
	some key in {q.key | some q in required(s)}
	constraints := [q.constraint | some q in required(s); q.key == key; q.constraint != ""]
	missing := bounds(constraints)
	count(missing) > 0
	place := spokesman(s, key)
	msg := sprintf("provider %q %s: %s", [place.name, shown(constraints), concat(" and ", missing)])
	finding := {"subject": s.id, "path": ["requirements", place.module, place.name, "version"], "msg": msg}
}

deny contains finding if {
	some s in input.terraform.stacks
	not s.source
	some p in s.providers
	p.module == ""
	p.name != "terraform"
	missing := bounds([c | c := p.constraint; c != ""])
	count(missing) > 0
	msg := sprintf("provider %q %s: %s", [p.name, shown([c | c := p.constraint; c != ""]), concat(" and ", missing)])
	finding := {"subject": s.id, "path": ["providers", p.name, "version"], "msg": msg}
}

deny contains finding if {
	some s in input.terraform.stacks
	s.source
	lib.params(s, "iac/provider-version").requiredVersion
	not some_version(s)
	not root_elsewhere(s)
	not state.library(s)
	finding := {"subject": s.id, "path": ["requiredVersion"], "msg": "required_version is not set: any version of Terraform may apply this stack"}
}

deny contains finding if {
	some s in input.terraform.stacks
	locked(s)
	count(required(s)) > 0
	s.lock == null
	finding := {"subject": s.id, "path": ["lock"], "msg": "no .terraform.lock.hcl is committed: each run may download another provider"}
}

deny contains finding if {
	some s in input.terraform.stacks
	locked(s)
	is_object(s.lock)
	some q in required(s)
	not covered(s, q)
	msg := sprintf("provider %q is not in .terraform.lock.hcl", [q.key])
	finding := {"subject": s.id, "path": ["requirements", q.module, q.name, "lock"], "msg": msg}
}

# Providers that are a part of Terraform have no versions.
required(s) := [] if {
	root_elsewhere(s)
} else := [] if {
	state.library(s)
} else := [q | some q in s.requirements; not startswith(q.source, "terraform.io/builtin/")]

# vouched is true for a provider of a module that another one, its caller, names
# with its source: both mean the same one.
vouched(s, q) if {
	some other in required(s)
	other.key == q.key
	other.source != ""
}

locked(s) if {
	s.source
	lib.params(s, "iac/provider-version").lockFile
}

# OpenTofu writes the lock file with its own registry.
covered(s, q) if s.lock[q.key]

covered(s, q) if s.lock[replace(q.key, "registry.terraform.io/", "registry.opentofu.org/")]

some_version(s) if {
	some v in s.requiredVersion
	v != ""
}

# What a Terragrunt unit applies from elsewhere says its versions there.
root_elsewhere(s) if {
	some m in s.modules
	m.address == "terragrunt"
}

# spokesman is where a finding about a provider stands: the root module's
# entry, else the first module's.
spokesman(s, key) := [q | some q in required(s); q.key == key][0]

shown([]) := "has no version constraint"

shown(list) := sprintf("is constrained to %q", [concat(", ", list)]) if count(list) > 0

bounds(constraints) := array.concat([m | m := "expected a lower bound"; not bounded(constraints, low)], [m | m := "expected an upper bound"; not bounded(constraints, high)])

# https://developer.hashicorp.com/terraform/language/expressions/version-constraints
low := `^(>=|>|=|~>)?\s*v?[0-9]`

high := `^((<=|<|=)?\s*v?[0-9]|~>\s*v?[0-9]+\.[0-9])`

bounded(constraints, pattern) if {
	some c in constraints
	some part in split(c, ",")
	regex.match(pattern, trim_space(part))
}
