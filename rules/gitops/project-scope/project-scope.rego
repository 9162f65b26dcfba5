# METADATA
# title: Argo CD project is limited
# description: |-
#   A project is the only thing that keeps one team's application from deploying another repository, to another
#   cluster or with other cluster-wide objects. With "*" it keeps nothing, and the project "default" allows all of it
#   unless somebody has changed it.
# custom:
#   severity: high
#   effects: {prod: deny, non-prod: warn}
#   over: {subject: objects, kinds: [AppProject, Application, ApplicationSet]}
#   scope: subject
#   params: {}
#   remediation: Name the repositories, destinations and cluster-wide kinds that the project needs, and put each application into such a project.
#   language: yaml
#   before: |-
#     apiVersion: argoproj.io/v1alpha1
#     kind: AppProject
#     metadata: {name: payments, namespace: argocd}
#     spec:
#       sourceRepos: ["*"]
#       destinations:
#         - {server: https://kubernetes.default.svc, namespace: payments}
#   after: |-
#     apiVersion: argoproj.io/v1alpha1
#     kind: AppProject
#     metadata: {name: payments, namespace: argocd}
#     spec:
#       sourceRepos: ["https://github.com/example/payments"]
#       destinations:
#         - {server: https://kubernetes.default.svc, namespace: payments}
#   references:
#     - {title: "Argo CD: projects", url: "https://argo-cd.readthedocs.io/en/stable/user-guide/projects/"}
#   waivable: "yes"
#   since: 0.1.0
package gate.rules.gitops["project-scope"]

import data.gate.lib

deny contains finding if {
	some o in input.objects
	o.group == "argoproj.io"
	o.kind == "AppProject"
	some wide in too_wide(o.manifest.spec)
	finding := {
		"subject": o.id,
		"path": array.concat(["spec"], wide.path),
		"msg": sprintf("project %q allows %s", [o.name, wide.what]),
	}
}

deny contains finding if {
	some o in input.objects
	o.group == "argoproj.io"
	path := application_spec[o.kind]
	project := lib.text(o.manifest, array.concat(path, ["project"]))
	project in {"", "default"}
	finding := {
		"subject": o.id,
		"path": array.concat(path, ["project"]),
		"msg": sprintf("%s %q belongs to the project \"default\"; want a project that limits it", [lower(o.kind), o.name]),
	}
}

application_spec := {"Application": ["spec"], "ApplicationSet": ["spec", "template", "spec"]}

too_wide(spec) := repositories(spec) | destinations(spec) | cluster_resources(spec)

repositories(spec) := {{"path": ["sourceRepos", i], "what": sprintf("every source repository (%q)", [repository])} |
	some i, repository in spec.sourceRepos
	lib.everything(repository)
}

# Each of what is wide is found once, at the first destination that is.
destinations(spec) := {{"path": ["destinations", first[0], first[1]], "what": sprintf("every %s as destination (%q)", [what, spec.destinations[first[0]][first[1]]])} |
	some what, keys in {"cluster": {"server", "name"}, "namespace": {"namespace"}}
	first := min({[i, key] | some i, destination in spec.destinations; some key in keys; lib.everything(destination[key])})
}

cluster_resources(spec) := {{"path": ["clusterResourceWhitelist", i], "what": sprintf("every cluster-wide kind%s (%q)", [of_group(entry), entry.kind])} |
	some i, entry in spec.clusterResourceWhitelist
	lib.everything(entry.kind)
}

of_group(entry) := "" if lib.everything(entry.group)

else := sprintf(" of group %q", [lib.text(entry, "group")])
