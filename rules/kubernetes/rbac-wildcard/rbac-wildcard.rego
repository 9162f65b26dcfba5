# METADATA
# title: Roles name verbs and resources
# description: |-
#   "*" also grants what does not exist yet: the next version's subresource, the next custom resource. Whoever holds such
#   a role holds more than anybody decided. ClusterRoles that only aggregate others have no rules of their own. A
#   name that begins with "system:" gives no leave: anybody who writes to the tree can choose one.
# custom:
#   severity: high
#   effects: {prod: deny, non-prod: warn}
#   over: {subject: objects, kinds: [Role, ClusterRole]}
#   scope: subject
#   params:
#     exempt: {type: array, default: [], description: "roles that may use wildcards, as globs over namespace/name (of a ClusterRole: /name)"}
#   remediation: Name the verbs and the resources that the program uses.
#   language: yaml
#   before: |-
#     apiVersion: rbac.authorization.k8s.io/v1
#     kind: Role
#     metadata: {name: web, namespace: web}
#     rules:
#       - {apiGroups: [""], resources: ["*"], verbs: ["*"]}
#   after: |-
#     apiVersion: rbac.authorization.k8s.io/v1
#     kind: Role
#     metadata: {name: web, namespace: web}
#     rules:
#       - {apiGroups: [""], resources: [configmaps], verbs: [get, watch]}
#   references:
#     - {title: "CIS Kubernetes Benchmark 5.1.3", url: "https://www.cisecurity.org/benchmark/kubernetes"}
#     - {title: "Kubernetes: RBAC good practices", url: "https://kubernetes.io/docs/concepts/security/rbac-good-practices/#least-privilege"}
#   waivable: approval
#   since: 0.1.0
package gate.rules.kubernetes["rbac-wildcard"]

import data.gate.lib
import data.gate.lib.kubernetes

deny contains finding if {
	some o in input.objects
	o.kind in {"Role", "ClusterRole"}
	some r in kubernetes.rules(o)
	fields := [field | some field in ["verbs", "resources", "nonResourceURLs"]; wild(r.rule, field)]
	count(fields) > 0
	not kubernetes.exempt(lib.params(o, "kubernetes/rbac-wildcard").exempt, o.namespace, o.name)
	finding := {
		"subject": o.id,
		"path": ["rules", r.index, fields[0]],
		"msg": sprintf("%s %q grants all %s (\"*\") %s%s", [o.kind, o.name, concat(" and all ", fields), of_what(r.rule, fields), to_do(r.rule, fields)]),
	}
}

wild(rule, field) if "*" in rule[field]

wild(rule, "nonResourceURLs") if "/*" in rule.nonResourceURLs

# to_do names the verbs, so that more of them are another finding.
to_do(rule, fields) := sprintf(" to %s", [concat(", ", sort(rule.verbs))]) if {
	not "verbs" in fields
	rule.verbs
} else := ""

of_what(rule, fields) := sprintf("of %s", [kubernetes.quoted(rule.resources)]) if {
	not "resources" in fields
	rule.resources
} else := sprintf("of API group %s", [kubernetes.quoted(rule.apiGroups)]) if rule.apiGroups

else := "outside of the API's resources"
