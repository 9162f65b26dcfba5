# METADATA
# title: The delivery controller has only the rights it needs
# description: |-
#   A controller that is cluster-admin applies whatever a team's repository says: any namespace, any role, any secret.
#   The rights of its service account, the limits of a project, and the account that a Flux object impersonates are what
#   stands between a merge in one team's folder and the whole cluster. Roles equal to cluster-admin count as well, put
#   together by aggregation too. If the Flux controllers in the tree impersonate a default account, or refuse references
#   to other namespaces, the objects need not say so. Where most of more than ten Flux objects of an environment name no
#   account, nothing tells tenants apart, and that is one finding. Where none names one and every Kustomization takes the
#   platform's own source, there is one tenant, and nothing to keep apart.
# custom:
#   severity: high
#   effects: {prod: deny, non-prod: warn}
#   over: {subject: objects, kinds: [ClusterRoleBinding, AppProject, Kustomization, HelmRelease]}
#   scope: subject
#   params:
#     controllers:
#       type: array
#       default: ["*/*argocd-application-controller", "*/*argocd-applicationset-controller", "*/*argocd-server", "*/argo-cd-*", "*/kustomize-controller", "*/helm-controller", "*/source-controller", "*/flux-operator", "*/tf-controller", "*/tofu-controller"]
#       description: "service accounts of controllers, as globs over namespace/name"
#     platformNamespaces: {type: array, default: [flux-system, argocd], description: "namespaces (globs) of the platform, where Flux objects may use the controller's own rights"}
#   remediation: Bind the controller to roles that name what it delivers, limit the project, and let each Flux object impersonate a service account of its tenant (serviceAccountName, or --default-service-account for the controllers).
#   language: yaml
#   before: |-
#     apiVersion: kustomize.toolkit.fluxcd.io/v1
#     kind: Kustomization
#     metadata: {name: web, namespace: team-web}
#     spec:
#       interval: 10m
#       prune: true
#       sourceRef: {kind: GitRepository, name: web}
#   after: |-
#     apiVersion: kustomize.toolkit.fluxcd.io/v1
#     kind: Kustomization
#     metadata: {name: web, namespace: team-web}
#     spec:
#       interval: 10m
#       prune: true
#       serviceAccountName: reconciler
#       sourceRef: {kind: GitRepository, name: web}
#   references:
#     - {title: "Flux: multi-tenancy lockdown", url: "https://fluxcd.io/flux/installation/configuration/multitenancy/"}
#     - {title: "Argo CD: projects", url: "https://argo-cd.readthedocs.io/en/stable/user-guide/projects/"}
#     - {title: "Argo CD: applications in any namespace", url: "https://argo-cd.readthedocs.io/en/stable/operator-manual/app-any-namespace/"}
#   waivable: approval
#   since: 0.1.0
package gate.rules.gitops["controller-privilege"]

import data.gate.lib
import data.gate.lib.place

id := "gitops/controller-privilege"

deny contains finding if {
	some o in input.objects
	o.kind in {"ClusterRoleBinding", "AppProject", "Kustomization", "HelmRelease"}
	some fault in (bindings(o) | projects(o)) | flux(o)
	finding := {"subject": o.id, "path": fault.path, "msg": sprintf("%s %q %s", [o.kind, o.name, fault.what])}
}

bindings(o) := {{"path": ["roleRef", "name"], "what": sprintf("gives the controller %q all rights, by role %q", [s.name, o.manifest.roleRef.name])} |
	o.kind == "ClusterRoleBinding"
	some rule in o.granted.rules
	all_rights(rule)
	some s in o.manifest.subjects
	s.kind == "ServiceAccount"
	lib.matches_any(lib.params(o, id).controllers, sprintf("%s/%s", [object.get(s, "namespace", ""), s.name]), ["/"])
}

all_rights(rule) if {
	every field in ["apiGroups", "resources", "verbs"] {
		"*" in rule[field]
	}
}

projects(o) := {{"path": ["spec", "sourceNamespaces", i], "what": sprintf("takes applications from every namespace (%q)", [namespace])} |
	argo_project(o)
	some i, namespace in o.manifest.spec.sourceNamespaces
	lib.everything(namespace)
} | {{"path": ["spec", "destinations", i, "namespace"], "what": "limits neither namespaces nor kinds"} |
	argo_project(o)
	count([1 | some field in ["namespaceResourceWhitelist", "namespaceResourceBlacklist"]; count(lib.list(o.manifest, ["spec", field])) > 0]) == 0
	some i, destination in o.manifest.spec.destinations
	lib.everything(destination.namespace)
}

argo_project(o) if {
	o.group == "argoproj.io"
	o.kind == "AppProject"
}

# A remote cluster has its own rights: those of the kubeConfig.
flux(o) := {{"path": ["spec", "serviceAccountName"], "what": "uses the controller's own rights; want serviceAccountName"} |
	own_rights(o)
	not o.delivery.noTenants
} | {{"path": array.concat(path, ["namespace"]), "what": sprintf("refers to %s %q of another namespace (%q)", [ref.kind, ref.name, ref.namespace])} |
	tenant(o)
	not o.delivery.noTenants
	not o.delivery.noCrossNamespace
	some path in [["spec", "sourceRef"], ["spec", "chart", "spec", "sourceRef"], ["spec", "chartRef"]]
	ref := object.get(o.manifest, path, {})
	not lib.text(ref, "namespace") in {"", o.namespace}
}

own_rights(o) if {
	tenant(o)
	not lib.has_value(o.manifest, ["spec", "serviceAccountName"])
	not o.manifest.spec.kubeConfig
	not o.delivery.defaultAccount
}

# Where most name no account, it is a decision about the controllers.
deny contains finding if {
	some o in input.objects
	o.delivery.noTenants
	own_rights(o)
	finding := {
		"subject": place.subject(o), "path": [],
		"msg": sprintf(
			"most Flux objects %s use the controllers' own rights; want --default-service-account and --no-cross-namespace-refs=true for the controllers, or serviceAccountName in each",
			[place.name(o)],
		),
	}
}

tenant(o) if {
	o.delivery
	not o.delivery.oneTenant
	o.group in {"kustomize.toolkit.fluxcd.io", "helm.toolkit.fluxcd.io"}
	not lib.matches_any(lib.params(o, id).platformNamespaces, o.namespace, ["/"])
}
