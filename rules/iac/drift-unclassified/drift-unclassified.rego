# METADATA
# title: Drift is explained before it is overwritten
# description: |-
#   What the plan finds changed outside of Terraform was changed by somebody: an attacker, an engineer in an emergency,
#   a controller, or a default of the provider. Applying undoes it. Each drift belongs to a class that the configuration
#   names with an owner and a reason; one that does not is taken for unauthorised.
# custom:
#   severity: high
#   effects: {prod: require-approval, non-prod: warn}
#   requires: platform
#   over: {subject: stacks}
#   scope: subject
#   drift: true
#   needs: [plan]
#   params:
#     classes: {type: array, default: [], configured: drift, description: "known drift, as the configuration lists it under drift: {class, match, owner, reason, reviewBy}; match is a glob over address or address.attribute"}
#   remediation: Find out who changed it. Take the change into the configuration, or add a class with owner, reason and review date to the configuration.
#   language: yaml
#   before: |-
#     drift: []
#   after: |-
#     drift:
#       - class: controller
#         match: "aws_autoscaling_group.*.desired_capacity"
#         owner: "@acme/platform"
#         reason: the cluster autoscaler sets it
#         reviewBy: 2027-06-30
#   references:
#     - {title: "Terraform: resource drift", url: "https://developer.hashicorp.com/terraform/tutorials/state/resource-drift"}
#     - {title: "NIST SP 800-53 CM-3, SI-7", url: "https://csrc.nist.gov/pubs/sp/800/53/r5/upd1/final"}
#   waivable: "yes"
#   since: 0.1.0
package gate.rules.iac["drift-unclassified"]

import data.gate.lib

deny contains finding if {
	some s in input.terraform.stacks
	some d in s.drift
	d.mode == "managed"
	changed := attributes(d)
	open := [a | some a in changed; not explained(s, d, a)]
	count(open) > 0
	finding := {"subject": s.id, "path": array.concat(["drift", d.address], steps(open[0])), "msg": message(d, open)}
}

# What drifted, by the classes that explain it: the summary of the run says so.
note contains {"subject": d.id, "path": [], "msg": concat(", ", known)} if {
	some s in input.terraform.stacks
	some d in s.drift
	d.mode == "managed"
	names := [class_of(s, d, a) | some a in attributes(d)]
	known := [n | some i, n in names; not n in array.slice(names, 0, i)]
}

class_of(s, d, attribute) := fitting(s, d, attribute)[0] if {
	count(fitting(s, d, attribute)) > 0
} else := "class unauthorised"

fitting(s, d, attribute) := [named(class) |
	some class in lib.params(s, "iac/drift-unclassified").classes
	class.class != "unauthorised"
	glob.match(class.match, [], candidate(d, attribute)[_])
	current(class)
]

named(class) := sprintf("class %s (%s)", [class.class, class.owner]) if {
	object.get(class, "owner", "") != ""
} else := sprintf("class %s", [class.class])

attributes(d) := [""] if {
	"delete" in d.actions
} else := d.change.paths if {
	count(d.change.paths) > 0
} else := [""]

# explained is true if a class that is still in date matches the resource or
# the attribute. A class "unauthorised" explains nothing.
explained(s, d, attribute) if {
	some class in lib.params(s, "iac/drift-unclassified").classes
	class.class != "unauthorised"
	glob.match(class.match, [], candidate(d, attribute)[_])
	current(class)
}

candidate(d, "") := [d.address]

candidate(d, attribute) := [d.address, sprintf("%s.%s", [d.address, attribute])] if attribute != ""

current(class) if object.get(class, "reviewBy", null) == null

current(class) if substring(class.reviewBy, 0, 10) >= substring(input.now, 0, 10)

message(d, open) := sprintf("%q was deleted outside of Terraform, and no class of drift explains it", [d.address]) if {
	open[0] == ""
	"delete" in d.actions
} else := sprintf("%q was changed outside of Terraform, and no class of drift explains it", [d.address]) if {
	open[0] == ""
} else := sprintf("%q was changed outside of Terraform: no class of drift explains %s", [d.address, concat(", ", open)])

steps("") := []

steps(attribute) := [split(split(attribute, ".")[0], "[")[0]] if attribute != ""
