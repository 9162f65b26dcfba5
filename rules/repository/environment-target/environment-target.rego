# METADATA
# title: The change reaches the targets of its environment
# description: |-
#   A folder that says staging and a destination, account or role that says production is how the wrong place gets
#   changed. Compared with the targets of the configuration: destinations of Argo CD and Flux objects with the clusters,
#   accounts and regions of provider blocks, roles and planned ARNs with the accounts. In production a destination or
#   account that cannot be told is found as well. A controller that applies to its own cluster is where its folder is.
# custom:
#   severity: high
#   effects: {prod: deny, non-prod: warn}
#   over: {subject: environments}
#   scope: tree
#   params:
#     clusters: {type: object, default: {}, description: "server URL, cluster name or kubeConfig secret of a controller -> cluster of the targets"}
#     accounts: {type: array, default: [], description: "further accounts that stacks of the environment reach, such as the one of shared DNS"}
#     regions: {type: array, default: [us-east-1, global], description: "further regions that stacks may reach, such as that of certificates"}
#   remediation: Correct the destination or the provider, or move it below the path of the environment that it is for; name the accounts with allowed_account_ids, and say in the parameter clusters which cluster a URL or secret stands for.
#   language: yaml
#   before: |-
#     # clusters/prod-eu/apps.yaml; the target of prod has the cluster prod-eu
#     spec:
#       destination: {name: staging-eu, namespace: web}
#   after: |-
#     spec:
#       destination: {name: prod-eu, namespace: web}
#   references:
#     - {title: "AWS provider: allowed_account_ids", url: "https://registry.terraform.io/providers/hashicorp/aws/latest/docs#allowed_account_ids-1"}
#     - {title: "Argo CD: declarative setup, clusters", url: "https://argo-cd.readthedocs.io/en/stable/operator-manual/declarative-setup/#clusters"}
#   waivable: approval
#   since: 0.1.0
package gate.rules.repository["environment-target"]

import data.gate.lib
import data.gate.lib.targets

id := "repository/environment-target"

deny contains finding if {
	some d in input.index.destinations
	want := targets.values(d, "cluster")
	not d.here
	not d.templated
	fault := destination(d, want)
	finding := {"subject": d.id, "path": d.path, "msg": sprintf("%s %q %s; want %s", [d.kind, d.name, fault, targets.listed(want)])}
}

destination(d, want) := sprintf("deploys to cluster %q", [cluster]) if {
	cluster := targets.cluster(d, lib.params(d, id).clusters)
	not cluster in want
} else := sprintf("deploys to %q, and nothing tells which cluster that is", [targets.text(d)]) if {
	d.class == "prod"
	not targets.cluster(d, lib.params(d, id).clusters)
}

# A destination that a generator fills in is not known here.
unknown contains finding if {
	some d in input.index.destinations
	count(targets.values(d, "cluster")) > 0
	d.templated
	finding := {"subject": d.id, "path": d.path, "cause": "computed", "msg": sprintf("%s %q deploys to %q, which a generator fills in", [d.kind, d.name, targets.text(d)])}
}

deny contains finding if {
	some s in input.terraform.stacks
	want := targets.values(s, "account")
	some a in targets.accounts(s)
	not a.account in want
	not a.account in lib.params(s, id).accounts
	finding := {"subject": a.subject, "path": a.path, "msg": sprintf("stack %q reaches account %q (%s); want %s", [s.path, a.account, a.by, targets.listed(want)])}
}

deny contains finding if {
	some s in input.terraform.stacks
	s.class == "prod"
	some p in s.providers
	p.module == ""
	p.alias == ""
	p.name in {"aws", "google", "azurerm"}
	count(targets.values(s, "account")) > 0
	count(targets.accounts(s)) == 0
	finding := {
		"subject": s.id,
		"path": ["providers", p.name],
		"msg": sprintf("nothing tells the account that stack %q reaches; want %s in provider %q", [s.path, targets.argument[p.name], p.name]),
	}
}

deny contains finding if {
	some s in input.terraform.stacks
	want := targets.values(s, "region")
	some p in s.providers
	region := p.expressions.region.constant
	not region in want
	not region in lib.params(s, id).regions
	label := targets.label(p)
	finding := {"subject": s.id, "path": ["providers", label, "region"], "msg": sprintf("provider %q of stack %q works in region %q; want %s", [label, s.path, region, targets.listed(want)])}
}
