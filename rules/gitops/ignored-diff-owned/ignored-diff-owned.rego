# METADATA
# title: Ignored difference has an owner
# description: |-
#   What a controller is told to ignore, nobody sees any more: drift, a manual change or an attack in that field stays.
#   Such an exception needs somebody who answers for it, a reason, a scope and a date at which it is looked at again.
#   An exception for a whole object or for every kind hides everything and is refused with or without an owner.
# custom:
#   severity: medium
#   effects: {prod: deny, non-prod: warn}
#   over: {subject: objects}
#   scope: subject
#   params:
#     annotationPrefix: {type: string, default: "gate/ignore-", description: "prefix of the annotations owner, reason, scope and review-by"}
#   remediation: Add the annotations gate/ignore-owner, gate/ignore-reason, gate/ignore-scope and gate/ignore-review-by (YYYY-MM-DD) to the object that carries the exception, and narrow the exception to single fields.
#   language: yaml
#   before: |-
#     apiVersion: argoproj.io/v1alpha1
#     kind: Application
#     metadata: {name: web, namespace: argocd}
#     spec:
#       project: web
#       ignoreDifferences:
#         - {group: apps, kind: Deployment, jsonPointers: [/spec/replicas]}
#   after: |-
#     apiVersion: argoproj.io/v1alpha1
#     kind: Application
#     metadata:
#       name: web
#       namespace: argocd
#       annotations:
#         gate/ignore-owner: "@example/web"
#         gate/ignore-reason: the autoscaler owns the number of replicas
#         gate/ignore-scope: Deployment /spec/replicas
#         gate/ignore-review-by: "2999-01-31"
#     spec:
#       project: web
#       ignoreDifferences:
#         - {group: apps, kind: Deployment, jsonPointers: [/spec/replicas]}
#   references:
#     - {title: "Argo CD: diffing customization", url: "https://argo-cd.readthedocs.io/en/stable/user-guide/diffing/"}
#     - {title: "Flux: HelmRelease drift detection", url: "https://fluxcd.io/flux/components/helm/helmreleases/#drift-detection"}
#   waivable: "yes"
#   since: 0.1.0
package gate.rules.gitops["ignored-diff-owned"]

import data.gate.lib

deny contains finding if {
	some o in input.objects
	some exception in exceptions(o)
	fault := fault_of(o, exception)
	finding := {"subject": o.id, "path": exception.path, "msg": sprintf("%s %s", [exception.what, fault])}
}

fault_of(o, exception) := sprintf("hides %s", [exception.hides]) if exception.hides != ""

else := sprintf("has no %s", [concat(", no ", missing)]) if {
	missing := [key | some key in ["owner", "reason", "scope", "review-by"]; not note(o, key)]
	count(missing) > 0
} else := sprintf("has the review date %q; want YYYY-MM-DD", [note(o, "review-by")]) if {
	not regex.match(`^\d{4}-\d{2}-\d{2}$`, note(o, "review-by"))
} else := sprintf("was to be reviewed by %s", [note(o, "review-by")]) if {
	note(o, "review-by") < substring(input.now, 0, 10)
}

# note is an owner annotation of the object or of the template that makes it.
note(o, key) := value if {
	name := concat("", [lib.params(o, "gitops/ignored-diff-owned").annotationPrefix, key])
	some place in [["metadata"], ["spec", "template", "metadata"]]
	value := lib.text(o.manifest, array.concat(place, ["annotations", name]))
	value != ""
}

exceptions(o) := applications(o) | argocd_settings(o) | old_settings(o) | flux_releases(o) | marked(o)

applications(o) := {{"path": array.concat(path, ["ignoreDifferences", i]), "what": "ignoreDifferences entry", "hides": hides(entry)} |
	path := {"Application": ["spec"], "ApplicationSet": ["spec", "template", "spec"]}[o.kind]
	o.group == "argoproj.io"
	some i, entry in lib.list(o.manifest, array.concat(path, ["ignoreDifferences"]))
}

# What no owner makes right, and what is wanted instead.
all_kinds := {true: "fields of every kind; want a setting for one kind", false: ""}

hides(entry) := all_kinds[true] if entry.kind == "*"

else := "whole objects; want single fields" if {
	some field in ["jsonPointers", "jqPathExpressions", "paths"]
	some pointer in entry[field]
	pointer in {"", "/", "."}
}

else := "whole objects; want single fields" if count([1 | some f in ["jsonPointers", "jqPathExpressions", "managedFieldsManagers", "paths"]; count(lib.list(entry, f)) > 0]) == 0

else := ""

argocd_settings(o) := {{"path": ["data", key], "what": sprintf("setting %s", [key]), "hides": all_kinds[endswith(key, ".all")]} |
	o.kind == "ConfigMap"
	o.name == "argocd-cm"
	some key, _ in o.manifest.data
	is_string(key)
	startswith(key, "resource.customizations.ignoreDifferences.")
}

# The old form: one text with the settings of every kind.
old_settings(o) := {{"path": ["data", "resource.customizations"], "what": "ignoreDifferences in resource.customizations", "hides": ""} |
	o.kind == "ConfigMap"
	o.name == "argocd-cm"
	contains(lib.text(o.manifest, ["data", "resource.customizations"]), "ignoreDifferences:")
}

flux_releases(o) := {{"path": ["spec", "driftDetection", "ignore", i], "what": "driftDetection.ignore entry", "hides": hides(entry)} |
	o.kind == "HelmRelease"
	some i, entry in lib.list(o.manifest, ["spec", "driftDetection", "ignore"])
}

# Marks on an object that take it out of comparison.
marked(o) := {{"path": ["metadata", field, key], "what": sprintf("%s: %s", [key, value]), "hides": ""} |
	some field in ["annotations", "labels"]
	some key, word in {"argocd.argoproj.io/compare-options": "IgnoreExtraneous", "kustomize.toolkit.fluxcd.io/ssa": "Ignore"}
	value := lib.text(o.manifest, ["metadata", field, key])
	some option in split(value, ",")
	trim_space(option) == word
}
