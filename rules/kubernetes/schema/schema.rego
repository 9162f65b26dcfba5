# METADATA
# title: Objects fit their schema
# description: |-
#   A misspelt or misplaced field is dropped by the API server, so that a setting that a reviewer saw never holds; a
#   wrong type fails the roll-out half way. A key that stands twice in a manifest is refused by strict validation; the
#   object is judged by the last of the two all the same. Helm, Argo CD and kustomize take the last in what they read
#   (values, what a chart renders, a directory, a kustomization): that is a warning, because what runs is known. Built-in kinds are decoded strictly with the types of Kubernetes; custom
#   ones are judged by the CustomResourceDefinitions in the tree, with their CEL rules. A custom kind without a
#   definition in the tree is not judged.
# custom:
#   severity: high
#   effects: {prod: deny, non-prod: deny}
#   over: {subject: assessments, kinds: [schema]}
#   scope: subject
#   needs: []
#   remediation: Spell the field as the API does, move it to where it belongs, correct its type, or take out what stands twice.
#   language: yaml
#   before: |-
#     apiVersion: v1
#     kind: Pod
#     metadata: {name: web}
#     spec:
#       containers:
#         - name: web
#           image: registry.example.com/web:1.0.0
#           securitycontext: {privileged: false}
#   after: |-
#     apiVersion: v1
#     kind: Pod
#     metadata: {name: web}
#     spec:
#       containers:
#         - name: web
#           image: registry.example.com/web:1.0.0
#           securityContext: {privileged: false}
#   references:
#     - {title: "Kubernetes: field validation", url: "https://kubernetes.io/docs/reference/using-api/api-concepts/#field-validation"}
#     - {title: "Kubernetes: custom resource validation", url: "https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#validation"}
#   waivable: "yes"
#   since: 0.1.0
package gate.rules.kubernetes.schema

deny contains finding if {
	some a in input.assessments
	a.judge == "schema"
	a.outcome == "fail"
	a.control != "repeated"
	finding := {"subject": a.of, "path": a.path, "msg": a.message}
}

# What Helm, Argo CD and kustomize make of two equal keys is known, but one of them says what does not hold.
deny contains finding if {
	some a in input.assessments
	a.judge == "schema"
	a.outcome == "fail"
	a.control == "repeated"
	finding := {"subject": a.of, "path": a.path, "msg": a.message, "level": "warn"}
}

# A definition that cannot be used judges nothing: neither right nor wrong.
unknown contains finding if {
	some a in input.assessments
	a.judge == "schema"
	a.outcome == "unknown"
	a.control != "variable"
	finding := {"subject": a.of, "path": a.path, "msg": a.message, "cause": "unavailable"}
}

# What is put in the place of a variable on the way to the cluster may be right.
unknown contains finding if {
	some a in input.assessments
	a.judge == "schema"
	a.outcome == "unknown"
	a.control == "variable"
	finding := {"subject": a.of, "path": a.path, "msg": a.message, "cause": "computed"}
}
