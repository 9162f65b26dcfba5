# METADATA
# title: API version is served by the cluster
# description: |-
#   An API version that the cluster no longer serves fails the roll-out, at an upgrade all at once. The lifecycle is
#   that of the types of Kubernetes, for the version of the cluster; versions that a CustomResourceDefinition of the
#   tree deprecates count as well. A deprecated version is a warning.
# custom:
#   severity: high
#   effects: {prod: deny, non-prod: warn}
#   over: {subject: assessments, kinds: [lifecycle]}
#   scope: subject
#   params:
#     deprecated: {type: boolean, default: true, description: "warn of versions that are deprecated and still served"}
#   remediation: Use the version that the message names; read the migration guide for fields that moved.
#   language: yaml
#   before: |-
#     apiVersion: policy/v1beta1
#     kind: PodDisruptionBudget
#     metadata: {name: web}
#     spec:
#       minAvailable: 1
#       selector: {matchLabels: {app: web}}
#   after: |-
#     apiVersion: policy/v1
#     kind: PodDisruptionBudget
#     metadata: {name: web}
#     spec:
#       minAvailable: 1
#       selector: {matchLabels: {app: web}}
#   references:
#     - {title: "Kubernetes: deprecated API migration guide", url: "https://kubernetes.io/docs/reference/using-api/deprecation-guide/"}
#     - {title: "Kubernetes: deprecation policy", url: "https://kubernetes.io/docs/reference/using-api/deprecation-policy/"}
#   waivable: "yes"
#   since: 0.1.0
package gate.rules.kubernetes["api-removed"]

import data.gate.lib

deny contains finding if {
	some a in lifecycle
	a.control == "removed"
	finding := {"subject": a.of, "path": a.path, "msg": a.message}
}

deny contains finding if {
	some a in lifecycle
	a.control == "deprecated"
	lib.params(a, "kubernetes/api-removed").deprecated
	finding := {"subject": a.of, "path": a.path, "msg": a.message, "level": "warn"}
}

lifecycle := [a | some a in input.assessments; a.judge == "lifecycle"]
