# METADATA
# title: Plan and apply are different identities, and neither is an administrator
# description: |-
#   A plan runs the code of a pull request. If it runs as the role that applies, whoever opens a pull request holds the
#   keys of production; the same goes for one role for every environment, and for a pipeline that is an administrator.
# custom:
#   severity: high
#   effects: {prod: deny, non-prod: warn}
#   over: {subject: repository}
#   scope: tree
#   params:
#     plan: {type: string, default: "(?i)plan|preview|validate|check", description: "names of jobs that plan"}
#     apply: {type: string, default: "(?i)apply|deploy|release|destroy", description: "names of jobs that apply"}
#   remediation: Give plan jobs a role that reads, apply jobs one of their own for each environment, and name the actions that they need.
#   language: yaml
#   before: |-
#     jobs:
#       plan:
#         steps:
#           - uses: aws-actions/configure-aws-credentials@v4
#             with: {role-to-assume: "arn:aws:iam::111122223333:role/terraform"}
#       apply:
#         steps:
#           - uses: aws-actions/configure-aws-credentials@v4
#             with: {role-to-assume: "arn:aws:iam::111122223333:role/terraform"}
#   after: |-
#     jobs:
#       plan:
#         steps:
#           - uses: aws-actions/configure-aws-credentials@v4
#             with: {role-to-assume: "arn:aws:iam::111122223333:role/terraform-plan"}
#       apply:
#         steps:
#           - uses: aws-actions/configure-aws-credentials@v4
#             with: {role-to-assume: "arn:aws:iam::111122223333:role/terraform-apply"}
#   references:
#     - {title: "NIST SP 800-53 AC-5, AC-6", url: "https://csrc.nist.gov/pubs/sp/800/53/r5/upd1/final"}
#   waivable: "yes"
#   since: 0.1.0
package gate.rules.iac["apply-identity"]

import data.gate.lib
import data.gate.lib.iac
import data.gate.lib.iac_policy as policy

deny contains finding if {
	some a in assumed
	some b in assumed
	a.identity == b.identity
	plans(a)
	not applies(a)
	applies(b)
	msg := sprintf("job %q applies as %q, which job %q also plans as", [b.job, b.identity, a.job])
	finding := {"subject": b.subject, "path": b.path, "msg": msg}
}

# Jobs for production and for something else.
deny contains finding if {
	some a in assumed
	some b in assumed
	a.identity == b.identity
	some x in a.environments
	some y in b.environments
	production(x)
	not production(y)
	msg := sprintf("job %q uses %q for environment %q, which is also the identity of %q", [a.job, a.identity, x, y])
	finding := {"subject": a.subject, "path": a.path, "msg": msg}
}

# A role that CI may assume, with the rights of an administrator.
deny contains finding if {
	some r in input.resources
	iac.live(r)
	r.type == "aws_iam_role"
	trusted_by_ci(r)
	some reason in administrator(r)
	finding := {"subject": r.id, "path": [], "msg": sprintf("a pipeline may assume %q, which is an administrator by %s", [r.address, reason])}
}

# assumed lists where a job takes an identity.
assumed contains use if {
	some w in input.workflows
	some e in w.entries
	e.kind == "with"
	is_identity(e)
	not contains(e.value, "${{")
	use := {"subject": w.id, "path": e.path, "job": e.job, "identity": e.value, "environments": environments(w, e.job)}
}

is_identity(e) if {
	startswith(e.uses, "aws-actions/configure-aws-credentials@")
	e.name == "role-to-assume"
}

is_identity(e) if {
	startswith(e.uses, "google-github-actions/auth@")
	e.name == "service_account"
}

is_identity(e) if {
	startswith(e.uses, "azure/login@")
	e.name == "client-id"
}

environments(w, job) := {name | some name in [environment_name(w.document.jobs[job].environment)]; is_string(name)} if w.document.jobs[job].environment

environments(w, job) := set() if not w.document.jobs[job].environment

environment_name(v) := v if is_string(v)

environment_name(v) := object.get(v, "name", null) if is_object(v)

production(name) if {
	some env in input.environments
	env.name == name
	env.class == "prod"
}

production(name) if {
	count(input.environments) == 0
	regex.match(`(?i)^prod(uction)?$`, name)
}

plans(use) if regex.match(lib.params(input.repository, "iac/apply-identity").plan, use.job)

applies(use) if regex.match(lib.params(input.repository, "iac/apply-identity").apply, use.job)

trusted_by_ci(r) if {
	some d in r.documents
	d.path == ["assume_role_policy"]
	some st in policy.statements(d.value)
	policy.allows(st.s)
	regex.match(`token\.actions\.githubusercontent\.com|gitlab|circleci|buildkite|app\.terraform\.io`, json.marshal(st.s))
}

administrator(r) := attached(r) | inline(r)

attached(r) := {sprintf("the policy %q", [arn]) |
	some list in [[c.after.policy_arn | some c in r.companions; c.type == "aws_iam_role_policy_attachment"], iac.scalars(object.get(r.after, "managed_policy_arns", null))]
	some arn in list
	is_string(arn)
	regex.match(`:aws:policy/(AdministratorAccess|IAMFullAccess|PowerUserAccess)$`, arn)
}

inline(r) := {"an inline policy that allows everything" |
	some d in array.concat(r.documents, [doc | some c in r.companions; c.type == "aws_iam_role_policy"; is_string(c.after.policy); json.is_valid(c.after.policy); doc := {"path": ["policy"], "value": json.unmarshal(c.after.policy)}])
	d.path != ["assume_role_policy"]
	some st in policy.statements(d.value)
	policy.allows(st.s)
	some action in policy.members(st.s, "Action")
	action in {"*", "*:*", "iam:*"}
}
