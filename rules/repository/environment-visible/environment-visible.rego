# METADATA
# title: The environment is visible in the path
# description: |-
#   Who reads a change must see that it is about production. If only a variable, a workspace or a value file chosen at
#   run time says so, reviewers, owners and the gate itself see the same folder for every environment. A stack, overlay
#   or directory of manifests that no configured path, unit or stack entry places is judged as production, and nobody
#   knows which target it reaches. Charts and bases that others place are not judged.
# custom:
#   severity: medium
#   effects: {prod: warn, non-prod: warn}
#   over: {subject: environments}
#   scope: subject
#   params:
#     exempt: {type: array, default: ["**/examples/**", "examples/**", "docs/**", "**/testdata/**", "test/**", "tests/**"], description: "paths (globs) of what belongs to no environment"}
#   remediation: Move it below a path of its environment, or add an entry under units or stacks of the configuration.
#   language: yaml
#   before: |-
#     # stacks/network/main.tf serves every environment by var.environment
#     environments:
#       - {name: prod, class: prod, paths: ["**/prod/**"]}
#   after: |-
#     environments:
#       - {name: prod, class: prod, paths: ["**/prod/**"]}
#     stacks:
#       - {path: stacks/network, environment: prod}
#   references:
#     - {title: "OpenGitOps principles: declarative, versioned", url: "https://opengitops.dev/"}
#   waivable: "yes"
#   since: 0.1.0
package gate.rules.repository["environment-visible"]

import data.gate.lib

deny contains finding if {
	count(input.environments) > 0
	some s in placed
	s.environment == ""
	not lib.matches_any(lib.params(s, "repository/environment-visible").exempt, sprintf("%s/", [s.path]), ["/"])
	finding := {
		"subject": s.id,
		"path": [],
		"msg": sprintf("%s %q belongs to no environment; want a path of one, or an entry under %s", [s.what, s.path, s.entry]),
	}
}

placed contains {"id": u.id, "path": u.path, "environment": u.environment, "what": what[u.kind], "entry": "units"} if {
	some u in input.units
	what[u.kind]
}

placed contains {"id": s.id, "path": s.path, "environment": s.environment, "what": "stack", "entry": "stacks"} if {
	some s in input.terraform.stacks
}

what := {"kustomize": "overlay", "manifests": "directory"}
