# METADATA
# title: Admission policies of the tree let the object in
# description: |-
#   An object that the cluster's own admission policies reject passes the review and fails the roll-out. The policies
#   in the tree are asked beforehand: ValidatingAdmissionPolicies with their bindings and params by the CEL library of
#   the API server, Gatekeeper's ConstraintTemplates with their constraints, Kyverno's ValidatingPolicies, and the
#   validate rules of its ClusterPolicies and Policies (patterns, deny, foreach, Pod Security, CEL) with their
#   PolicyExceptions. Pods that a workload would create are judged with it. A policy that only warns or audits is a
#   warning; what only the cluster can know (an API call, who asks, a mutation before) is said once, and an object on
#   which a policy that denies was not evaluated makes the run incomplete. Rules that mutate, generate or verify images
#   are listed in the coverage ledger as not evaluated.
# custom:
#   severity: high
#   effects: {prod: deny, non-prod: warn}
#   unknownEffect: {prod: warn, non-prod: "off"}
#   over: {subject: assessments, kinds: [admission]}
#   scope: subject
#   remediation: Change the object as the policy's message says, or the policy, its binding or its match in the same change.
#   language: yaml
#   before: |-
#     apiVersion: admissionregistration.k8s.io/v1
#     kind: ValidatingAdmissionPolicy
#     metadata: {name: replicas}
#     spec:
#       matchConstraints:
#         resourceRules: [{apiGroups: [apps], apiVersions: [v1], operations: [CREATE], resources: [deployments]}]
#       validations: [{expression: "object.spec.replicas >= 2", message: "two replicas at least"}]
#     ---
#     apiVersion: admissionregistration.k8s.io/v1
#     kind: ValidatingAdmissionPolicyBinding
#     metadata: {name: replicas}
#     spec: {policyName: replicas, validationActions: [Deny]}
#     ---
#     apiVersion: apps/v1
#     kind: Deployment
#     metadata: {name: web, namespace: shop}
#     spec:
#       replicas: 1
#       selector: {matchLabels: {app: web}}
#       template: {metadata: {labels: {app: web}}, spec: {containers: [{name: web, image: registry.example.com/web:1.0.0}]}}
#   after: |-
#     apiVersion: admissionregistration.k8s.io/v1
#     kind: ValidatingAdmissionPolicy
#     metadata: {name: replicas}
#     spec:
#       matchConstraints:
#         resourceRules: [{apiGroups: [apps], apiVersions: [v1], operations: [CREATE], resources: [deployments]}]
#       validations: [{expression: "object.spec.replicas >= 2", message: "two replicas at least"}]
#     ---
#     apiVersion: admissionregistration.k8s.io/v1
#     kind: ValidatingAdmissionPolicyBinding
#     metadata: {name: replicas}
#     spec: {policyName: replicas, validationActions: [Deny]}
#     ---
#     apiVersion: apps/v1
#     kind: Deployment
#     metadata: {name: web, namespace: shop}
#     spec:
#       replicas: 2
#       selector: {matchLabels: {app: web}}
#       template: {metadata: {labels: {app: web}}, spec: {containers: [{name: web, image: registry.example.com/web:1.0.0}]}}
#   references:
#     - {title: "Kubernetes: validating admission policy", url: "https://kubernetes.io/docs/reference/access-authn-authz/validating-admission-policy/"}
#     - {title: "Kyverno: validating policy", url: "https://kyverno.io/docs/policy-types/validating-policy/"}
#     - {title: "Kyverno: validate rules", url: "https://kyverno.io/docs/policy-types/cluster-policy/validate/"}
#     - {title: "Gatekeeper: constraint templates", url: "https://open-policy-agent.github.io/gatekeeper/website/docs/constrainttemplates/"}
#   waivable: approval
#   since: 0.1.0
package gate.rules.kubernetes["admission-policy"]

deny contains finding if {
	some a in admission
	a.outcome == "fail"
	"deny" in a.values
	finding := {"subject": a.of, "path": a.path, "msg": a.message}
}

# Warn and Audit let the object in.
deny contains finding if {
	some a in admission
	a.outcome == "fail"
	not "deny" in a.values
	finding := {"subject": a.of, "path": a.path, "msg": a.message, "level": "warn"}
}

unknown contains finding if {
	some a in admission
	a.outcome == "unknown"
	finding := {"subject": a.of, "path": a.path, "msg": a.message, "cause": "computed"}
}

admission := [a | some a in input.assessments; a.judge == "admission"]
