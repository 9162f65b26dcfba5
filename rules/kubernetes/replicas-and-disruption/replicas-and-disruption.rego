# METADATA
# title: Workloads survive the loss of a node
# description: |-
#   One replica is gone with its node, and during every drain. More replicas without a PodDisruptionBudget may all be
#   evicted at once; a budget that allows no eviction blocks the drain instead, until somebody deletes it in a hurry.
#   What an autoscaler owns is judged by its lower bound; scaled to zero, or replaced by recreation because two cannot
#   run side by side, is a choice.
# custom:
#   severity: low
#   effects: {prod: warn, non-prod: warn}
#   over: {subject: objects}
#   scope: subject
#   params:
#     minReplicas: {type: number, default: 2, description: "least number of replicas of a workload"}
#     kinds: {type: array, default: [Deployment, Rollout, DeploymentConfig, CloneSet], description: "kinds whose number of replicas is judged"}
#     budgetKinds: {type: array, default: [Deployment, StatefulSet, Rollout, DeploymentConfig, CloneSet], description: "kinds that need a budget once they have two replicas"}
#   remediation: Run at least two replicas, with a PodDisruptionBudget that lets one go at a time.
#   language: yaml
#   before: |-
#     apiVersion: apps/v1
#     kind: Deployment
#     metadata: {name: web}
#     spec:
#       replicas: 1
#       selector: {matchLabels: {app: web}}
#       template:
#         metadata: {labels: {app: web}}
#         spec: {containers: [{name: web, image: "registry.example.com/web:1.0.0"}]}
#   after: |-
#     apiVersion: apps/v1
#     kind: Deployment
#     metadata: {name: web}
#     spec:
#       replicas: 2
#       selector: {matchLabels: {app: web}}
#       template:
#         metadata: {labels: {app: web}}
#         spec: {containers: [{name: web, image: "registry.example.com/web:1.0.0"}]}
#     ---
#     apiVersion: policy/v1
#     kind: PodDisruptionBudget
#     metadata: {name: web}
#     spec:
#       maxUnavailable: 1
#       selector: {matchLabels: {app: web}}
#   references:
#     - {title: "Kubernetes: specifying a disruption budget", url: "https://kubernetes.io/docs/tasks/run-application/configure-pdb/"}
#   waivable: "yes"
#   since: 0.1.0
package gate.rules.kubernetes["replicas-and-disruption"]

import data.gate.lib

id := "kubernetes/replicas-and-disruption"

deny contains finding if {
	some o in input.objects
	some pod in o.pods
	o.kind in lib.params(o, id).kinds
	object.get(o.manifest, ["spec", "strategy", "type"], "") != "Recreate"
	n := replicas(o, pod)
	n > 0
	n < lib.params(o, id).minReplicas
	at := place(o, pod)
	finding := {
		"subject": at.subject,
		"path": at.path,
		"msg": sprintf("%s %q %s %d replica%s; want at least %d", [o.kind, o.name, at.verb, n, plural(n), lib.params(o, id).minReplicas]),
	}
}

deny contains finding if {
	some o in input.objects
	some pod in o.pods
	o.kind in lib.params(o, id).budgetKinds
	replicas(o, pod) >= 2
	count(pod.budgets) == 0
	finding := {
		"subject": o.id,
		"path": ["metadata", "name"],
		"msg": sprintf("no PodDisruptionBudget selects the pods of %s %q", [o.kind, o.name]),
	}
}

deny contains finding if {
	some o in input.objects
	some pod in o.pods
	some budget in pod.budgets
	replicas(o, pod) >= 2
	fault := blocked(budget, replicas(o, pod))
	finding := {
		"subject": budget.id,
		"path": ["spec", fault.field],
		"msg": sprintf("%s: %v allows no eviction of %s %q; want room for one", [fault.field, fault.value, o.kind, o.name]),
	}
}

replicas(o, pod) := object.get(o.manifest, ["spec", "replicas"], 1) if pod.autoscaler == ""

replicas(_, pod) := pod.minReplicas if pod.autoscaler != ""

place(o, pod) := {"subject": o.id, "path": ["spec", "replicas"], "verb": "runs"} if pod.autoscaler == ""

place(_, pod) := {"subject": pod.autoscaler, "path": ["spec", "minReplicas"], "verb": "is scaled down to"} if pod.autoscaler != ""

plural(n) := "" if n == 1

plural(n) := "s" if n != 1

blocked(budget, _) := {"field": "maxUnavailable", "value": budget.maxUnavailable} if budget.maxUnavailable in {0, "0", "0%"}

blocked(budget, n) := {"field": "minAvailable", "value": budget.minAvailable} if {
	budget.maxUnavailable == null
	too_many(budget.minAvailable, n)
}

too_many("100%", _)

too_many(least, n) if {
	is_number(least)
	least >= n
}
