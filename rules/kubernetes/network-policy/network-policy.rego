# METADATA
# title: Namespaces with workloads deny traffic by default
# description: |-
#   Without a policy every pod of the cluster reaches every other one, and one that was taken over reaches all. A policy
#   that selects every pod and names no peer turns that round: what is needed is allowed one by one. Policies of
#   Kubernetes, Cilium and Calico and cluster-wide ones count. The namespace default is default-namespace's matter.
# custom:
#   severity: medium
#   effects: {prod: warn, non-prod: off}
#   over: {subject: objects}
#   scope: tree
#   params:
#     directions: {type: array, default: [Ingress], description: "what must be denied by default: Ingress, Egress"}
#     exempt: {type: array, default: [default, "kube-*"], description: "namespaces (globs) that need no policy"}
#   remediation: Add a NetworkPolicy with an empty podSelector and no rules to the namespace, then allow what is needed.
#   language: yaml
#   before: |-
#     apiVersion: apps/v1
#     kind: Deployment
#     metadata: {name: web, namespace: web}
#     spec:
#       selector: {matchLabels: {app: web}}
#       template:
#         metadata: {labels: {app: web}}
#         spec: {containers: [{name: web, image: "registry.example.com/web:1.0.0"}]}
#   after: |-
#     apiVersion: networking.k8s.io/v1
#     kind: NetworkPolicy
#     metadata: {name: default-deny, namespace: web}
#     spec:
#       podSelector: {}
#       policyTypes: [Ingress, Egress]
#   references:
#     - {title: "CIS Kubernetes Benchmark 5.3.2", url: "https://www.cisecurity.org/benchmark/kubernetes"}
#     - {title: "Kubernetes: default policies", url: "https://kubernetes.io/docs/concepts/services-networking/network-policies/#default-policies"}
#     - {title: "NSA/CISA Kubernetes Hardening Guidance: network separation", url: "https://media.defense.gov/2022/Aug/29/2003066362/-1/-1/0/CTR_KUBERNETES_HARDENING_GUIDANCE_1.2_20220829.PDF"}
#   waivable: "yes"
#   since: 0.1.0
package gate.rules.kubernetes["network-policy"]

import data.gate.lib

deny contains finding if {
	some u in input.index.namespaceUses
	u.workload != ""
	not u.elsewhere
	params := lib.params(u, "kubernetes/network-policy")
	not lib.matches_any(params.exempt, u.namespace, [])
	open := [lower(d) | some d in params.directions; not denied(u, d)]
	count(open) > 0
	at := place(u)
	finding := {
		"subject": at.subject,
		"path": at.path,
		"msg": sprintf("namespace %q has workloads and no policy that denies %s by default", [u.namespace, concat(" or ", open)]),
	}
}

# The mend goes beside the namespace, if the tree declares it.
place(u) := {"subject": min(u.declared), "path": ["metadata", "name"]} if beside_namespace(u)

place(u) := {"subject": u.workload, "path": ["metadata", "namespace"]} if not beside_namespace(u)

# Of a variant it is its own workload that brings the namespace to it.
beside_namespace(u) if {
	count(u.declared) > 0
	not input.index.variants[lib.unit_of(u)]
}

denied(u, direction) if {
	some namespace in [u.namespace, ""]
	some p in by_namespace[namespace]
	p.environment == u.environment
	p.target in {u.target, ""}
	lib.beside(p, u)
	denies(p, direction)
}

by_namespace[p.namespace] contains p if some p in input.index.networkPolicies

# A policy of Kubernetes denies what it has no rule for. One that lets the
# neighbours in keeps everybody else out.
denies(p, direction) if {
	p.group in {"networking.k8s.io", "extensions"}
	everything(p.spec.podSelector)
	direction in types(p.spec)
	every rule in lib.list(p.spec, lower(direction)) {
		not open(rule)
	}
}

# open is true for a rule that lets everything pass.
open(rule) if {
	count(lib.list(rule, "ports")) == 0
	peers := array.concat(lib.list(rule, "from"), lib.list(rule, "to"))
	not limited(peers)
}

limited(peers) if {
	count(peers) > 0
	every peer in peers {
		not everybody(peer)
	}
}

everybody(peer) if {
	everything(peer.namespaceSelector)
	everything(object.get(peer, "podSelector", {}))
}

everybody(peer) if peer.ipBlock.cidr in {"0.0.0.0/0", "::/0"}

# Cilium denies once a policy selects the endpoint, with an empty rule as well,
# unless it says otherwise.
denies(p, direction) if {
	p.group == "cilium.io"
	everything(p.spec.endpointSelector)
	object.get(p.spec, ["enableDefaultDeny", lower(direction)], true) == true
	is_array(p.spec[lower(direction)])
	every rule in p.spec[lower(direction)] {
		count({"all", "world"} & {entity | some key in ["fromEntities", "toEntities"]; some entity in lib.list(rule, key)}) == 0
	}
}

# Calico selects all pods with an empty selector or all().
denies(p, direction) if {
	p.group in {"projectcalico.org", "crd.projectcalico.org"}
	lib.text(p.spec, "selector") in {"", "all()"}
	direction in p.spec.types
	every rule in lib.list(p.spec, lower(direction)) {
		rule.action == "Deny"
	}
}

# Policies for administrators name the peers that they deny.
denies(p, direction) if {
	p.group == "policy.networking.k8s.io"
	everything(p.spec.subject.namespaces)
	some rule in p.spec[lower(direction)]
	rule.action == "Deny"
	some peer in array.concat(lib.list(rule, "from"), lib.list(rule, "to"))
	everything(peer.namespaces)
}

everything(selector) if {
	is_object(selector)
	object.get(selector, "matchLabels", {}) in {null, {}}
	count(lib.list(selector, "matchExpressions")) == 0
}

# Without types a policy is about egress if it has such rules.
types(spec) := spec.policyTypes if {
	count(lib.list(spec, "policyTypes")) > 0
} else := ["Ingress", "Egress"] if {
	count(lib.list(spec, "egress")) > 0
} else := ["Ingress"]
