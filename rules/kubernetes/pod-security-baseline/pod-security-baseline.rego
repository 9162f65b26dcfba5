# METADATA
# title: Pods meet the baseline of the Pod Security Standards
# description: |-
#   The baseline forbids what is known to break out of a container: host namespaces, host ports and paths, privileged
#   mode, dangerous capabilities, unconfined profiles. Each control is judged by the library of Kubernetes itself, for
#   the version of the cluster, in every workload that carries a pod.
# custom:
#   severity: high
#   effects: {prod: deny, non-prod: warn}
#   over: {subject: assessments, kinds: [pod-security]}
#   scope: subject
#   params:
#     exempt: {type: array, default: [], description: "workloads that need more, as globs over namespace/name"}
#     controls: {type: array, default: ["*"], description: "controls that are asked for, as globs over their ids, such as hostPorts"}
#   remediation: Remove the field, or give the workload a namespace and an exemption of its own if it has to manage nodes.
#   language: yaml
#   before: |-
#     apiVersion: v1
#     kind: Pod
#     metadata: {name: web}
#     spec:
#       hostNetwork: true
#       containers:
#         - name: web
#           image: registry.example.com/web:1.0.0
#   after: |-
#     apiVersion: v1
#     kind: Pod
#     metadata: {name: web}
#     spec:
#       containers:
#         - name: web
#           image: registry.example.com/web:1.0.0
#   references:
#     - {title: "Pod Security Standards: baseline", url: "https://kubernetes.io/docs/concepts/security/pod-security-standards/#baseline"}
#     - {title: "NSA/CISA Kubernetes Hardening Guidance: pod security", url: "https://media.defense.gov/2022/Aug/29/2003066362/-1/-1/0/CTR_KUBERNETES_HARDENING_GUIDANCE_1.2_20220829.PDF"}
#     - {title: "CIS Kubernetes Benchmark 5.2", url: "https://www.cisecurity.org/benchmark/kubernetes"}
#   waivable: approval
#   since: 0.1.0
package gate.rules.kubernetes["pod-security-baseline"]

import data.gate.lib

deny contains finding if {
	some a in input.assessments
	a.outcome == "fail"
	asked(a)
	finding := {"subject": a.of, "path": a.path, "msg": a.message}
}

# A pod that cannot be read passes no control.
unknown contains finding if {
	some a in input.assessments
	a.outcome == "unknown"
	asked(a)
	finding := {"subject": a.of, "path": a.path, "msg": a.message, "cause": "unavailable"}
}

asked(a) if {
	a.judge == "pod-security"
	[level, control] := split(a.control, "/")
	level == "baseline"
	params := lib.params(a, "kubernetes/pod-security-baseline")
	lib.matches_any(params.controls, control, [])
	not lib.matches_any(params.exempt, sprintf("%s/%s", [a.namespace, a.name]), ["/"])
}
