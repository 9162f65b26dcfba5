# METADATA
# title: Service account token is mounted only where it is needed
# description: |-
#   Every pod gets a token for the Kubernetes API unless somebody says no. Most programs never call the API; for whoever
#   breaks into one of them the token is the next step. The pod's own setting goes before that of its service account.
#   A role that a binding in the tree gives to the account shows that the token is needed; other accounts are listed.
# custom:
#   severity: medium
#   effects: {prod: deny, non-prod: warn}
#   over: {subject: objects}
#   scope: subject
#   params:
#     needed: {type: array, default: [], description: "service accounts whose pods call the API, as globs over namespace/name"}
#   remediation: Set automountServiceAccountToken to false on the service account or in the pod; list the account under needed if its role is granted elsewhere.
#   language: yaml
#   before: |-
#     apiVersion: v1
#     kind: Pod
#     metadata: {name: web}
#     spec:
#       containers: [{name: web, image: "registry.example.com/web:1.0.0"}]
#   after: |-
#     apiVersion: v1
#     kind: Pod
#     metadata: {name: web}
#     spec:
#       automountServiceAccountToken: false
#       containers: [{name: web, image: "registry.example.com/web:1.0.0"}]
#   references:
#     - {title: "CIS Kubernetes Benchmark 5.1.6", url: "https://www.cisecurity.org/benchmark/kubernetes"}
#     - {title: "Kubernetes: opt out of API credential automounting", url: "https://kubernetes.io/docs/tasks/configure-pod-container/configure-service-account/#opt-out-of-api-credential-automounting"}
#     - {title: "NSA/CISA Kubernetes Hardening Guidance: protecting service account tokens", url: "https://media.defense.gov/2022/Aug/29/2003066362/-1/-1/0/CTR_KUBERNETES_HARDENING_GUIDANCE_1.2_20220829.PDF"}
#   waivable: "yes"
#   since: 0.1.0
package gate.rules.kubernetes["service-account-token"]

import data.gate.lib
import data.gate.lib.kubernetes

deny contains finding if {
	some o in input.objects
	some pod in kubernetes.pods(o)
	account := pod.fact.serviceAccount
	mounted(pod.spec, account)
	count(account.bindings) == 0
	not kubernetes.exempt(lib.params(o, "kubernetes/service-account-token").needed, o.namespace, account.name)
	finding := {
		"subject": o.id,
		"path": array.concat(pod.path, ["automountServiceAccountToken"]),
		"msg": sprintf("%s %q mounts the token of service account %q, which no binding in the tree gives a role; want automountServiceAccountToken: false", [o.kind, o.name, account.name]),
	}
}

mounted(spec, _) if spec.automountServiceAccountToken == true

mounted(spec, account) if {
	object.get(spec, "automountServiceAccountToken", null) == null
	account.automount != false
}
