# METADATA
# title: No role leads to more rights
# description: |-
#   Some rights are worth more than they look: who may bind or escalate roles, impersonate, read every secret, run
#   commands in pods or reach the kubelet through nodes/proxy, has what those others have. Rights that are limited to
#   named objects count only where the names do not help. Wildcards are rbac-wildcard's matter.
# custom:
#   severity: high
#   effects: {prod: deny, non-prod: warn}
#   over: {subject: objects, kinds: [Role, ClusterRole]}
#   scope: subject
#   params:
#     exempt: {type: array, default: [], description: "roles that may have such rights, as globs over namespace/name (of a ClusterRole: /name)"}
#   remediation: Leave the right out, or limit it by resourceNames to the objects that the program needs; mount secrets instead of listing them.
#   language: yaml
#   before: |-
#     apiVersion: rbac.authorization.k8s.io/v1
#     kind: Role
#     metadata: {name: web, namespace: web}
#     rules:
#       - {apiGroups: [""], resources: [secrets], verbs: [get, list]}
#   after: |-
#     apiVersion: rbac.authorization.k8s.io/v1
#     kind: Role
#     metadata: {name: web, namespace: web}
#     rules:
#       - {apiGroups: [""], resources: [secrets], resourceNames: [web-tls], verbs: [get]}
#   references:
#     - {title: "Kubernetes: RBAC good practices, privilege escalation risks", url: "https://kubernetes.io/docs/concepts/security/rbac-good-practices/#privilege-escalation-risks"}
#     - {title: "CIS Kubernetes Benchmark 5.1.2, 5.1.8, 5.1.10", url: "https://www.cisecurity.org/benchmark/kubernetes"}
#   waivable: approval
#   since: 0.1.0
package gate.rules.kubernetes["escalating-rbac"]

import data.gate.lib
import data.gate.lib.kubernetes

deny contains finding if {
	some o in input.objects
	o.kind in {"Role", "ClusterRole"}
	some r in kubernetes.rules(o)
	some i, resource in r.rule.resources
	is_string(resource)
	some row in data.kubernetes_escalation
	names(row, resource)
	in_group(r.rule, row)
	verbs := [verb | some verb in row.verbs; verb in r.rule.verbs]
	count(verbs) > 0
	reaches(o, r.rule, row)
	not kubernetes.exempt(lib.params(o, "kubernetes/escalating-rbac").exempt, o.namespace, o.name)
	finding := {
		"subject": o.id,
		"path": ["rules", r.index, "resources", i],
		"msg": sprintf("%s %q may %s %q: its holder can %s%s", [o.kind, o.name, concat(", ", verbs), resource, row.gives, where[o.kind]]),
	}
}

where := {"Role": " in its namespace", "ClusterRole": ""}

# names is true for a resource of the row. "*/exec" is that subresource of every
# resource; "userextras/*" in the table is every key.
names(row, resource) if resource in row.resources

names(row, resource) if {
	startswith(resource, "*/")
	some other in row.resources
	endswith(other, substring(resource, 1, -1))
}

names(row, resource) if {
	some other in row.resources
	endswith(other, "/*")
	startswith(resource, trim_suffix(other, "*"))
}

in_group(rule, row) if {
	some group in row.groups
	group in rule.apiGroups
}

in_group(rule, _) if "*" in rule.apiGroups

reaches(o, rule, row) if {
	in_effect(o, row)
	not limited(rule, row)
}

in_effect(_, row) if not row.cluster

in_effect(o, row) if {
	row.cluster
	o.kind == "ClusterRole"
}

limited(rule, row) if {
	row.names == false
	count(lib.list(rule, "resourceNames")) > 0
}
