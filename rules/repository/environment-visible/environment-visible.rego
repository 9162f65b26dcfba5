# METADATA
# title: The environment is visible in the path
# description: |-
#   Who reads a change must see that it is about production. If only a variable, a workspace or a value file chosen at
#   run time says so, reviewers, owners and the gate itself see the same folder for every environment. A stack, overlay
#   or directory of manifests that no configured path, unit or stack entry places is judged as production, and nobody
#   knows which target it reaches. Those that end alike, as overlays/prod does, are one finding. Charts and bases that
#   others place are not judged.
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

# One finding for all that one glob would place.
deny contains finding if {
	some tail, all in unplaced
	first := min({s.path | some s in all})
	some s in all
	s.path == first
	finding := {"subject": s.id, "path": [], "msg": sprintf("%s; want %s", [told(s, count(all)), wanted(s, tail, count(all))])}
}

told(s, n) := sprintf("%s %q belongs to no environment", [s.what, s.path]) if n == 1

told(s, n) := sprintf("%s %q and %d more of its name belong to no environment", [s.what, s.path, n - 1]) if n > 1

wanted(s, _, 1) := concat("", ["a path of one", s.entry])

wanted(_, tail, n) := sprintf("%q among the paths of one", [sprintf("**/%s/**", [tail[1]])]) if n > 1

unplaced[[s.what, tail]] contains s if {
	count(input.environments) > 0
	some s in placed
	s.environment == ""
	not lib.matches_any(lib.params(s, "repository/environment-visible").exempt, sprintf("%s/", [s.path]), ["/"])
	parts := split(s.path, "/")
	tail := concat("/", array.slice(parts, count(parts) - 2, count(parts)))
}

placed contains {"id": u.id, "path": u.path, "environment": u.environment, "what": what[u.kind], "entry": object.get(entry, u.kind, "")} if {
	some u in input.units
	what[u.kind]
}

placed contains {"id": s.id, "path": s.path, "environment": s.environment, "what": "stack", "entry": entry.stack} if {
	some s in input.terraform.stacks
}

what := {"kustomize": "overlay", "manifests": "directory"}

# Plain manifests have no entry that could name them.
entry := {"kustomize": ", or an entry under units", "stack": ", or an entry under stacks"}
