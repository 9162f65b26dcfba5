# METADATA
# title: Policy changes are approved by their keepers
# description: |-
#   Who can change what judges a change can pass any change: a rule switched off, a waiver, an owner removed, a workflow
#   that no longer asks, an ignore file that hides, instructions that steer an agent. Such a change is judged by the
#   policy of the target branch, and whoever keeps that policy approves it, in every environment.
# custom:
#   severity: high
#   effects: {prod: require-approval, non-prod: require-approval}
#   over: {subject: files}
#   scope: subject
#   needs: [base]
#   params:
#     paths:
#       type: array
#       default: []
#       description: "globs of further paths that judge or steer changes, such as an organisation's policies and runbooks"
#     ignore: {type: array, default: [], description: "globs of paths of the built-in table that need no approval"}
#   requires: security
#   remediation: Ask somebody of the role security (roles of .gate.yaml on the target branch name them) to approve the latest commit; in a change of its own it keeps nothing else waiting. Files that neither judge nor steer anything may stand in the parameter ignore.
#   language: text
#   before: |-
#     # one change
#     .gate.yaml                        rules: kubernetes/host-path: {effect: warn}
#     clusters/prod/agent/daemon.yaml   hostPath: /
#   after: |-
#     # first change, approved by the security role
#     .gate/waivers.yaml                rule: kubernetes/host-path, scope: clusters/prod/agent/**, expires: 2027-03-31
#     # second change
#     clusters/prod/agent/daemon.yaml   hostPath: /var/log
#   references:
#     - {title: "SLSA: source track, change management", url: "https://slsa.dev/spec/v1.1/"}
#     - {title: "NIST SP 800-53 rev. 5, CM-5 access restrictions for change", url: "https://csrc.nist.gov/projects/cprt/catalog#/cprt/framework/version/SP_800_53_5_1_1/home?element=CM-5"}
#   waivable: "approval"
#   since: 0.1.0
package gate.rules.repository["policy-change-approval"]

import data.gate.lib

deny contains finding if {
	some file in input.change.files
	what := min(kinds(file))
	finding := {
		"subject": file.id, "path": [],
		"msg": sprintf("%s %q is %s; expected the approval of the security role", [what, name(file), file.status]),
	}
}

name(file) := file.path if file.previous == ""

name(file) := sprintf("%s (was %s)", [file.path, file.previous]) if file.previous != ""

# A file that is moved away counts by its old name too.
kinds(file) := {kind |
	some path in {file.path, file.previous}
	some kind, patterns in data.policy_paths
	lib.matches_any(patterns, path, ["/"])
	not ignored(file, path)
} | {"policy file" |
	some path in {file.path, file.previous}
	lib.matches_any(object.get(lib.params(file, "repository/policy-change-approval"), "paths", []), path, ["/"])
} | {what |
	# What the configuration of the target branch names: waivers, trust, policies and their data.
	what := object.get(file, "policy", "")
	what != ""
	not in_table(file)
} | {"CI definition" |
	some w in input.workflows
	w.path == file.path
	not ignored(file, w.path)
}

in_table(file) if {
	some path in {file.path, file.previous}
	lib.matches_any(data.policy_paths[_], path, ["/"])
}

ignored(file, path) if lib.matches_any(object.get(lib.params(file, "repository/policy-change-approval"), "ignore", []), path, ["/"])
