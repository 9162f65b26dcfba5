# METADATA
# title: Somebody is told when a sync fails
# description: |-
#   A delivery that fails leaves the old state running, and nobody notices until the next incident. Somebody is told by a
#   notification subscription (on the Application, its project or for all), a Flux Alert that names the object, or a
#   Prometheus alert on the controller's sync and health metrics, if one of them stands in the tree for this environment.
#   Where there is none for any of more than ten objects, that is one finding for the environment.
# custom:
#   severity: low
#   effects: {prod: warn, non-prod: off}
#   over: {subject: objects, kinds: [Application, ApplicationSet, Kustomization, HelmRelease]}
#   scope: subject
#   params:
#     exempt: {type: array, default: [], description: "objects that need no alert, as globs over namespace/name"}
#   remediation: Subscribe a channel to on-sync-failed and on-health-degraded, or add an Alert with eventSeverity error (name "*" covers all of a kind and namespace); for all at once, a PrometheusRule on the controller's metrics.
#   language: yaml
#   before: |-
#     apiVersion: argoproj.io/v1alpha1
#     kind: Application
#     metadata: {name: web, namespace: argocd}
#     spec:
#       project: web
#       source: {repoURL: "https://github.com/example/web", path: deploy, targetRevision: v1.4.2}
#       destination: {server: "https://kubernetes.default.svc", namespace: web}
#   after: |-
#     apiVersion: argoproj.io/v1alpha1
#     kind: Application
#     metadata:
#       name: web
#       namespace: argocd
#       annotations:
#         notifications.argoproj.io/subscribe.on-sync-failed.slack: web-alerts
#     spec:
#       project: web
#       source: {repoURL: "https://github.com/example/web", path: deploy, targetRevision: v1.4.2}
#       destination: {server: "https://kubernetes.default.svc", namespace: web}
#   references:
#     - {title: "Argo CD: notification subscriptions", url: "https://argo-cd.readthedocs.io/en/stable/operator-manual/notifications/subscriptions/"}
#     - {title: "Flux: alerts", url: "https://fluxcd.io/flux/components/notification/alerts/"}
#   waivable: "yes"
#   since: 0.1.0
package gate.rules.gitops["sync-alerted"]

import data.gate.lib
import data.gate.lib.kubernetes
import data.gate.lib.place

deny contains finding if {
	some o in input.objects
	o.delivery
	count(o.delivery.alerts) == 0
	not o.delivery.noAlerts
	not kubernetes.exempt(lib.params(o, "gitops/sync-alerted").exempt, o.namespace, o.name)
	finding := {
		"subject": o.id,
		"path": ["metadata", "name"],
		"msg": sprintf("nobody is told when %s %q fails to sync", [o.kind, o.name]),
	}
}

# One alert settles all of them.
deny contains finding if {
	some o in input.objects
	o.delivery.noAlerts
	not kubernetes.exempt(lib.params(o, "gitops/sync-alerted").exempt, o.namespace, o.name)
	finding := {
		"subject": place.subject(o), "path": [],
		"msg": sprintf("nobody is told when a sync fails: no object %s alerts about any that delivers; want one that covers all of them", [place.name(o)]),
	}
}
