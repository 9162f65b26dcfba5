# METADATA
# title: Modules come from approved, pinned sources
# description: |-
#   A module is code that runs with the rights of apply. One that follows a branch, or a registry version without an
#   upper end, may be another one tomorrow; one from an unknown source was never anybody's to review. Nested modules
#   count like those that the stack itself calls.
# custom:
#   severity: high
#   effects: {prod: deny, non-prod: warn}
#   over: {subject: stacks}
#   scope: subject
#   params:
#     sources: {type: array, default: [], description: "approved sources (globs over the source as written, such as \"git::https://git.example.com/**\"); empty: any"}
#     branches: {type: array, default: [main, master, develop, dev, trunk, default, HEAD], description: "refs that are branches"}
#     exact: {type: boolean, default: false, description: "whether a registry module needs an exact version"}
#     semver: {type: boolean, default: false, description: "whether a ref must be a version number or a commit"}
#   remediation: Give registry modules an exact or bounded version, and git modules a tag or a commit as ref.
#   language: hcl
#   before: |-
#     module "network" {
#       source = "git::https://git.example.com/modules/network.git?ref=main"
#     }
#   after: |-
#     module "network" {
#       source = "git::https://git.example.com/modules/network.git?ref=v3.2.0"
#     }
#   references:
#     - {title: "Terraform: module sources", url: "https://developer.hashicorp.com/terraform/language/modules/sources"}
#     - {title: "SLSA: dependencies", url: "https://slsa.dev/spec/v1.1/threats#dependency"}
#   waivable: "yes"
#   since: 0.1.0
package gate.rules.iac["module-source"]

import data.gate.lib

deny contains finding if {
	some s in input.terraform.stacks
	some m in s.modules
	not local_path(m.source)
	some problem in problems(s, m)
	path := ["modules", m.address, problem.argument]
	finding := {"subject": s.id, "path": path, "msg": sprintf("module %q %s", [m.address, problem.msg])}
}

problems(s, m) := array.concat(unapproved(s, m), unpinned(s, m))

unapproved(s, m) := [{"argument": "source", "msg": sprintf("comes from %q, which is not an approved source", [m.source])} |
	patterns := lib.params(s, "iac/module-source").sources
	count(patterns) > 0
	not lib.matches_any(patterns, m.source, ["/"])
]

local_path(source) if regex.match(`^(\./|\.\./|[a-zA-Z]:\\|\.$|\.\.$)`, source)

unpinned(s, m) := [{"argument": "source", "msg": "has a source that cannot be read"}] if {
	m.source == ""
} else := [{"argument": "source", "msg": sprintf("comes from %q over a connection that is not encrypted", [m.source])}] if {
	regex.match(`^(git::)?(http|git)://`, m.source)
} else := registry(s, m) if {
	registry_source(m.source)
}

unpinned(s, m) := repository(s, m) if {
	m.source != ""
	not regex.match(`^(git::)?(http|git)://`, m.source)
	not registry_source(m.source)
}

# <host>/<namespace>/<name>/<provider>, the host being optional, perhaps with
# a //directory.
registry_source(source) if {
	regex.match(`^([a-zA-Z0-9.-]+\.[a-zA-Z]{2,}(:[0-9]+)?/)?[0-9A-Za-z_-]+/[0-9A-Za-z_-]+/[0-9a-z]+(//.*)?$`, source)
	not regex.match(`^(github\.com|bitbucket\.org|gitlab\.com)/`, source)
}

registry(s, m) := [{"argument": "version", "msg": "has no version"}] if {
	m.version == ""
} else := [{"argument": "version", "msg": sprintf("has version %q, expected an exact one", [m.version])}] if {
	lib.params(s, "iac/module-source").exact
	not regex.match(`^=?\s*v?[0-9]+\.[0-9]+\.[0-9]+([-+].*)?$`, trim_space(m.version))
} else := [{"argument": "version", "msg": sprintf("has version %q, expected an exact version or one with an upper bound", [m.version])}] if {
	not above(m.version)
} else := []

above(version) if {
	some part in split(version, ",")
	regex.match(`^((<=|<|=)?\s*v?[0-9]|~>\s*v?[0-9]+\.[0-9])`, trim_space(part))
}

repository(s, m) := [{"argument": "source", "msg": sprintf("follows the default branch: %q names no ref", [m.source])}] if {
	versioned(m.source)
	not ref(m.source)
} else := [{"argument": "source", "msg": sprintf("follows the branch %q, expected a tag or commit", [ref(m.source)])}] if {
	versioned(m.source)
	branch(s, ref(m.source))
} else := [{"argument": "source", "msg": sprintf("has ref %q, expected a version number or a commit", [ref(m.source)])}] if {
	versioned(m.source)
	lib.params(s, "iac/module-source").semver
	not regex.match(`^(.*[-/_])?v?[0-9]+(\.[0-9]+)*([-+].*)?$`, ref(m.source))
	not regex.match(`^[0-9a-f]{7,64}$`, ref(m.source))
} else := []

versioned(source) if regex.match(`^(git::|hg::|git@|github\.com/|bitbucket\.org/|gitlab\.com/)`, source)

versioned(source) if regex.match(`\.git([/?]|$)`, source)

ref(source) := r if {
	some match in regex.find_all_string_submatch_n(`[?&](?:ref|rev)=([^&]+)`, source, 1)
	r := match[1]
}

branch(s, r) if r in lib.params(s, "iac/module-source").branches

branch(_, r) if startswith(r, "refs/heads/")
