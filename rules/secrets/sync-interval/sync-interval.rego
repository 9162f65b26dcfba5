# METADATA
# title: Synced secrets are refreshed within bounds
# description: |-
#   A secret that is fetched once, or once a month, keeps its old value long after it was rotated or revoked; one that is
#   fetched every second takes the manager's rate limit from everybody else.
#   The effective interval counts, defaults included: an ExternalSecret without refreshInterval is refreshed hourly,
#   a VaultStaticSecret without refreshAfter never.
# custom:
#   severity: medium
#   effects: {prod: deny, non-prod: warn}
#   over: {subject: objects, kinds: [ExternalSecret, ClusterExternalSecret, PushSecret, VaultStaticSecret]}
#   scope: subject
#   needs: []
#   params:
#     minimum: {type: string, default: 30s, description: "shortest interval, as a Go duration"}
#     maximum: {type: string, default: 24h, description: "longest interval, as a Go duration"}
#     once: {type: array, default: [], description: "objects that may be fetched only once, as globs of namespace/name"}
#   remediation: Set refreshInterval (refreshAfter) between the bounds; list what must never change under the parameter once.
#   language: yaml
#   before: |-
#     apiVersion: external-secrets.io/v1
#     kind: ExternalSecret
#     metadata: {name: db, namespace: payments}
#     spec:
#       refreshInterval: 0s
#       secretStoreRef: {name: vault}
#       data:
#         - {secretKey: password, remoteRef: {key: payments/db}}
#   after: |-
#     apiVersion: external-secrets.io/v1
#     kind: ExternalSecret
#     metadata: {name: db, namespace: payments}
#     spec:
#       refreshInterval: 1h
#       secretStoreRef: {name: vault}
#       data:
#         - {secretKey: password, remoteRef: {key: payments/db}}
#   references:
#     - {title: "External Secrets Operator: refreshing", url: "https://external-secrets.io/latest/api/externalsecret/"}
#     - {title: "Vault Secrets Operator: VaultStaticSecret", url: "https://developer.hashicorp.com/vault/docs/deploy/kubernetes/vso/api-reference"}
#     - {title: "NIST SP 800-53, IA-5: authenticator management", url: "https://csrc.nist.gov/projects/cprt/catalog#/cprt/framework/version/SP_800_53_5_1_1/home?element=IA-05"}
#   waivable: "yes"
#   since: 0.1.0
package gate.rules.secrets["sync-interval"]

import data.gate.lib

deny contains finding if {
	some o in input.objects
	at := where(o)
	msg := fault(o, at)
	finding := {"subject": o.id, "path": at.path, "msg": msg}
}

# where says at which path the interval stands, what it is by default, and how
# it is named.
where(o) := {"path": ["spec", "refreshInterval"], "default": "1h0m0s"} if {
	o.group == "external-secrets.io"
	o.kind in {"ExternalSecret", "PushSecret"}
}

where(o) := {"path": ["spec", "externalSecretSpec", "refreshInterval"], "default": "1h0m0s"} if {
	o.group == "external-secrets.io"
	o.kind == "ClusterExternalSecret"
}

where(o) := {"path": ["spec", "refreshAfter"], "default": "0s"} if {
	o.group == "secrets.hashicorp.com"
	o.kind == "VaultStaticSecret"
}

fault(o, at) := sprintf("%s %q is fetched once (%s); expected a refresh every %s to %s", [o.kind, o.name, why, limits(o).minimum, limits(o).maximum]) if {
	why := once(o, at)
	not may_be_once(o)
} else := sprintf("interval %q of %s %q is no duration; expected a form such as 1h30m", [text, o.kind, o.name]) if {
	not once(o, at)
	text := interval(o, at)
	not is_duration(text)
} else := sprintf("interval %q of %s %q is below %s", [text, o.kind, o.name, limits(o).minimum]) if {
	not once(o, at)
	text := interval(o, at)
	time.parse_duration_ns(text) < time.parse_duration_ns(limits(o).minimum)
} else := sprintf("interval %q of %s %q is above %s", [text, o.kind, o.name, limits(o).maximum]) if {
	not once(o, at)
	text := interval(o, at)
	time.parse_duration_ns(text) > time.parse_duration_ns(limits(o).maximum)
}

# once says why an object is fetched only once.
once(o, at) := sprintf("refreshPolicy %s", [policy]) if {
	policy := object.get(o.manifest, array.concat(array.slice(at.path, 0, count(at.path) - 1), ["refreshPolicy"]), "")
	policy in {"CreatedOnce", "OnChange"}
} else := sprintf("%s %s", [at.path[count(at.path) - 1], interval(o, at)]) if {
	text := interval(o, at)
	is_duration(text)
	time.parse_duration_ns(text) == 0
}

interval(o, at) := text if {
	value := object.get(o.manifest, at.path, null)
	text := given(value, at)
}

given(value, at) := at.default if value == null

given(value, _) := value if is_string(value)

given(value, _) := format_int(value, 10) if is_number(value)

is_duration(text) if regex.match(`^(?:0|(?:[0-9]{1,9}(?:\.[0-9]{1,9})?(?:ns|us|µs|ms|s|m|h)){1,8})$`, text)

may_be_once(o) if {
	lib.matches_any(limits(o).once, sprintf("%s/%s", [o.namespace, o.name]), ["/"])
}

limits(o) := object.union({"minimum": "30s", "maximum": "24h", "once": []}, lib.params(o, "secrets/sync-interval"))
