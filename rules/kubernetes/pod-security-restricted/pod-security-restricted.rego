# METADATA
# title: Pods meet the restricted Pod Security Standard
# description: |-
#   The restricted standard is the hardening that most programs can live with: no root, no privilege escalation, no
#   capabilities beyond binding low ports, a seccomp profile, only volumes of the cluster. Each control is judged by
#   the library of Kubernetes itself, for the version of the cluster.
# custom:
#   severity: medium
#   effects: {prod: warn, non-prod: "off"}
#   over: {subject: assessments, kinds: [pod-security]}
#   scope: subject
#   params:
#     exempt: {type: array, default: [], description: "workloads that need more, as globs over namespace/name"}
#     controls: {type: array, default: ["*"], description: "controls that are asked for, as globs over their ids, such as runAsNonRoot"}
#     repeatBaseline: {type: boolean, default: false, description: "report fields that break the baseline as well, which pod-security-baseline reports"}
#   remediation: Set the security context of the container as the message says; build images that run as a numbered user.
#   language: yaml
#   before: |-
#     apiVersion: v1
#     kind: Pod
#     metadata: {name: web}
#     spec:
#       containers:
#         - name: web
#           image: registry.example.com/web:1.0.0
#   after: |-
#     apiVersion: v1
#     kind: Pod
#     metadata: {name: web}
#     spec:
#       securityContext:
#         runAsNonRoot: true
#         seccompProfile: {type: RuntimeDefault}
#       containers:
#         - name: web
#           image: registry.example.com/web:1.0.0
#           securityContext:
#             allowPrivilegeEscalation: false
#             capabilities: {drop: [ALL]}
#   references:
#     - {title: "Pod Security Standards: restricted", url: "https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted"}
#     - {title: "NSA/CISA Kubernetes Hardening Guidance: pod security", url: "https://media.defense.gov/2022/Aug/29/2003066362/-1/-1/0/CTR_KUBERNETES_HARDENING_GUIDANCE_1.2_20220829.PDF"}
#     - {title: "CIS Kubernetes Benchmark 5.2", url: "https://www.cisecurity.org/benchmark/kubernetes"}
#   waivable: "yes"
#   since: 0.1.0
package gate.rules.kubernetes["pod-security-restricted"]

import data.gate.lib

deny contains finding if {
	some a in input.assessments
	a.judge == "pod-security"
	a.outcome == "fail"
	[level, control] := split(a.control, "/")
	level == "restricted"
	params := lib.params(a, "kubernetes/pod-security-restricted")
	lib.matches_any(params.controls, control, [])
	not lib.matches_any(params.exempt, sprintf("%s/%s", [a.namespace, a.name]), ["/"])
	not left_to_baseline(a, params)
	finding := {"subject": a.of, "path": a.path, "msg": a.message}
}

left_to_baseline(a, params) if {
	"baseline" in a.values
	not params.repeatBaseline
}
