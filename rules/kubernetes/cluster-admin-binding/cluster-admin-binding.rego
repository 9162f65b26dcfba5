# METADATA
# title: Nobody is bound to cluster-admin
# description: |-
#   cluster-admin may do everything in every namespace, and the group system:masters does so past RBAC: neither can be
#   narrowed afterwards. A binding for everybody (system:authenticated, system:unauthenticated, system:anonymous) to a
#   role beyond discovery gives it to whoever finds the address.
# custom:
#   severity: critical
#   effects: {prod: deny, non-prod: warn}
#   over: {subject: objects, kinds: [RoleBinding, ClusterRoleBinding]}
#   scope: subject
#   params:
#     exempt: {type: array, default: [], description: "bindings that are allowed, as globs over namespace/name (of a ClusterRoleBinding: /name)"}
#     discovery:
#       type: array
#       default: [system:discovery, system:basic-user, system:public-info-viewer, system:service-account-issuer-discovery]
#       description: "roles that everybody may have"
#   remediation: Bind a role that names what the subject needs.
#   language: yaml
#   before: |-
#     apiVersion: rbac.authorization.k8s.io/v1
#     kind: ClusterRoleBinding
#     metadata: {name: deployer}
#     roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: cluster-admin}
#     subjects: [{kind: ServiceAccount, name: deployer, namespace: ci}]
#   after: |-
#     apiVersion: rbac.authorization.k8s.io/v1
#     kind: RoleBinding
#     metadata: {name: deployer, namespace: web}
#     roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: edit}
#     subjects: [{kind: ServiceAccount, name: deployer, namespace: ci}]
#   references:
#     - {title: "CIS Kubernetes Benchmark 5.1.1, 5.1.7", url: "https://www.cisecurity.org/benchmark/kubernetes"}
#     - {title: "Kubernetes: RBAC good practices", url: "https://kubernetes.io/docs/concepts/security/rbac-good-practices/#least-privilege"}
#   waivable: approval
#   since: 0.1.0
package gate.rules.kubernetes["cluster-admin-binding"]

import data.gate.lib
import data.gate.lib.kubernetes

id := "kubernetes/cluster-admin-binding"

deny contains finding if {
	some o in bindings
	o.manifest.roleRef.kind == "ClusterRole"
	o.manifest.roleRef.name == "cluster-admin"
	count(lib.list(o.manifest, ["subjects"])) > 0
	finding := {
		"subject": o.id,
		"path": ["roleRef", "name"],
		"msg": sprintf("%s %q gives cluster-admin to %s", [o.kind, o.name, kubernetes.quoted([s.name | some s in o.manifest.subjects; is_string(s.name)])]),
	}
}

deny contains finding if {
	some o in bindings
	some i, s in o.manifest.subjects
	fault := fault_of(o, s)
	finding := {"subject": o.id, "path": ["subjects", i, "name"], "msg": sprintf("%s %q %s", [o.kind, o.name, fault])}
}

fault_of(_, s) := "names the group \"system:masters\", which passes RBAC by" if {
	s.kind == "Group"
	s.name == "system:masters"
}

fault_of(o, s) := sprintf("gives %q to %q, which is everybody", [o.manifest.roleRef.name, s.name]) if {
	s.name in {"system:authenticated", "system:unauthenticated", "system:anonymous"}
	not lib.text(o.manifest, ["roleRef", "name"]) in lib.params(o, id).discovery
}

bindings contains o if {
	some o in input.objects
	o.group == "rbac.authorization.k8s.io"
	o.kind in {"RoleBinding", "ClusterRoleBinding"}
	not kubernetes.exempt(lib.params(o, id).exempt, o.namespace, o.name)
}
