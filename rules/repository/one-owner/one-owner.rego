# METADATA
# title: One thing has one owner
# description: |-
#   Two tools that write one object undo each other's work, and what a review allowed holds until the other one runs.
#   Compared over everything that is read: Kubernetes objects of several units, Terraform's Kubernetes resources and
#   releases, Secrets that an ExternalSecret, SealedSecret or Certificate makes, replicas that an autoscaler sets,
#   Applications of one source and destination, resources and backends of several stacks. Objects of different units
#   count where the environment of both is known and they live in one cluster: the target of the configuration tells
#   that, the only target of an environment, the destination of the controller, or one root that deploys both. Names
#   that are unique in an account count in one target, or where the provider names the account and region. What nothing
#   tells of is counted in one note.
# custom:
#   severity: high
#   effects: {prod: deny, non-prod: warn}
#   over: {subject: repository}
#   scope: tree
#   params:
#     exempt: {type: array, default: [], description: "things that may have several owners, as globs over the text in the message"}
#   remediation: Decide who owns it, and take it out of the other one, or place the two in targets of the configuration if they never meet; let an autoscaler own the replicas by leaving the field out.
#   language: yaml
#   before: |-
#     apiVersion: apps/v1
#     kind: Deployment
#     metadata: {name: web}
#     spec:
#       replicas: 3
#       selector: {matchLabels: {app: web}}
#       template:
#         metadata: {labels: {app: web}}
#         spec: {containers: [{name: web, image: "registry.example.com/web:1.0.0"}]}
#     ---
#     apiVersion: autoscaling/v2
#     kind: HorizontalPodAutoscaler
#     metadata: {name: web}
#     spec:
#       minReplicas: 2
#       maxReplicas: 9
#       scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}
#   after: |-
#     apiVersion: apps/v1
#     kind: Deployment
#     metadata: {name: web}
#     spec:
#       selector: {matchLabels: {app: web}}
#       template:
#         metadata: {labels: {app: web}}
#         spec: {containers: [{name: web, image: "registry.example.com/web:1.0.0"}]}
#     ---
#     apiVersion: autoscaling/v2
#     kind: HorizontalPodAutoscaler
#     metadata: {name: web}
#     spec:
#       minReplicas: 2
#       maxReplicas: 9
#       scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}
#   references:
#     - {title: "Argo CD: shared resource warning", url: "https://argo-cd.readthedocs.io/en/stable/user-guide/sync-options/#fail-the-sync-if-a-shared-resource-is-found"}
#     - {title: "Kubernetes: migrating Deployments to horizontal autoscaling", url: "https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale/#migrating-deployments-and-statefulsets-to-horizontal-autoscaling"}
#   waivable: approval
#   since: 0.1.0
package gate.rules.repository["one-owner"]

import data.gate.lib
import data.gate.lib.owners

# The owner that comes first by id stays; each other claim is one to mend. An
# autoscaler is always the owner of the replicas.
deny contains finding if {
	some thing in input.index.shared
	some claim in owners.others(thing)
	not lib.matches_any(lib.params(claim, "repository/one-owner").exempt, thing.name, [])
	finding := {"subject": claim.id, "path": claim.path, "msg": sprintf("%s %s", [thing.name, owners.because(thing, claim)])}
}

deny contains finding if {
	some thing in owners.resources
	some claim in thing.claims
	claim.stack != thing.first.stack
	not lib.matches_any(lib.params(claim, "repository/one-owner").exempt, thing.name, [])
	finding := {
		"subject": claim.id,
		"path": claim.path,
		"msg": sprintf("%s is managed by stack %q and by stack %q", [thing.name, thing.first.stack, claim.stack]),
	}
}

# What nobody can judge without the targets is said once.
note contains {"subject": input.repository.id, "path": [], "msg": msg} if {
	count(unplaced) > 0
	first := sort(unplaced)[0]
	msg := sprintf(
		"%d of the names in %s have several owners (such as %s), and nothing tells whether in one cluster or account; name the targets in .gate.yaml, a single one without paths: %s",
		[sum([u.count | some u in unplaced]), concat(", ", {sprintf("%q", [u.environment]) | some u in unplaced}), first.example, example(first.environment)],
	)
}

example(environment) := sprintf(`environments: [{name: %s, targets: [{name: NAME, cluster: CLUSTER, account: ACCOUNT, paths: ["DIRECTORY/**"]}]}]`, [environment])

unplaced contains {"environment": u.environment, "example": u.example, "count": u.count} if some u in input.index.unplaced

unplaced contains {"environment": environment, "example": min(names), "count": count(names)} if some environment, names in owners.unsure
