# METADATA
# title: Stores log in as the service
# description: |-
#   A SecretStore reads with an identity: a role in the cloud or in Vault, taken by a service account. A long-lived key
#   in its place is one more secret to leak, a store that is made for tests (fake) or reads from other clusters or any
#   URL has no identity to judge, and a role that stores of two namespaces share lets each service read what belongs to
#   the other. With templates configured, the role must be the service's own.
#   The role that a service account's annotation names, and its policy in Terraform, are not followed yet.
# custom:
#   severity: high
#   effects: {prod: deny, non-prod: warn}
#   unknownEffect: {prod: warn, non-prod: warn}
#   over: {subject: objects, kinds: [SecretStore, ClusterSecretStore, VaultAuth]}
#   scope: tree
#   needs: []
#   params:
#     refused: {type: array, default: [fake, webhook, kubernetes, crd], description: "providers that may not be used"}
#     roles: {type: array, default: [], description: "allowed roles as globs, with {environment}, {target} and {namespace}; empty: any role that no other namespace uses"}
#     shared: {type: array, default: [], description: "roles, as globs, that several namespaces may use"}
#   remediation: Let the store take a role of its service by workload identity (serviceAccountRef), one for each namespace, and delete the stored key.
#   language: yaml
#   before: |-
#     apiVersion: external-secrets.io/v1
#     kind: SecretStore
#     metadata: {name: aws, namespace: payments}
#     spec:
#       provider:
#         aws:
#           service: SecretsManager
#           region: eu-west-1
#           auth:
#             secretRef:
#               accessKeyIDSecretRef: {name: aws, key: id}
#               secretAccessKeySecretRef: {name: aws, key: secret}
#   after: |-
#     apiVersion: external-secrets.io/v1
#     kind: SecretStore
#     metadata: {name: aws, namespace: payments}
#     spec:
#       provider:
#         aws:
#           service: SecretsManager
#           region: eu-west-1
#           role: arn:aws:iam::111122223333:role/payments-secrets
#           auth:
#             jwt:
#               serviceAccountRef: {name: payments}
#   references:
#     - {title: "External Secrets Operator: multi tenancy", url: "https://external-secrets.io/latest/guides/multi-tenancy/"}
#     - {title: "CIS Amazon EKS Benchmark 5.2: dedicated service accounts", url: "https://www.cisecurity.org/benchmark/kubernetes"}
#     - {title: "NIST SP 800-53, AC-6: least privilege", url: "https://csrc.nist.gov/projects/cprt/catalog#/cprt/framework/version/SP_800_53_5_1_1/home?element=AC-06"}
#   waivable: "yes"
#   since: 0.1.0
package gate.rules.secrets["access-role"]

import data.gate.lib

deny contains finding if {
	some s in input.index.secretStores
	s.static
	finding := {"subject": s.id, "path": ["spec"], "msg": sprintf("%s %q logs in with a stored credential; expected workload identity", [s.kind, s.name])}
}

deny contains finding if {
	some s in input.index.secretStores
	s.provider in settings(s).refused
	finding := {"subject": s.id, "path": ["spec", "provider"], "msg": sprintf("%s %q uses provider %q, whose identity cannot be judged", [s.kind, s.name, s.provider])}
}

deny contains finding if {
	some s in input.index.secretStores
	namespaced(s)
	not lib.matches_any(settings(s).shared, s.role, null)
	others := sort({o.namespace |
		some o in input.index.secretStores
		namespaced(o)
		o.role == s.role
		o.provider == s.provider
		o.environment == s.environment
		o.target == s.target
		o.namespace != s.namespace
		lib.beside(o, s)
	})
	count(others) > 0
	finding := {"subject": s.id, "path": ["spec"], "msg": sprintf("role %q of %s %q is used by namespace %q as well; expected one role for each", [s.role, s.kind, s.name, concat(", ", others)])}
}

deny contains finding if {
	some s in input.index.secretStores
	templates := expected(s)
	count(templates) > 0
	s.role != ""
	not lib.matches_any(templates, s.role, null)
	not lib.matches_any(settings(s).shared, s.role, null)
	finding := {"subject": s.id, "path": ["spec"], "msg": sprintf("role %q of %s %q is not one of %s", [s.role, s.kind, s.name, concat(", ", templates)])}
}

unknown contains finding if {
	some s in input.index.secretStores
	count(expected(s)) > 0
	s.role == ""
	not s.static
	not s.provider in settings(s).refused
	finding := {
		"subject": s.id, "path": ["spec"], "cause": "computed",
		"msg": sprintf("%s %q names no role: which one its service account takes cannot be told", [s.kind, s.name]),
	}
}

namespaced(s) if {
	s.kind != "ClusterSecretStore"
	s.role != ""
}

expected(s) := [strings.replace_n({"{environment}": s.environment, "{target}": s.target, "{namespace}": s.namespace}, t) | some t in settings(s).roles]

settings(s) := object.union(
	{"refused": ["fake", "webhook", "kubernetes", "crd"], "roles": [], "shared": []},
	lib.params(s, "secrets/access-role"),
)
