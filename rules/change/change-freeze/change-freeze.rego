# METADATA
# title: No change inside a freeze
# description: |-
#   A freeze protects a time in which nobody could mend what breaks, or in which a breakage costs most: the end of a
#   year, a sale, a migration. Automation does not read the calendar; the configured freeze does, and it is judged at the
#   time of this run and again when the decision is verified before the apply.
# custom:
#   severity: medium
#   effects: {prod: require-approval, non-prod: "off"}
#   over: {subject: environments}
#   scope: subject
#   needs: []
#   params: {}
#   requires: release
#   remediation: Wait until the freeze is over, or ask somebody of the role release (roles of .gate.yaml on the target branch name them) to approve the latest commit.
#   language: yaml
#   before: |-
#     freezes:
#       - {environment: prod, from: 2026-12-20T00:00:00Z, to: 2027-01-04T00:00:00Z, reason: "end of the year"}
#     # and a change to prod on 2026-12-24
#   after: |-
#     freezes:
#       - {environment: prod, from: 2026-12-20T00:00:00Z, to: 2027-01-04T00:00:00Z, reason: "end of the year"}
#     # and the change waits until 2027-01-04
#   references:
#     - {title: "Google SRE workbook: canarying releases and change windows", url: "https://sre.google/workbook/canarying-releases/"}
#     - {title: "ITIL 4 change enablement: change schedule", url: "https://www.axelos.com/resource-hub/practice/change-enablement-itil-4-practice-guide"}
#   waivable: "approval"
#   since: 0.1.0
package gate.rules.change["change-freeze"]

deny contains finding if {
	some environment in input.environments
	environment.changed
	now := time.parse_rfc3339_ns(input.now)
	some i, freeze in environment.freezes
	time.parse_rfc3339_ns(freeze.from) <= now
	now < time.parse_rfc3339_ns(freeze.to)
	finding := {
		"subject": environment.id,
		"path": ["freezes", i],
		"msg": sprintf("%q is frozen from %s to %s (%s)", [environment.name, freeze.from, freeze.to, freeze.reason]),
	}
}
