# METADATA
# title: Image comes from an allowed registry
# description: |-
#   An image from a registry that nobody answers for is code that nobody reviewed, and a typo in a name is enough to
#   get one. Each environment names the registries and repositories that it takes images from.
# custom:
#   severity: high
#   effects: {prod: deny, non-prod: warn}
#   over: {subject: containers}
#   scope: subject
#   params:
#     allowed:
#       type: array
#       default: []
#       description: "registries or repositories with all below them (registry.example.com, ghcr.io/example), or globs over registry/repository; empty allows all"
#   remediation: Mirror the image into an allowed registry and refer to it there, or add the repository to the parameter allowed.
#   language: yaml
#   before: |-
#     # parameter allowed: [registry.example.com]
#     apiVersion: v1
#     kind: Pod
#     metadata: {name: web}
#     spec:
#       containers:
#         - name: web
#           image: docker.io/someone/web:1.0.0
#   after: |-
#     # parameter allowed: [registry.example.com]
#     apiVersion: v1
#     kind: Pod
#     metadata: {name: web}
#     spec:
#       containers:
#         - name: web
#           image: registry.example.com/web:1.0.0
#   references:
#     - {title: "NIST SP 800-190, 4.2: registry countermeasures", url: "https://csrc.nist.gov/pubs/sp/800/190/final"}
#     - {title: "Kubernetes: images", url: "https://kubernetes.io/docs/concepts/containers/images/"}
#   waivable: "yes"
#   since: 0.1.0
package gate.rules["supply-chain"]["registry-allowed"]

import data.gate.lib

deny contains finding if {
	some c in input.containers
	patterns := lib.params(c, "supply-chain/registry-allowed").allowed
	count(patterns) > 0
	name := sprintf("%s/%s", [c.image.registry, c.image.repository])
	not allowed(patterns, name)
	finding := {
		"subject": c.id,
		"path": ["image"],
		"msg": sprintf("image %q comes from %q; want one of %s", [c.image.ref, name, concat(", ", patterns)]),
	}
}

allowed(patterns, name) if {
	some pattern in patterns
	startswith(name, concat("", [trim_suffix(pattern, "/"), "/"]))
}

allowed(patterns, name) if name in patterns

allowed(patterns, name) if lib.matches_any(patterns, name, ["/"])
