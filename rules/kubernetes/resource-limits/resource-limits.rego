# METADATA
# title: Resource requests and memory limit are set
# description: |-
#   Without requests the scheduler guesses and the node is overcommitted; without a memory limit one leak takes its
#   neighbours down with it. A LimitRange of the namespace, pod-level resources and the requests that a
#   VerticalPodAutoscaler sets count. A CPU limit throttles and is asked for only by parameter.
# custom:
#   severity: medium
#   effects: {prod: deny, non-prod: warn}
#   over: {subject: containers}
#   scope: subject
#   params:
#     required:
#       type: array
#       default: [requests.cpu, requests.memory, limits.memory]
#       description: "what must be set: requests.cpu, requests.memory, limits.cpu, limits.memory, or the same of another resource"
#     types: {type: array, default: [container, init], description: "types of containers that are judged"}
#   remediation: Set the missing requests and limits from what the container was seen to use.
#   language: yaml
#   before: |-
#     apiVersion: v1
#     kind: Pod
#     metadata: {name: web}
#     spec:
#       containers:
#         - name: web
#           image: registry.example.com/web:1.0.0
#           resources:
#             requests: {cpu: 100m}
#   after: |-
#     apiVersion: v1
#     kind: Pod
#     metadata: {name: web}
#     spec:
#       containers:
#         - name: web
#           image: registry.example.com/web:1.0.0
#           resources:
#             requests: {cpu: 100m, memory: 128Mi}
#             limits: {memory: 128Mi}
#   references:
#     - {title: "Kubernetes: managing resources for containers", url: "https://kubernetes.io/docs/concepts/configuration/manage-resources-containers/"}
#     - {title: "NSA/CISA Kubernetes Hardening Guidance: resource policies", url: "https://media.defense.gov/2022/Aug/29/2003066362/-1/-1/0/CTR_KUBERNETES_HARDENING_GUIDANCE_1.2_20220829.PDF"}
#   waivable: "yes"
#   since: 0.1.0
package gate.rules.kubernetes["resource-limits"]

import data.gate.lib

deny contains finding if {
	some c in input.containers
	params := lib.params(c, "kubernetes/resource-limits")
	missing := [named(what) | some what in params.required; not what in c.resources]
	count(missing) > 0
	c.type in params.types
	finding := {
		"subject": c.id,
		"path": ["resources"],
		"msg": sprintf("container %q of %s %q has no %s", [c.name, c.workload.kind, c.workload.name, concat(", no ", missing)]),
	}
}

# named turns requests.cpu into cpu request.
named(what) := sprintf("%s %s", [substring(what, indexof(what, ".") + 1, -1), singular[split(what, ".")[0]]])

singular := {"requests": "request", "limits": "limit"}
