# METADATA
# title: Namespaces are declared and labelled
# description: |-
#   Admission, network policies, cost reports and on-call all read the labels of a namespace: without a Pod Security
#   level everything is admitted, and which other labels count (owner, environment, cost centre) an organisation says
#   by the parameter required. A label that none of more than ten namespaces of an environment carries is a habit and
#   one finding. A namespace that the tree uses but does not make gets whatever somebody typed once; that is asked for
#   where the configuration sets declared or lists what stands outside of the tree under external. Namespace objects
#   count wherever they stand in the tree, and so do those that an Application, a HelmRelease or a project request
#   creates.
# custom:
#   severity: medium
#   effects: {prod: deny, non-prod: warn}
#   over: {subject: objects}
#   scope: tree
#   params:
#     required: {type: array, default: [pod-security.kubernetes.io/enforce], description: "label keys that every namespace carries"}
#     patterns: {type: object, default: {pod-security.kubernetes.io/enforce: "privileged|baseline|restricted"}, description: "label key -> regular expression that the whole value fits"}
#     declared: {type: boolean, default: false, description: "whether every namespace that the tree uses is declared in it or listed under external"}
#     external: {type: array, default: [], description: "namespaces (globs) that something outside of the tree makes; with any, all others are declared"}
#     system: {type: array, default: [default, "kube-*", "openshift-*"], description: "namespaces (globs) that the cluster brings and that are not judged"}
#   remediation: Declare the namespace with its labels, or list it under external.
#   language: yaml
#   before: |-
#     apiVersion: v1
#     kind: Namespace
#     metadata:
#       name: payments
#   after: |-
#     apiVersion: v1
#     kind: Namespace
#     metadata:
#       name: payments
#       labels:
#         pod-security.kubernetes.io/enforce: restricted
#   references:
#     - {title: "Kubernetes: enforce Pod Security Standards with namespace labels", url: "https://kubernetes.io/docs/tasks/configure-pod-container/enforce-standards-namespace-labels/"}
#     - {title: "CIS Kubernetes Benchmark 5.7.1", url: "https://www.cisecurity.org/benchmark/kubernetes"}
#   waivable: "yes"
#   since: 0.1.0
package gate.rules.kubernetes["namespace-labels"]

import data.gate.lib
import data.gate.lib.place

deny contains finding if {
	some n in input.index.namespaces
	params := lib.params(n, "kubernetes/namespace-labels")
	not lib.matches_any(params.system, n.name, [])
	not declared_better(n)
	faults := array.concat(missing(params, n), wrong(params, n))
	count(faults) > 0
	finding := {"subject": n.id, "path": n.path, "msg": sprintf("namespace %q has %s", [n.name, concat("; ", faults)])}
}

deny contains finding if {
	some u in input.index.namespaceUses
	count(u.declared) == 0
	not u.elsewhere
	params := lib.params(u, "kubernetes/namespace-labels")
	asked(params)
	not lib.matches_any(array.concat(params.system, params.external), u.namespace, [])
	finding := {
		"subject": u.id,
		"path": ["metadata", "namespace"],
		"msg": sprintf("namespace %q is declared nowhere in the tree", [u.namespace]),
	}
}

# What nobody does is told once: a decision about the habit, not about each.
deny contains finding if {
	some n in input.index.namespaces
	params := lib.params(n, "kubernetes/namespace-labels")
	not lib.matches_any(params.system, n.name, [])
	keys := [key | some key in params.required; unheard_of(n.environment, key)]
	count(keys) > 0
	finding := {
		"subject": place.subject(n), "path": [],
		"msg": sprintf("none of %d namespaces %s has %s", [count(own[n.environment]), place.name(n), concat(" or ", [sprintf("the label %q", [key]) | some key in keys])]),
	}
}

asked(params) if params.declared

asked(params) if count(params.external) > 0

missing(params, n) := [sprintf("no label %q", [key]) |
	some key in params.required
	object.get(n.labels, key, "") == ""
	not unheard_of(n.environment, key)
]

# few is the number of namespaces of an environment that are told one by one,
# whatever is common among them.
few := 10

unheard_of(environment, key) if {
	count(own[environment]) > few
	heard := object.get(heard_of, environment, set())
	not key in heard
}

# own are the names of the namespaces that an environment has beside those of the
# cluster; heard_of are the labels that any of them carries.
own[n.environment] contains n.name if {
	some n in input.index.namespaces
	not lib.matches_any(lib.params(n, "kubernetes/namespace-labels").system, n.name, [])
}

heard_of[n.environment] contains key if {
	some n in input.index.namespaces
	n.name in own[n.environment]
	some key, value in n.labels
	value != ""
}

wrong(params, n) := [sprintf("label %s: %q; want %s", [key, value, pattern]) |
	some key, pattern in params.patterns
	value := object.get(n.labels, key, "")
	value != ""
	not regex.match(sprintf("^(?:%s)$", [pattern]), value)
]

# What creates a namespace on the way finds it there if an object declares it.
declared_better(n) if {
	n.via != "Namespace"
	some target in {n.target, ""}
	some d in declared[[n.name, n.environment, target]]
	lib.beside(d, n)
}

declared[[n.name, n.environment, n.target]] contains n if {
	some n in input.index.namespaces
	n.via == "Namespace"
}
