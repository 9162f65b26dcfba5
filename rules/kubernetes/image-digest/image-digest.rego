# METADATA
# title: Image pinned by digest
# description: |-
#   A tag can be moved to another image after the change was reviewed, so what runs is not what was judged.
#   A digest names the exact bytes. Init and ephemeral containers count as well.
# custom:
#   severity: high
#   effects: {prod: deny, non-prod: warn}
#   over: {subject: containers}
#   scope: subject
#   params:
#     exempt: {type: array, default: [], description: "image repositories (globs over registry/repository) that need no digest"}
#   remediation: Append the digest of the image that was tested, as in name:tag@sha256:…
#   language: yaml
#   before: |-
#     apiVersion: v1
#     kind: Pod
#     metadata: {name: web}
#     spec:
#       containers:
#         - name: web
#           image: registry.example.com/web:1.4.2
#   after: |-
#     apiVersion: v1
#     kind: Pod
#     metadata: {name: web}
#     spec:
#       containers:
#         - name: web
#           image: registry.example.com/web:1.4.2@sha256:0f5a6f1a6ad0cd4b1d5ea4e8b5b0f2c0b4b3b6c1d7f1f6b2f3d7e8a9c0b1d2e3
#   references:
#     - {title: "Kubernetes: image digests", url: "https://kubernetes.io/docs/concepts/containers/images/#image-names"}
#     - {title: "NIST SP 800-190, 4.1.5", url: "https://csrc.nist.gov/pubs/sp/800/190/final"}
#   waivable: "yes"
#   since: 0.1.0
package gate.rules.kubernetes["image-digest"]

import data.gate.lib

deny contains finding if {
	some c in input.containers
	c.image.digest == ""
	not exempt(c)
	finding := {"subject": c.id, "path": ["image"], "msg": message(c)}
}

# OpenShift sets the image of a DeploymentConfig when an image stream changes.
exempt(c) if {
	c.image.ref == ""
	c.workload.kind == "DeploymentConfig"
}

exempt(c) if {
	name := sprintf("%s/%s", [c.image.registry, c.image.repository])
	lib.matches_any(lib.params(c, "kubernetes/image-digest").exempt, name, ["/"])
}

message(c) := sprintf("container %q has no image", [c.name]) if c.image.ref == ""

else := sprintf("image %q of container %q is not pinned by digest", [c.image.ref, c.name])
