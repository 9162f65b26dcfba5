# METADATA
# title: Exceptions to admission policies end
# description: |-
#   A PolicyException of Kyverno lets an object past a policy for as long as it stands in the cluster. What was meant for
#   a week stays for years, and nobody is told. An exception has a date at which it ends: the label
#   cleanup.kyverno.io/ttl, by which Kyverno itself deletes it, or an annotation with a date, which a person keeps.
# custom:
#   severity: medium
#   effects: {prod: deny, non-prod: warn}
#   over: {subject: objects, kinds: [PolicyException]}
#   scope: subject
#   params:
#     annotation: {type: string, default: gate/expires, description: "annotation with the date (YYYY-MM-DD) at which the exception ends"}
#   remediation: Label the exception with cleanup.kyverno.io/ttl (a duration such as 30d, or a date), or annotate it with gate/expires (YYYY-MM-DD), and remove it when it has ended.
#   language: yaml
#   before: |-
#     apiVersion: kyverno.io/v2
#     kind: PolicyException
#     metadata: {name: legacy, namespace: shop}
#     spec:
#       exceptions: [{policyName: images, ruleNames: [registry]}]
#       match: {any: [{resources: {kinds: [Pod], namespaces: [shop], names: ["legacy*"]}}]}
#   after: |-
#     apiVersion: kyverno.io/v2
#     kind: PolicyException
#     metadata: {name: legacy, namespace: shop, labels: {cleanup.kyverno.io/ttl: 30d}}
#     spec:
#       exceptions: [{policyName: images, ruleNames: [registry]}]
#       match: {any: [{resources: {kinds: [Pod], namespaces: [shop], names: ["legacy*"]}}]}
#   references:
#     - {title: "Kyverno: policy exceptions", url: "https://kyverno.io/docs/exceptions/"}
#     - {title: "Kyverno: cleanup label", url: "https://kyverno.io/docs/policy-types/cleanup-policy/#cleanup-label"}
#   waivable: "yes"
#   since: 0.1.0
package gate.rules.kubernetes["policy-exception"]

import data.gate.lib

deny contains finding if {
	some o in input.objects
	o.kind == "PolicyException"
	o.group in {"kyverno.io", "policies.kyverno.io"}
	some fault in faults(o)
	finding := {"subject": o.id, "path": fault.path, "msg": sprintf("policyexception %q %s", [concat("/", [o.namespace, o.name]), fault.msg])}
}

ttl := "cleanup.kyverno.io/ttl"

faults(o) := {{"path": [], "msg": sprintf("never ends; expected the label %s or the annotation %s", [ttl, annotation(o)])}} if {
	ends(o) == []
} else := {{"path": end.path, "msg": sprintf("has the end %q; expected a date YYYY-MM-DD%s", [end.text, end.or])} |
	some end in ends(o)
	not dated(end)
	not regex.match(end.form, end.text)
} | {{"path": end.path, "msg": sprintf("ended on %s", [substring(end.text, 0, 10)])} |
	some end in ends(o)
	dated(end)
	substring(end.text, 0, 10) < substring(input.now, 0, 10)
}

# ends are the places that say when the exception ends.
ends(o) := [end |
	some place in [
		{"path": ["metadata", "labels", ttl], "form": `^([0-9]+(\.[0-9]+)?[smhdw])+$`, "or": " or a duration"},
		{"path": ["metadata", "annotations", annotation(o)], "form": `^$`, "or": ""},
	]
	text := object.get(o.manifest, place.path, "")
	is_string(text)
	text != ""
	end := object.union(place, {"text": text})
]

dated(end) if regex.match(`^[0-9]{4}-[0-9]{2}-[0-9]{2}(T.*)?$`, end.text)

annotation(o) := lib.params(o, "kubernetes/policy-exception").annotation
