# METADATA
# title: Production change has an evidence id
# description: |-
#   Approval, apply result, analysis and post-check of one change are found again by one id that is known before anything
#   is applied. It is derived from repository, commit and target, so that it needs no register and cannot be chosen; a
#   change that has none (a tree outside of git, a repository without a remote) leaves proof that belongs to nothing.
#   The retention class says how long that proof is kept: standard, regulated or incident.
# custom:
#   severity: medium
#   effects: {prod: deny, non-prod: "off"}
#   over: {subject: evidence}
#   scope: subject
#   needs: []
#   params: {}
#   remediation: Judge the change in a clone of its repository, with a commit and a remote named origin, or hand in the event of the pull request.
#   language: text
#   before: |-
#     $ tar xf platform.tar && cd platform && gate check .
#   after: |-
#     $ git clone https://github.com/example/platform && cd platform && gate check .
#   references:
#     - {title: "SLSA: verification summary", url: "https://slsa.dev/spec/v1.1/verification_summary"}
#     - {title: "NIST SP 800-53 rev. 5, AU-10 non-repudiation", url: "https://csrc.nist.gov/projects/cprt/catalog#/cprt/framework/version/SP_800_53_5_1_1/home?element=AU-10"}
#   waivable: "yes"
#   since: 0.1.0
package gate.rules.evidence["evidence-id"]

deny contains finding if {
	some e in input.evidence
	e.evidenceId == ""
	finding := {
		"subject": e.id,
		"path": ["evidenceId"],
		"msg": sprintf("the change to %s has no evidence id: %s", [place(e), e.reason]),
	}
}

deny contains finding if {
	some e in input.evidence
	not e.retentionClass in {"standard", "regulated", "incident"}
	finding := {
		"subject": e.id,
		"path": ["retentionClass"],
		"msg": sprintf("the change to %s has the retention class %q; expected standard, regulated or incident", [place(e), e.retentionClass]),
	}
}

place(e) := sprintf("%q", [e.environment]) if e.target == ""

place(e) := sprintf("%q, target %q", [e.environment, e.target]) if e.target != ""
