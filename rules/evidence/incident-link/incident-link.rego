# METADATA
# title: Emergency change links its incident
# description: |-
#   The evidence of an emergency change is kept and read together with the incident: who knew what, when the change was
#   allowed to skip a step, whether it ended the outage. That only works if the change itself, label or not, names the
#   incident by a link or number that outlives the pull request.
#   A change is an emergency by its label, by the trailer "Emergency" of its commit, or by the name of its branch.
# custom:
#   severity: high
#   effects: {prod: deny, non-prod: deny}
#   over: {subject: change}
#   scope: subject
#   needs: []
#   params:
#     labels: {type: array, default: [emergency, break-glass, hotfix, "change::emergency"], description: "labels that declare an emergency, in any case"}
#     branches: {type: array, default: ["emergency/**", "break-glass/**"], description: "globs of branches that are an emergency"}
#     reference: {type: string, default: "[A-Z][A-Z0-9]+-[0-9]+|https://[^\\s/]+/[^\\s]+", description: "regular expression of an incident's link or number, as a whole"}
#   remediation: Name the incident behind "Incident" in the description of the pull request, or as trailer of the commit.
#   language: text
#   before: |-
#     Restore the payment limits
#
#     Emergency: yes
#   after: |-
#     Restore the payment limits
#
#     Emergency: yes
#     Incident: https://incidents.example.com/4711
#   references:
#     - {title: "NIST SP 800-61: incident response, documentation", url: "https://csrc.nist.gov/pubs/sp/800/61/r3/final"}
#     - {title: "git-interpret-trailers", url: "https://git-scm.com/docs/git-interpret-trailers"}
#   waivable: "approval"
#   since: 0.1.0
package gate.rules.evidence["incident-link"]

import data.gate.lib
import data.gate.lib.incident

params := lib.params(input.change, "evidence/incident-link")

deny contains finding if {
	some sign in signs
	sign == min(signs)
	count(links) == 0
	finding := {
		"subject": input.change.id,
		"path": ["incident"],
		"msg": sprintf("%s makes this an emergency change, but it links no incident; expected \"Incident: <link or number>\" in the description or as trailer of the commit", [sign]),
	}
}

signs contains sprintf("label %q", [label]) if {
	some label in incident.emergency_labels(input.change, object.get(params, "labels", []))
}

signs contains sprintf("trailer \"Emergency: %s\"", [value]) if {
	value := input.change.trailers.emergency
	not lower(value) in {"", "no", "false"}
}

signs contains sprintf("branch %q", [input.change.branch]) if {
	some pattern in object.get(params, "branches", [])
	glob.match(pattern, ["/"], input.change.branch)
}

links contains link if {
	pull := input.change.pullRequest
	some link in incident.in_text(pull.body, params.reference) | incident.in_labels(pull.labels, params.reference) | incident.in_text(pull.title, params.reference)
}

links contains link if {
	some key, value in input.change.trailers
	startswith(key, "incident")
	some link in incident.in_value(value, params.reference)
}
