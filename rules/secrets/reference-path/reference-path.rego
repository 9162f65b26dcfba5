# METADATA
# title: References stay on the service's own paths
# description: |-
#   The secret manager's own policy is often wider than the service that uses it: a production key read by a test
#   environment, or another team's key, is then one line of YAML away.
#   A reference may not name another environment, may not climb with "..", and, once templates are configured, must match
#   one of them. The store's prefix counts as part of the path.
#   Read are ExternalSecret, ClusterExternalSecret, PushSecret, SecretProviderClass, the kinds of the Vault Secrets
#   Operator, annotations of the Vault agent and placeholders of the Argo CD Vault Plugin.
# custom:
#   severity: high
#   effects: {prod: deny, non-prod: warn}
#   over: {subject: secretReferences}
#   scope: tree
#   needs: []
#   params:
#     paths: {type: array, default: [], description: "allowed paths as globs, with {environment}, {target}, {namespace} and {service}; empty: any path that names no other environment"}
#     shared: {type: array, default: [], description: "paths, as globs, that every service and environment may read"}
#   remediation: Refer to the secret of this service in this environment; share a secret by copying it to a path that is listed under the parameter shared.
#   language: yaml
#   before: |-
#     apiVersion: external-secrets.io/v1
#     kind: ExternalSecret
#     metadata: {name: db, namespace: payments}
#     spec:
#       secretStoreRef: {name: vault}
#       data:
#         - {secretKey: password, remoteRef: {key: "dev/../prod/payments/db"}}
#   after: |-
#     apiVersion: external-secrets.io/v1
#     kind: ExternalSecret
#     metadata: {name: db, namespace: payments}
#     spec:
#       secretStoreRef: {name: vault}
#       data:
#         - {secretKey: password, remoteRef: {key: dev/payments/db}}
#   references:
#     - {title: "External Secrets Operator: security best practices", url: "https://external-secrets.io/latest/guides/security-best-practices/"}
#     - {title: "NIST SP 800-53, AC-6: least privilege", url: "https://csrc.nist.gov/projects/cprt/catalog#/cprt/framework/version/SP_800_53_5_1_1/home?element=AC-06"}
#   waivable: "yes"
#   since: 0.1.0
package gate.rules.secrets["reference-path"]

import data.gate.lib

deny contains finding if {
	some r in input.secretReferences
	msg := fault(r)
	finding := {"subject": r.id, "path": [], "msg": msg}
}

fault(r) := sprintf("path %q of %s %q climbs with \"..\"", [r.key, r.kind, r.name]) if {
	".." in split(r.key, "/")
} else := sprintf("%s %q has an empty path", [r.kind, r.name]) if {
	r.key == ""
	not r.find
} else := sprintf("path %q of %s %q belongs to environment %q; expected %q", [full, r.kind, r.name, other, r.environment]) if {
	full := qualified(r)
	not shared(r, full)
	other := foreign(r, full)
} else := sprintf("path %q of %s %q is not one of %s", [full, r.kind, r.name, concat(", ", templates)]) if {
	not r.find
	full := qualified(r)
	not shared(r, full)
	templates := [fill(t, r) | some t in settings(r).paths]
	count(templates) > 0
	not lib.matches_any(templates, full, ["/"])
}

# qualified is the path with the prefix that the store puts before it. AWS puts
# it there as it is, Vault as a mount.
qualified(r) := sprintf("%s%s", [prefix(store), text(r)]) if {
	some store in stores(r)
	store.provider == "aws"
} else := sprintf("%s/%s", [trim(store.prefix, "/"), trim_left(text(r), "/")]) if {
	some store in stores(r)
	store.provider == "vault"
	store.prefix != ""
	not startswith(text(r), sprintf("%s/", [trim(store.prefix, "/")]))
} else := text(r)

prefix(store) := object.get(store, "prefix", "")

text(r) := r.findPath if r.find

else := r.key

# stores are those that the reference can mean; the first by id counts.
stores(r) := array.slice(sort([s |
	some s in input.index.secretStores
	s.kind == r.storeKind
	s.name == r.storeName
	s.namespace in {"", r.namespace}
	s.environment in {"", r.environment}
	s.target in {"", r.target}
	lib.beside(s, r)
]), 0, 1)

# foreign is another environment that a segment of the path names, if no
# segment names the own one.
foreign(r, full) := min(others) if {
	r.environment != ""
	segments := {s | some part in split(lower(full), "/"); some s in {part, split(part, "-")[0], split(part, "_")[0]}}
	not lower(r.environment) in segments
	others := {e.name | some e in input.environments; lower(e.name) in segments}
	count(others) > 0
}

shared(r, full) if lib.matches_any(settings(r).shared, full, ["/"])

fill(template, r) := strings.replace_n(
	{"{environment}": r.environment, "{target}": r.target, "{namespace}": r.namespace, "{service}": r.service},
	template,
)

settings(r) := object.union({"paths": [], "shared": []}, lib.params(r, "secrets/reference-path"))
