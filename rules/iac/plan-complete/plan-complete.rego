# METADATA
# title: The plan shows the whole change
# description: |-
#   A plan that ended in an error looks like a small plan, one with -target leaves out what it was not asked for, and a
#   deferred change is planned later by somebody else. What such a plan does not show was judged by nobody.
# custom:
#   severity: high
#   effects: {prod: deny, non-prod: warn}
#   over: {subject: stacks}
#   scope: subject
#   drift: true
#   remediation: Plan again without errors and without -target, and judge that plan.
#   language: json
#   before: |-
#     {"format_version": "1.2", "terraform_version": "1.11.4", "resource_changes": [], "errored": true}
#   after: |-
#     {"format_version": "1.2", "terraform_version": "1.11.4", "resource_changes": [], "complete": true, "errored": false}
#   references:
#     - {title: "Terraform: JSON output format", url: "https://developer.hashicorp.com/terraform/internals/json-format"}
#   waivable: approval
#   since: 0.1.0
package gate.rules.iac["plan-complete"]

deny contains finding if {
	some s in input.terraform.stacks
	s.plan
	not whole(s)
	finding := {"subject": s.id, "path": [], "msg": message(s)}
}

whole(s) if {
	s.complete
	not s.errored
}

message(s) := concat("; ", s.problems) if {
	count(s.problems) > 0
} else := "the plan does not show the whole change"
