# METADATA
# title: External secrets use a store of their scope
# description: |-
#   A SecretStore serves its own namespace; a ClusterSecretStore serves every namespace that its conditions admit, and
#   with the rights of the operator. A reference to a store that does not admit the namespace never syncs, or syncs
#   because an unanchored expression lets in more than was meant ("prod" admits "nonprod"). A dataFrom.find
#   without a path takes everything that the store can see. Each item of an ExternalSecret may name its own store.
#   A store that is not in the tree cannot be judged: the finding is then unknown, unless the parameter stores lists it.
# custom:
#   severity: high
#   effects: {prod: deny, non-prod: warn}
#   unknownEffect: {prod: warn, non-prod: warn}
#   over: {subject: secretReferences}
#   scope: tree
#   needs: []
#   params:
#     stores: {type: array, default: [], description: "stores that are kept elsewhere, as {kind, name, namespaces: [globs]}"}
#     paths: {type: array, default: [], description: "allowed keys as globs, with {environment}, {target}, {namespace} and {service}; empty: any"}
#     allowOpenStores: {type: boolean, default: true, description: "whether a ClusterSecretStore without conditions may be used"}
#   remediation: Refer to a SecretStore of the namespace, or add the namespace to the conditions of the ClusterSecretStore by its name; give find a path.
#   language: yaml
#   before: |-
#     apiVersion: external-secrets.io/v1
#     kind: ClusterSecretStore
#     metadata: {name: vault}
#     spec:
#       conditions: [{namespaces: [billing]}]
#       provider: {vault: {server: "https://vault.example.com"}}
#     ---
#     apiVersion: external-secrets.io/v1
#     kind: ExternalSecret
#     metadata: {name: db, namespace: payments}
#     spec:
#       secretStoreRef: {name: vault, kind: ClusterSecretStore}
#       data:
#         - {secretKey: password, remoteRef: {key: payments/db}}
#   after: |-
#     apiVersion: external-secrets.io/v1
#     kind: ClusterSecretStore
#     metadata: {name: vault}
#     spec:
#       conditions: [{namespaces: [billing, payments]}]
#       provider: {vault: {server: "https://vault.example.com"}}
#     ---
#     apiVersion: external-secrets.io/v1
#     kind: ExternalSecret
#     metadata: {name: db, namespace: payments}
#     spec:
#       secretStoreRef: {name: vault, kind: ClusterSecretStore}
#       data:
#         - {secretKey: password, remoteRef: {key: payments/db}}
#   references:
#     - {title: "External Secrets Operator: ClusterSecretStore conditions", url: "https://external-secrets.io/latest/api/clustersecretstore/"}
#     - {title: "External Secrets Operator: multi tenancy", url: "https://external-secrets.io/latest/guides/multi-tenancy/"}
#     - {title: "NSA/CISA Kubernetes Hardening Guide: secrets", url: "https://media.defense.gov/2022/Aug/29/2003066362/-1/-1/0/CTR_KUBERNETES_HARDENING_GUIDANCE_1.2_20220829.PDF"}
#   waivable: "yes"
#   since: 0.1.0
package gate.rules.kubernetes["external-secret-scope"]

import data.gate.lib

kinds := {"ExternalSecret", "ClusterExternalSecret", "PushSecret"}

deny contains finding if {
	some r in references
	r.find
	r.findPath == ""
	not narrow(r.key)
	finding := {"subject": r.id, "path": [], "msg": sprintf("%s %q takes every secret that store %q can see; expected find.path", [r.kind, r.name, r.storeName])}
}

deny contains finding if {
	some r in references
	count(settings(r).paths) > 0
	not r.find
	templates := [fill(t, r) | some t in settings(r).paths]
	not lib.matches_any(templates, r.key, ["/"])
	finding := {"subject": r.id, "path": [], "msg": sprintf("key %q of %s %q is not one of %s", [r.key, r.kind, r.name, concat(", ", templates)])}
}

deny contains finding if {
	some r in references
	r.storeKind == "SecretStore"
	r.kind != "ClusterExternalSecret"
	count(stores(r)) == 0
	elsewhere := sort({s.namespace | some s in named(r)})
	count(elsewhere) > 0
	not anywhere(r, elsewhere)
	not listed(r, r.namespace)
	finding := {"subject": r.id, "path": [], "msg": sprintf("SecretStore %q stands in namespace %s; expected one in %q", [r.storeName, shortly(elsewhere), r.namespace])}
}

# Where nobody says in which namespace a store or its user ends up, it may be one.
unknown contains finding if {
	some r in references
	r.storeKind == "SecretStore"
	r.kind != "ClusterExternalSecret"
	r.environment != ""
	count(stores(r)) == 0
	elsewhere := sort({s.namespace | some s in named(r)})
	anywhere(r, elsewhere)
	not listed(r, r.namespace)
	finding := {
		"subject": r.id, "path": [], "cause": "computed",
		"msg": sprintf("whether SecretStore %q stands in the namespace of %s %q cannot be told: whoever applies them names it", [r.storeName, r.kind, r.name]),
	}
}

anywhere(r, _) if r.namespace == ""

anywhere(_, elsewhere) if "" in elsewhere

# shortly names a few namespaces and counts the others.
shortly(names) := concat(", ", [sprintf("%q", [n]) | some n in names]) if count(names) <= 3

shortly(names) := sprintf("%s and %d more", [concat(", ", [sprintf("%q", [n]) | some n in array.slice(names, 0, 2)]), count(names) - 2]) if count(names) > 3

deny contains finding if {
	some r in references
	r.storeKind == "ClusterSecretStore"
	some namespace in namespaces(r)
	some store in stores(r)
	count(store.conditions) > 0
	not admitted(store, namespace, r)
	not undecided(store, namespace, r)
	finding := {"subject": r.id, "path": [], "msg": sprintf("ClusterSecretStore %q does not admit namespace %q%s", [store.name, namespace, loosely(store, namespace)])}
}

deny contains finding if {
	some r in references
	r.storeKind == "ClusterSecretStore"
	not settings(r).allowOpenStores
	some store in stores(r)
	count(store.conditions) == 0
	finding := {"subject": r.id, "path": [], "msg": sprintf("ClusterSecretStore %q admits every namespace; expected conditions", [store.name])}
}

unknown contains finding if {
	some r in references
	r.storeKind in {"SecretStore", "ClusterSecretStore"}
	count(named(r)) == 0
	some namespace in namespaces(r)
	not listed(r, namespace)
	finding := {
		"subject": r.id, "path": [], "cause": "computed",
		"msg": sprintf("%s %q is not in the tree: whether it admits namespace %q cannot be told", [r.storeKind, r.storeName, namespace]),
	}
}

unknown contains finding if {
	some r in references
	r.storeKind == "ClusterSecretStore"
	some namespace in namespaces(r)
	some store in stores(r)
	not admitted(store, namespace, r)
	undecided(store, namespace, r)
	finding := {
		"subject": r.id, "path": [], "cause": "computed",
		"msg": sprintf("ClusterSecretStore %q selects namespaces by label, and the labels of %q are not in the tree", [store.name, namespace]),
	}
}

references contains r if {
	some r in input.secretReferences
	r.kind in kinds
	not startswith(r.storeKind, "generator/")
}

# namespaces are those that the reference takes effect in; "*" stands for those
# that a ClusterExternalSecret selects by label.
namespaces(r) := {r.namespace} if r.kind != "ClusterExternalSecret"

namespaces(r) := {n | some n in r.namespaces} if {
	r.kind == "ClusterExternalSecret"
	count(r.namespaces) > 0
}

namespaces(r) := {"*"} if {
	r.kind == "ClusterExternalSecret"
	count(r.namespaces) == 0
}

# named are stores of the kind and name in the same place, whatever their
# namespace.
named(r) := [s |
	some s in input.index.secretStores
	s.kind == r.storeKind
	s.name == r.storeName
	here(s, r)
	lib.beside(s, r)
]

# stores are those that the reference means.
stores(r) := [s | some s in named(r); s.kind == "ClusterSecretStore"] if r.storeKind == "ClusterSecretStore"

stores(r) := [s | some s in named(r); s.namespace == r.namespace] if r.storeKind == "SecretStore"

stores(r) := [] if not r.storeKind in {"SecretStore", "ClusterSecretStore"}

here(s, r) if {
	s.environment in {"", r.environment}
	s.target in {"", r.target}
}

here(_, r) if r.environment == ""

# admitted: conditions are OR-ed (external-secrets.io/v1, ClusterSecretStoreCondition).
admitted(store, namespace, _) if {
	some c in store.conditions
	some n in object.get(c, "namespaces", [])
	n == namespace
}

admitted(store, namespace, _) if {
	some c in store.conditions
	some pattern in object.get(c, "namespaceRegexes", [])
	regex.is_valid(pattern)
	regex.match(sprintf("^(?:%s)$", [pattern]), namespace)
}

admitted(store, namespace, r) if {
	some c in store.conditions
	selector := object.get(c, "namespaceSelector", null)
	selector != null
	some ns in input.index.namespaces
	ns.name == namespace
	here(ns, r)
	lib.beside(ns, r)
	selects(selector, object.union({"kubernetes.io/metadata.name": namespace}, ns.labels))
}

admitted(store, namespace, _) if {
	some c in store.conditions
	selector := object.get(c, "namespaceSelector", null)
	selector != null
	by_name(selector)
	selects(selector, {"kubernetes.io/metadata.name": namespace})
}

# undecided: a selector could admit the namespace if its labels were known.
undecided(store, namespace, r) if {
	some c in store.conditions
	selector := object.get(c, "namespaceSelector", null)
	selector != null
	not by_name(selector)
	not declared(namespace, r)
}

undecided(_, "*", _)

declared(namespace, r) if {
	some ns in input.index.namespaces
	ns.name == namespace
	here(ns, r)
	lib.beside(ns, r)
}

by_name(selector) if {
	keys := {k | some k, _ in object.get(selector, "matchLabels", {})} | {e.key | some e in object.get(selector, "matchExpressions", [])}
	keys == {"kubernetes.io/metadata.name"}
}

# selects is the label selector of Kubernetes (apimachinery, LabelSelector).
selects(selector, labels) if {
	every k, v in object.get(selector, "matchLabels", {}) {
		labels[k] == v
	}
	every e in object.get(selector, "matchExpressions", []) {
		satisfies(e, labels)
	}
}

satisfies(e, labels) if {
	e.operator == "In"
	labels[e.key] in e.values
}

satisfies(e, labels) if {
	e.operator == "NotIn"
	not object.get(labels, e.key, null) in e.values
}

satisfies(e, labels) if {
	e.operator == "Exists"
	_ = labels[e.key]
}

satisfies(e, labels) if {
	e.operator == "DoesNotExist"
	not e.key in object.keys(labels)
}

# loosely explains an expression that admits the namespace only because it is
# not anchored.
loosely(store, namespace) := sprintf("; the expression %q lets it in only because it is not anchored", [pattern]) if {
	patterns := [p |
		some c in store.conditions
		some p in object.get(c, "namespaceRegexes", [])
		regex.is_valid(p)
		regex.match(p, namespace)
	]
	pattern := patterns[0]
} else := ""

# narrow: an anchored expression for names is a limit as well.
narrow(expression) if {
	startswith(expression, "^")
	not expression in {"^", "^.*", "^.*$", "^.+", "^.+$"}
}

# listed: the configuration vouches for a store that is kept elsewhere.
listed(r, namespace) if {
	some s in settings(r).stores
	s.kind == r.storeKind
	s.name == r.storeName
	lib.matches_any(object.get(s, "namespaces", ["*"]), namespace, null)
}

fill(template, r) := strings.replace_n(
	{"{environment}": r.environment, "{target}": r.target, "{namespace}": r.namespace, "{service}": r.service},
	template,
)

settings(r) := object.union(
	{"stores": [], "paths": [], "allowOpenStores": true},
	lib.params(r, "kubernetes/external-secret-scope"),
)
