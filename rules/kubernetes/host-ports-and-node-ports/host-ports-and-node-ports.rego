# METADATA
# title: No host ports and no node ports
# description: |-
#   A host port opens the node itself, past Service, Ingress and most network policies, and lets one pod of the kind run
#   on each node; a node port opens every node of the cluster. Both are found by whoever scans the nodes' network. Pods
#   on the host's network have all ports anyway and are judged by pod-security-baseline.
# custom:
#   severity: medium
#   effects: {prod: warn, non-prod: warn}
#   over: {subject: objects}
#   scope: subject
#   params:
#     exempt: {type: array, default: [], description: "workloads and services that may have them, as globs over namespace/name"}
#   remediation: Use a Service of type ClusterIP behind an Ingress or Gateway, or a LoadBalancer.
#   language: yaml
#   before: |-
#     apiVersion: v1
#     kind: Service
#     metadata: {name: web}
#     spec:
#       type: NodePort
#       ports: [{port: 80, nodePort: 30080}]
#   after: |-
#     apiVersion: v1
#     kind: Service
#     metadata: {name: web}
#     spec:
#       type: ClusterIP
#       ports: [{port: 80}]
#   references:
#     - {title: "Pod Security Standards, baseline: host ports", url: "https://kubernetes.io/docs/concepts/security/pod-security-standards/"}
#     - {title: "CIS Kubernetes Benchmark 5.2.13", url: "https://www.cisecurity.org/benchmark/kubernetes"}
#   waivable: "yes"
#   since: 0.1.0
package gate.rules.kubernetes["host-ports-and-node-ports"]

import data.gate.lib
import data.gate.lib.kubernetes

deny contains finding if {
	some o in input.objects
	some pod in o.pods
	spec := object.get(o.manifest, pod.path, {})
	object.get(spec, "hostNetwork", false) != true
	some field in ["initContainers", "containers"]
	some i, c in spec[field]
	some k, port in c.ports
	object.get(port, "hostPort", 0) != 0
	not exempt(o)
	finding := {
		"subject": o.id,
		"path": array.concat(pod.path, [field, i, "ports", k, "hostPort"]),
		"msg": sprintf("container %q of %s %q opens port %v of the node", [object.get(c, "name", ""), o.kind, o.name, port.hostPort]),
	}
}

deny contains finding if {
	some o in input.objects
	o.kind == "Service"
	o.group == ""
	o.manifest.spec.type == "NodePort"
	not exempt(o)
	finding := {
		"subject": o.id,
		"path": ["spec", "type"],
		"msg": sprintf("Service %q opens a port of every node (type \"NodePort\"); want ClusterIP or LoadBalancer", [o.name]),
	}
}

exempt(o) if kubernetes.exempt(lib.params(o, "kubernetes/host-ports-and-node-ports").exempt, o.namespace, o.name)
