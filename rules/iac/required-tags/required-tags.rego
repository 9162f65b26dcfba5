# METADATA
# title: Resources carry the required tags
# description: |-
#   A resource that says neither whose it is nor where it belongs cannot be paid for, called about or cleaned up. Tags
#   and labels are required on every resource type that can carry them; the default tags of the provider count.
# custom:
#   severity: low
#   effects: {prod: deny, non-prod: warn}
#   over: {subject: resources}
#   scope: subject
#   params:
#     required: {type: object, default: {owner: "", environment: ""}, description: "tag or label -> regular expression that its value must match; empty: any value"}
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
	not undecided(r, attribute)
	missing := [name | some name in names(r); not has(r, name)]
	count(missing) > 0
	msg := sprintf("%s misses %s", [attribute, concat(", ", [sprintf("%q", [n]) | some n in missing])])
	finding := {"subject": r.id, "path": [attribute], "msg": msg}
}

deny contains finding if {
	some r in input.resources
	attribute := judged(r)
	some name, pattern in required(r)
	pattern != ""
	some tag in tags(r)
	same(r, tag.key, name)
	is_string(tag.value)
	not regex.match(pattern, tag.value)
	msg := sprintf("%s %q is %q, expected a value that matches %q", [attribute, tag.key, tag.value, pattern])
	finding := {"subject": r.id, "path": [attribute, tag.key], "msg": msg}
}

unknown contains finding if {
	some r in input.resources
	attribute := judged(r)
	undecided(r, attribute)
	some name in names(r)
	not has(r, name)
	msg := sprintf("%s is known only after apply: whether it has %q cannot be told", [attribute, name])
	finding := {"subject": r.id, "path": [attribute], "msg": msg, "cause": "computed"}
}

judged(r) := attribute if {
	iac.live(r)
	attribute := data.iac_taggable[r.type]
	not lib.matches_any(lib.params(r, "iac/required-tags").exemptTypes, r.type, [])
}

required(r) := lib.params(r, "iac/required-tags").required

names(r) := sort(object.keys(required(r)))

# undecided is true if all tags come from something that apply computes.
undecided(r, attribute) if {
	not is_object(r.after[attribute])
	iac.deferred(r, [attribute])
}

has(r, name) if {
	some tag in tags(r)
	same(r, tag.key, name)
	tag.value != ""
}

same(_, a, b) if a == b

same(r, a, b) if {
	lib.params(r, "iac/required-tags").ignoreCase == true
	lower(a) == lower(b)
}

# tags are those of the resource, of its provider and those that a plan shows as
# merged. A tag whose value is not known has the value null.
tags(r) := array.concat(array.concat(own(r), marked(r)), array.concat(inherited(r), blocks(r)))

own(r) := [{"key": key, "value": value} |
	some member in ["tags", "tags_all", "labels", "resource_labels", "user_labels", "effective_labels", "terraform_labels"]
	is_object(r.after[member])
	some key, value in r.after[member]
]

marked(r) := [{"key": key, "value": null} |
	some member in ["tags", "tags_all", "labels", "resource_labels", "user_labels"]
	is_object(r.unknown[member])
	some key, _ in r.unknown[member]
]

inherited(r) := [{"key": key, "value": value} |
	is_object(r.inheritedTags)
	some key, value in r.inheritedTags
]

# Auto scaling groups have a block for each tag.
blocks(r) := [{"key": tag.key, "value": object.get(tag, "value", null)} |
	is_array(r.after.tag)
	some tag in r.after.tag
	is_string(tag.key)
]
