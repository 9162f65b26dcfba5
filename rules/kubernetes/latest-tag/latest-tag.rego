# METADATA
# title: Image does not follow the tag latest
# description: |-
#   The tag latest, and no tag at all, mean whatever was pushed last: two pods of one workload may run different
#   programs, and going back is not possible because nobody knows to what. A digest settles it, with or without tag.
# custom:
#   severity: medium
#   effects: {prod: warn, non-prod: warn}
#   over: {subject: containers}
#   scope: subject
#   params:
#     tags: {type: array, default: [latest], description: "tags that move"}
#     exempt: {type: array, default: [docker.io/library/auto], description: "image repositories (globs over registry/repository) that are not judged; Istio's injector replaces the image auto"}
#   remediation: Name the version that was tested, with its digest.
#   language: yaml
#   before: |-
#     apiVersion: v1
#     kind: Pod
#     metadata: {name: web}
#     spec:
#       containers:
#         - name: web
#           image: registry.example.com/web:latest
#   after: |-
#     apiVersion: v1
#     kind: Pod
#     metadata: {name: web}
#     spec:
#       containers:
#         - name: web
#           image: registry.example.com/web:1.4.2
#   references:
#     - {title: "Kubernetes: container images", url: "https://kubernetes.io/docs/concepts/containers/images/#image-names"}
#     - {title: "CIS Docker Benchmark 4.x: image versions", url: "https://www.cisecurity.org/benchmark/docker"}
#   waivable: "yes"
#   since: 0.1.0
package gate.rules.kubernetes["latest-tag"]

import data.gate.lib

deny contains finding if {
	some c in input.containers
	c.image.valid
	c.image.digest == ""
	not lib.matches_any(lib.params(c, "kubernetes/latest-tag").exempt, sprintf("%s/%s", [c.image.registry, c.image.repository]), ["/"])
	fault := fault_of(c)
	finding := {"subject": c.id, "path": ["image"], "msg": sprintf("image %q of container %q %s; want a version", [c.image.ref, c.name, fault])}
}

fault_of(c) := "has no tag, which means latest" if c.image.tag == ""

else := sprintf("follows the tag %q", [c.image.tag]) if c.image.tag in lib.params(c, "kubernetes/latest-tag").tags
