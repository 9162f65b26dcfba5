# METADATA
# title: Resources carry the required tags
# description: |-
#   A resource that says neither whose it is nor where it belongs cannot be paid for, called about or cleaned up. Which
#   tags and labels say it is each organisation's own: the rule asks for those of its parameter required, on every
#   resource type that can carry them, and for none before some are named. The default tags of the provider count.
# custom:
#   severity: low
#   effects: {prod: deny, non-prod: warn}
#   over: {subject: resources}
#   scope: subject
#   params:
#     required: {type: object, default: {}, description: "tag or label -> regular expression that its value must match, empty: any value; such as {owner: \"\", environment: \"\"}"}
#     ignoreCase: {type: boolean, default: true, description: "whether Owner counts as owner"}
#     exemptTypes: {type: array, default: [], description: "resource types that need no tags (globs)"}
#   remediation: Add the tags to the resource, or to default_tags (default_labels) of the provider for all of them.
#   language: hcl
#   before: |-
#     resource "aws_s3_bucket" "reports" {
#       bucket = "reports"
#     }
#   after: |-
#     resource "aws_s3_bucket" "reports" {
#       bucket = "reports"
#       tags = {
#         owner       = "finance"
#         environment = "prod"
#       }
#     }
#   references:
#     - {title: "Terraform: default_tags", url: "https://developer.hashicorp.com/terraform/tutorials/aws/aws-default-tags"}
#     - {title: "NIST SP 800-53 CM-8", url: "https://csrc.nist.gov/pubs/sp/800/53/r5/upd1/final"}
#   waivable: "yes"
#   since: 0.1.0
package gate.rules.iac["required-tags"]

import data.gate.lib
import data.gate.lib.iac

deny contains finding if {
	some r in input.resources
	attribute := judged(r)
	missing := lacking(r)
	count(missing) > 0
	not undecided(r, attribute)
	msg := sprintf("%s misses %s", [attribute, quoted(missing)])
	finding := {"subject": r.id, "path": [attribute], "msg": msg}
}

deny contains finding if {
	some r in input.resources
	attribute := judged(r)
	params := lib.params(r, "iac/required-tags")
	some name, pattern in params.required
	pattern != ""
	some member in members
	some key, value in r.after[member]
	fold(params, key) == fold(params, name)
	is_string(value)
	not regex.match(pattern, value)
	msg := sprintf("%s %q is %q, expected a value that matches %q", [attribute, key, value, pattern])
	finding := {"subject": r.id, "path": [attribute, key], "msg": msg}
}

unknown contains finding if {
	some r in input.resources
	attribute := judged(r)
	undecided(r, attribute)
	missing := lacking(r)
	count(missing) > 0
	msg := sprintf("%s %s: whether it has %s cannot be told", [attribute, iac.untold(r, [attribute]), quoted(missing)])
	finding := {"subject": r.id, "path": [attribute], "msg": msg, "cause": "computed"}
}

judged(r) := attribute if {
	attribute := data.iac_taggable[r.type]
	iac.live(r)
	iac.told(r, [attribute])
	not lib.matches_any(lib.params(r, "iac/required-tags").exemptTypes, r.type, [])
}

# undecided is true if all tags come from something that apply computes.
undecided(r, attribute) if {
	not is_object(object.get(r.after, attribute, null))
	iac.deferred(r, [attribute])
}

# lacking are the required tags that a resource does not have.
lacking(r) := [name |
	params := lib.params(r, "iac/required-tags")
	given := {fold(params, key) | some key in r.tags}
	some name, _ in params.required
	not fold(params, name) in given
]

quoted(names) := concat(", ", [sprintf("%q", [n]) | some n in names])

fold(params, key) := lower(key) if params.ignoreCase == true else := key

# The attributes that tags stand in, a plan's merged ones included.
members := ["tags", "tags_all", "labels", "resource_labels", "user_labels", "effective_labels", "terraform_labels"]
