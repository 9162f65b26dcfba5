# METADATA
# title: Long-running containers are probed
# description: |-
#   Without a readiness probe traffic reaches a container before it can answer, and a broken version is rolled out to the
#   end; without a liveness probe a hanging one is never restarted. Readiness is asked of containers that serve a port
#   or that a Service selects; containers of jobs and plain init containers end by themselves. Ports that are only
#   scraped do not count.
# custom:
#   severity: low
#   effects: {prod: warn, non-prod: warn}
#   over: {subject: containers}
#   scope: subject
#   params:
#     required: {type: array, default: [readinessProbe, livenessProbe], description: "probes that are asked for: readinessProbe, livenessProbe, startupProbe"}
#     kinds: {type: array, default: [Pod, Deployment, StatefulSet, DaemonSet, ReplicaSet, ReplicationController, Rollout, DeploymentConfig, CloneSet], description: "kinds of workloads that run for long"}
#     metricsPorts: {type: array, default: [metrics, http-metrics, https-metrics, prometheus, http-prom, monitoring], description: "names of ports that nobody waits for"}
#   remediation: Add the probes, on what the program itself says about its state.
#   language: yaml
#   before: |-
#     apiVersion: apps/v1
#     kind: Deployment
#     metadata: {name: web}
#     spec:
#       selector: {matchLabels: {app: web}}
#       template:
#         metadata: {labels: {app: web}}
#         spec:
#           containers:
#             - name: web
#               image: registry.example.com/web:1.0.0
#               ports: [{containerPort: 8080}]
#   after: |-
#     apiVersion: apps/v1
#     kind: Deployment
#     metadata: {name: web}
#     spec:
#       selector: {matchLabels: {app: web}}
#       template:
#         metadata: {labels: {app: web}}
#         spec:
#           containers:
#             - name: web
#               image: registry.example.com/web:1.0.0
#               ports: [{containerPort: 8080}]
#               readinessProbe: {httpGet: {path: /ready, port: 8080}}
#               livenessProbe: {httpGet: {path: /live, port: 8080}}
#   references:
#     - {title: "Kubernetes: liveness, readiness and startup probes", url: "https://kubernetes.io/docs/concepts/workloads/pods/probes/"}
#   waivable: "yes"
#   since: 0.1.0
package gate.rules.kubernetes.probes

import data.gate.lib

deny contains finding if {
	some c in input.containers
	c.type == "container"
	c.image.ref != "auto" # Istio's injector replaces the container, with probes
	params := lib.params(c, "kubernetes/probes")
	c.workload.kind in params.kinds
	lib.text(c.pod, "restartPolicy") in {"", "Always"} # another pod ends by itself
	missing := [probe | some probe in params.required; object.get(c.container, probe, null) == null; asked(params, c, probe)]
	count(missing) > 0
	finding := {
		"subject": c.id,
		"path": ["name"],
		"msg": sprintf("container %q of %s %q has no %s", [c.name, c.workload.kind, c.workload.name, concat(" and no ", missing)]),
	}
}

asked(_, _, probe) if probe != "readinessProbe"

asked(params, c, "readinessProbe") if {
	some port in c.container.ports
	not lib.text(port, "name") in params.metricsPorts
}

asked(params, c, "readinessProbe") if {
	some name in c.served
	not name in params.metricsPorts
	count(lib.list(c.container, "ports")) == 0
}
