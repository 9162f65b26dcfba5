# METADATA
# title: Container is not privileged
# description: |-
#   A privileged container has every capability, every device and no confinement: whoever takes it over has the node,
#   and with the node's credentials often the cluster. Init and ephemeral containers count as well.
# custom:
#   severity: critical
#   effects: {prod: deny, non-prod: deny}
#   over: {subject: containers}
#   scope: subject
#   params:
#     exempt: {type: array, default: [], description: "workloads that may be privileged, as globs over namespace/name"}
#   remediation: Remove privileged and add the single capability or device that the program needs.
#   language: yaml
#   before: |-
#     apiVersion: v1
#     kind: Pod
#     metadata: {name: agent}
#     spec:
#       containers:
#         - name: agent
#           image: registry.example.com/agent:1.0.0
#           securityContext:
#             privileged: true
#   after: |-
#     apiVersion: v1
#     kind: Pod
#     metadata: {name: agent}
#     spec:
#       containers:
#         - name: agent
#           image: registry.example.com/agent:1.0.0
#           securityContext:
#             capabilities: {drop: [ALL], add: [NET_ADMIN]}
#   references:
#     - {title: "Pod Security Standards, baseline: privileged containers", url: "https://kubernetes.io/docs/concepts/security/pod-security-standards/"}
#     - {title: "CIS Kubernetes Benchmark 5.2.2", url: "https://www.cisecurity.org/benchmark/kubernetes"}
#     - {title: "NSA/CISA Kubernetes Hardening Guidance: pod security", url: "https://media.defense.gov/2022/Aug/29/2003066362/-1/-1/0/CTR_KUBERNETES_HARDENING_GUIDANCE_1.2_20220829.PDF"}
#   waivable: approval
#   since: 0.1.0
package gate.rules.kubernetes["privileged-container"]

import data.gate.lib

deny contains finding if {
	some c in input.containers
	object.get(c.container, ["securityContext", "privileged"], false) == true
	not exempt(c)
	finding := {
		"subject": c.id,
		"path": ["securityContext", "privileged"],
		"msg": sprintf("container %q of %s %q is privileged", [c.name, c.workload.kind, c.workload.name]),
	}
}

exempt(c) if {
	name := sprintf("%s/%s", [c.workload.namespace, c.workload.name])
	lib.matches_any(lib.params(c, "kubernetes/privileged-container").exempt, name, ["/"])
}
