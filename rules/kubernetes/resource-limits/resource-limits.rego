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
	c.type in params.types
	missing := [name | some what in params.required; not set(c, what); name := named(what)]
	count(missing) > 0
	finding := {
		"subject": c.id,
		"path": ["resources"],
		"msg": sprintf("container %q of %s %q has no %s", [c.name, c.workload.kind, c.workload.name, concat(", no ", missing)]),
	}
}

# The API server sets a request from the limit of the same resource. The
# container comes first: it mostly says all itself.
set(c, what) if {
	some [kind, resource] in places(what)
	value := c.container.resources[kind][resource]
	value != null
	value != ""
} else if {
	some [kind, resource] in places(what)
	some resources in [object.get(c.pod, "resources", {}), c.defaults]
	lib.has_value(resources, [kind, resource])
} else if {
	autoscaled(c, what)
}

# A VerticalPodAutoscaler sets requests, unless it only recommends.
autoscaled(c, what) if {
	[kind, resource] := split_once(what)
	kind == "requests"
	resource in object.get(c, "autoscaled", [])
}

places(what) := [path, ["limits", path[1]]] if {
	startswith(what, "requests.")
	path := split_once(what)
} else := [split_once(what)]

split_once(what) := [kind, substring(what, count(kind) + 1, -1)] if kind := split(what, ".")[0]

named(what) := sprintf("%s %s", [parts[1], singular[parts[0]]]) if parts := split_once(what)

singular := {"requests": "request", "limits": "limit"}
