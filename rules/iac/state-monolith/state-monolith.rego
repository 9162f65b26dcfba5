# METADATA
# title: One state holds one thing
# description: |-
#   A state that owns the network, the databases and the workloads puts all of them at stake with every change, makes
#   every plan slow and every lock long, and gives whoever deploys the smallest of them rights over the rest.
# custom:
#   severity: low
#   effects: {prod: warn, non-prod: "off"}
#   over: {subject: stacks}
#   scope: subject
#   params:
#     maxResources: {type: number, default: 300, description: "resources that one state may own"}
#     mixedFrom: {type: number, default: 40, description: "resources from which on a state must not mix network, data and workloads"}
#   remediation: Split the stack by lifecycle, with moved or removed and import blocks, and read across states by data sources.
#   language: text
#   before: |-
#     stacks/everything: 412 resources, network and data and workloads
#   after: |-
#     stacks/network: 60 resources
#     stacks/data: 35 resources
#     stacks/web: 120 resources
#   references:
#     - {title: "Terraform: recommended practices, workspace structure", url: "https://developer.hashicorp.com/terraform/cloud-docs/recommended-practices/part1"}
#   waivable: "yes"
#   since: 0.1.0
package gate.rules.iac["state-monolith"]

import data.gate.lib

deny contains finding if {
	some s in input.terraform.stacks
	n := owned(s)
	limit := lib.params(s, "iac/state-monolith").maxResources
	n > limit
	finding := {"subject": s.id, "path": ["size"], "msg": sprintf("the state owns %d resources, expected at most %v", [n, limit])}
}

deny contains finding if {
	some s in input.terraform.stacks
	n := owned(s)
	n >= lib.params(s, "iac/state-monolith").mixedFrom
	kinds := {lifecycles[type] | some type, _ in s.resourceCounts}
	count(kinds) == 3
	finding := {"subject": s.id, "path": ["lifecycles"], "msg": sprintf("the state of %d resources mixes data, network and workloads", [n])}
}

owned(s) := sum([n | some _, n in s.resourceCounts])

lifecycles[type] := "network" if {
	some type, c in data.iac_critical
	c.class in {"network", "dns"}
}

lifecycles[type] := "data" if {
	some type, c in data.iac_critical
	c.class in {"database", "object-store", "file-store", "stream"}
}

lifecycles[type] := "workloads" if {
	some type in [
		"aws_instance", "aws_autoscaling_group", "aws_ecs_service", "aws_lambda_function", "aws_apprunner_service", "aws_eks_node_group",
		"azurerm_linux_virtual_machine", "azurerm_windows_virtual_machine", "azurerm_linux_web_app", "azurerm_windows_web_app",
		"azurerm_linux_function_app", "azurerm_container_app", "google_compute_instance", "google_cloud_run_v2_service",
		"google_cloud_run_service", "google_cloudfunctions2_function", "kubernetes_deployment", "kubernetes_deployment_v1", "helm_release",
	]
}
