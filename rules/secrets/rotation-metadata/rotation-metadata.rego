# METADATA
# title: Secrets of regulated workloads say how they rotate
# description: |-
#   A secret that nobody must rotate is never rotated, and an auditor asks who does it and when it was done. References of
#   regulated services state the rotation period and an owner, and, if they state the last rotation, it is not overdue.
#   A pinned version cannot rotate at all, and a period shorter than the refresh interval leaves the old value in use.
# custom:
#   severity: medium
#   effects: {prod: deny, non-prod: "off"}
#   over: {subject: objects, kinds: [ExternalSecret, ClusterExternalSecret, VaultStaticSecret, SecretProviderClass]}
#   scope: subject
#   needs: []
#   params:
#     period: {type: string, default: "*/rotation-period", description: "annotation of the period, as a glob: 90d or a Go duration"}
#     owner: {type: string, default: "*/rotation-owner", description: "annotation of the owner, as a glob"}
#     last: {type: string, default: "*/last-rotation", description: "annotation of the last rotation, as a glob: a date or RFC 3339"}
#     requireLast: {type: boolean, default: false, description: "whether the last rotation must be stated"}
#     maximum: {type: string, default: 365d, description: "longest period"}
#   remediation: Annotate the reference with rotation-period, rotation-owner and last-rotation, rotate what is overdue, and refer to the current version.
#   language: yaml
#   before: |-
#     apiVersion: external-secrets.io/v1
#     kind: ExternalSecret
#     metadata:
#       name: db
#       namespace: payments
#     spec:
#       secretStoreRef: {name: vault}
#       data:
#         - {secretKey: password, remoteRef: {key: payments/db, version: "3"}}
#   after: |-
#     apiVersion: external-secrets.io/v1
#     kind: ExternalSecret
#     metadata:
#       name: db
#       namespace: payments
#       annotations:
#         example.com/rotation-period: 90d
#         example.com/rotation-owner: "@acme/payments"
#     spec:
#       secretStoreRef: {name: vault}
#       data:
#         - {secretKey: password, remoteRef: {key: payments/db}}
#   references:
#     - {title: "PCI DSS 4.0.1, 8.6.3: passwords of application and system accounts are changed", url: "https://www.pcisecuritystandards.org/document_library/"}
#     - {title: "NIST SP 800-57 Part 1, 5.3: cryptoperiods", url: "https://csrc.nist.gov/pubs/sp/800/57/pt1/r5/final"}
#   waivable: "yes"
#   since: 0.1.0
package gate.rules.secrets["rotation-metadata"]

import data.gate.lib

groups := {
	"ExternalSecret": "external-secrets.io",
	"ClusterExternalSecret": "external-secrets.io",
	"VaultStaticSecret": "secrets.hashicorp.com",
	"SecretProviderClass": "secrets-store.csi.x-k8s.io",
}

deny contains finding if {
	some o in subjects
	value := annotation(o, "period")
	value == null
	finding := {"subject": o.id, "path": ["metadata", "annotations"], "msg": sprintf("%s %q of a regulated service states no rotation period; expected an annotation %q", [o.kind, o.name, settings(o).period])}
}

deny contains finding if {
	some o in subjects
	value := annotation(o, "period")
	value != null
	not is_period(value)
	finding := at(o, "period", sprintf("rotation period %q of %s %q is no period; expected a form such as 90d", [value, o.kind, o.name]))
}

deny contains finding if {
	some o in subjects
	value := period(o)
	value > nanoseconds(settings(o).maximum)
	finding := at(o, "period", sprintf("rotation period %q of %s %q is above %s", [annotation(o, "period"), o.kind, o.name, settings(o).maximum]))
}

deny contains finding if {
	some o in subjects
	value := period(o)
	interval := object.get(o.manifest, ["spec", "refreshInterval"], object.get(o.manifest, ["spec", "refreshAfter"], null))
	is_period(interval)
	value < nanoseconds(interval)
	finding := at(o, "period", sprintf("rotation period %q of %s %q is shorter than its refresh interval %q", [annotation(o, "period"), o.kind, o.name, interval]))
}

deny contains finding if {
	some o in subjects
	annotation(o, "owner") == null
	o.owner == ""
	finding := {"subject": o.id, "path": ["metadata", "annotations"], "msg": sprintf("%s %q of a regulated service names nobody who rotates it; expected an annotation %q", [o.kind, o.name, settings(o).owner])}
}

deny contains finding if {
	some o in subjects
	settings(o).requireLast
	annotation(o, "last") == null
	finding := {"subject": o.id, "path": ["metadata", "annotations"], "msg": sprintf("%s %q states no last rotation; expected an annotation %q", [o.kind, o.name, settings(o).last])}
}

deny contains finding if {
	some o in subjects
	value := annotation(o, "last")
	value != null
	not is_time(value)
	finding := at(o, "last", sprintf("last rotation %q of %s %q is no date; expected a form such as 2026-01-31", [value, o.kind, o.name]))
}

deny contains finding if {
	some o in subjects
	value := annotation(o, "last")
	is_time(value)
	moment(value) + period(o) < time.parse_rfc3339_ns(input.now)
	finding := at(o, "last", sprintf("%s %q was rotated on %q and is overdue by its period of %s", [o.kind, o.name, value, annotation(o, "period")]))
}

deny contains finding if {
	some o in subjects
	some p in [["spec", "data"], ["spec", "externalSecretSpec", "data"]]
	some i, item in object.get(o.manifest, p, [])
	version := object.get(item, ["remoteRef", "version"], "")
	not version in {"", "latest", "AWSCURRENT", "uuid/latest"}
	finding := {"subject": o.id, "path": array.concat(p, [i, "remoteRef", "version"]), "msg": sprintf("%s %q pins version %v, which cannot rotate", [o.kind, o.name, version])}
}

deny contains finding if {
	some o in subjects
	o.kind == "VaultStaticSecret"
	version := object.get(o.manifest, ["spec", "version"], 0)
	version != 0
	finding := {"subject": o.id, "path": ["spec", "version"], "msg": sprintf("%s %q pins version %v, which cannot rotate", [o.kind, o.name, version])}
}

subjects contains o if {
	some o in input.objects
	o.regulated
	groups[o.kind] == o.group
}

annotations(o) := object.get(o.manifest, ["metadata", "annotations"], {})

# key is the annotation that the setting names; the first by name counts.
key(o, setting) := min([k |
	some k, _ in annotations(o)
	glob.match(settings(o)[setting], ["/"], k)
])

annotation(o, setting) := object.get(annotations(o), [key(o, setting)], null) if {
	key(o, setting)
} else := null

at(o, setting, msg) := {"subject": o.id, "path": ["metadata", "annotations", key(o, setting)], "msg": msg}

is_period(value) if {
	is_string(value)
	regex.match(`^(?:[1-9][0-9]{0,4}d|(?:[0-9]{1,6}(?:\.[0-9]{1,6})?(?:s|m|h)){1,4})$`, value)
}

nanoseconds(value) := to_number(trim_suffix(value, "d")) * 86400000000000 if {
	endswith(value, "d")
} else := time.parse_duration_ns(value)

period(o) := nanoseconds(value) if {
	value := annotation(o, "period")
	is_period(value)
}

is_time(value) if {
	is_string(value)
	regex.match(`^[0-9]{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|1[0-9]|2[0-8])(?:T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]Z)?$`, value)
}

is_time(value) if {
	is_string(value)
	regex.match(`^[0-9]{4}-(?:(?:01|03|05|07|08|10|12)-(?:29|30|31)|(?:04|06|09|11)-(?:29|30))(?:T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]Z)?$`, value)
}

moment(value) := time.parse_rfc3339_ns(value) if {
	contains(value, "T")
} else := time.parse_rfc3339_ns(sprintf("%sT00:00:00Z", [value]))

settings(o) := object.union(
	{"period": "*/rotation-period", "owner": "*/rotation-owner", "last": "*/last-rotation", "requireLast": false, "maximum": "365d"},
	lib.params(o, "secrets/rotation-metadata"),
)
