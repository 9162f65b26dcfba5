# METADATA
# title: Nothing lives in the namespace default
# description: |-
#   What is put into default shares its policies, quotas and service account with everything else that nobody placed, and
#   access to one of them is access to all. An object that names no namespace is placed by the controller and not judged,
#   nor is what hardens the namespace itself. Of a chart or kustomization that is put there as a whole one object is
#   named.
# custom:
#   severity: low
#   effects: {prod: warn, non-prod: warn}
#   over: {subject: objects}
#   scope: tree
#   params:
#     kinds: {type: array, default: [NetworkPolicy, LimitRange, ResourceQuota, ServiceAccount, Role, RoleBinding], description: "kinds that may stand in the namespace default"}
#   remediation: Give the workload a namespace of its own.
#   language: yaml
#   before: |-
#     apiVersion: v1
#     kind: ConfigMap
#     metadata: {name: settings, namespace: default}
#   after: |-
#     apiVersion: v1
#     kind: ConfigMap
#     metadata: {name: settings, namespace: web}
#   references:
#     - {title: "CIS Kubernetes Benchmark 5.7.4", url: "https://www.cisecurity.org/benchmark/kubernetes"}
#     - {title: "Kubernetes: namespaces", url: "https://kubernetes.io/docs/concepts/overview/working-with-objects/namespaces/"}
#   waivable: "yes"
#   since: 0.1.0
package gate.rules.kubernetes["default-namespace"]

import data.gate.lib

deny contains finding if {
	some list in placed
	some o in list
	named(o, list)
	finding := {
		"subject": o.id,
		"path": ["metadata", "namespace"],
		"msg": sprintf("%s %q lives in the namespace \"default\"; want one of its own", [o.kind, o.name]),
	}
}

# placed lists the objects of each unit.
placed[o.unit] contains o if {
	some o in input.index.objects
	o.namespace == "default"
	not o.untold
	not o.kind in lib.params(o, "kubernetes/default-namespace").kinds
}

named(o, _) if startswith(o.unit, "manifests:")

named(o, list) if {
	o.id == min({x.id | some x in list})
	not told(o)
}

# told is true under another circumstance of a unit that lives there as it is.
told(o) if {
	v := input.index.variants[o.unit]
	v.by == "circumstance"
	placed[v.of]
}
