# METADATA
# title: Emergency carries its incident
# description: |-
#   An emergency label buys speed: fewer eyes, fewer waits. What it is paid with is the incident that made it necessary;
#   without the reference nobody can tell later an outage from a deadline, and the label becomes the fast lane.
#   The reference stands in the description behind "Incident:" or in a label; examples in HTML comments and code blocks
#   of a template do not count.
# custom:
#   severity: high
#   effects: {prod: deny, non-prod: deny}
#   over: {subject: change}
#   scope: subject
#   needs: [pull-request]
#   params:
#     labels: {type: array, default: [emergency, break-glass, hotfix, "change::emergency"], collects: emergency-labels, description: "labels that declare an emergency, in any case"}
#     branches: {type: array, default: ["hotfix/**", "emergency/**", "break-glass/**"], description: "globs of branches that look like an emergency and should carry a label"}
#     reference: {type: string, default: "[A-Z][A-Z0-9]+-[0-9]+", description: "regular expression of an incident's reference, as a whole"}
#   remediation: Open the incident and write "Incident" with its reference into the description of the pull request, or take the emergency label away.
#   language: text
#   before: |-
#     Restore the payment limits
#     Labels: emergency
#
#     Limits were lowered by mistake.
#   after: |-
#     Restore the payment limits
#     Labels: emergency
#
#     Limits were lowered by mistake.
#     Incident: INC-4711
#   references:
#     - {title: "NIST SP 800-53 rev. 5, CM-3 configuration change control", url: "https://csrc.nist.gov/projects/cprt/catalog#/cprt/framework/version/SP_800_53_5_1_1/home?element=CM-3"}
#     - {title: "ISO/IEC 20000-1: emergency changes", url: "https://www.iso.org/standard/70636.html"}
#   waivable: "approval"
#   since: 0.1.0
package gate.rules.repository["emergency-incident"]

import data.gate.lib
import data.gate.lib.incident

params := lib.params(input.change, "repository/emergency-incident")

declared := incident.emergency_labels(input.change, object.get(params, "labels", []))

deny contains finding if {
	count(declared) > 0
	form := params.reference
	pull := input.change.pullRequest
	count(incident.in_text(pull.body, form) | incident.in_labels(pull.labels, form)) == 0
	finding := {
		"subject": input.change.id,
		"path": ["pullRequest", "body"],
		"msg": sprintf("label %q declares an emergency, but neither description nor labels name an incident; expected a line \"Incident: <reference>\" of the form %q", [sort(declared)[0], form]),
	}
}

# The other way round: an emergency that nobody declares is not looked at
# afterwards.
deny contains finding if {
	count(declared) == 0
	branch := input.change.pullRequest.head
	some pattern in object.get(params, "branches", [])
	glob.match(pattern, ["/"], branch)
	finding := {
		"subject": input.change.id,
		"path": ["pullRequest", "labels"],
		"level": "warn",
		"msg": sprintf("branch %q looks like an emergency, but no label declares one; expected one of %s", [branch, concat(", ", [sprintf("%q", [l]) | some l in params.labels])]),
	}
}
