# METADATA
# title: A pipeline's identity is trusted for one repository and ref
# description: |-
#   A role that trusts a CI provider without naming audience, repository and branch or environment can be taken by any
#   pipeline of that provider: another repository, a fork's pull request, a stranger's account. What is trusted is the
#   subject of the token, exactly.
# custom:
#   severity: critical
#   effects: {prod: deny, non-prod: warn}
#   unknownEffect: {prod: warn, non-prod: warn}
#   over: {subject: resources}
#   scope: subject
#   params:
#     issuers: {type: array, default: [token.actions.githubusercontent.com, gitlab.com, app.terraform.io, agent.buildkite.com, oidc.circleci.com, "vstoken.dev.azure.com", api.bitbucket.org], description: "issuers that are CI providers, by a part of their address"}
#   remediation: "Test the audience and the whole subject by StringEquals, such as repo:acme/shop:environment:production or repo:acme/shop:ref:refs/heads/main."
#   language: hcl
#   before: |-
#     data "aws_iam_policy_document" "trust" {
#       statement {
#         actions = ["sts:AssumeRoleWithWebIdentity"]
#         principals {
#           type        = "Federated"
#           identifiers = ["arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com"]
#         }
#         condition {
#           test     = "StringLike"
#           variable = "token.actions.githubusercontent.com:sub"
#           values   = ["repo:acme/*"]
#         }
#       }
#     }
#     resource "aws_iam_role" "deploy" {
#       name               = "deploy"
#       assume_role_policy = data.aws_iam_policy_document.trust.json
#     }
#   after: |-
#     data "aws_iam_policy_document" "trust" {
#       statement {
#         actions = ["sts:AssumeRoleWithWebIdentity"]
#         principals {
#           type        = "Federated"
#           identifiers = ["arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com"]
#         }
#         condition {
#           test     = "StringEquals"
#           variable = "token.actions.githubusercontent.com:aud"
#           values   = ["sts.amazonaws.com"]
#         }
#         condition {
#           test     = "StringEquals"
#           variable = "token.actions.githubusercontent.com:sub"
#           values   = ["repo:acme/shop:environment:production"]
#         }
#       }
#     }
#     resource "aws_iam_role" "deploy" {
#       name               = "deploy"
#       assume_role_policy = data.aws_iam_policy_document.trust.json
#     }
#   references:
#     - {title: "GitHub: OpenID Connect in AWS", url: "https://docs.github.com/en/actions/how-tos/secure-your-work/security-harden-deployments/oidc-in-aws"}
#     - {title: "NIST SP 800-53 IA-9, AC-6", url: "https://csrc.nist.gov/pubs/sp/800/53/r5/upd1/final"}
#   waivable: "yes"
#   since: 0.1.0
package gate.rules.iac["oidc-trust-scope"]

import data.gate.lib
import data.gate.lib.iac
import data.gate.lib.iac_policy as policy

# AWS: the trust policy of a role.
deny contains finding if {
	some r in input.resources
	iac.live(r)
	r.type == "aws_iam_role"
	some d in r.documents
	d.path == ["assume_role_policy"]
	some st in policy.statements(d.value)
	policy.allows(st.s)
	some issuer in federated(r, st.s)
	some problem in problems(st.s)
	path := array.concat(array.concat(d.path, st.p), [problem.member])
	finding := {"subject": r.id, "path": path, "msg": sprintf("the trust of %s %s", [issuer, problem.msg])}
}

# The same in a document that nothing here takes.
deny contains finding if {
	some r in input.resources
	r.mode == "data"
	r.type == "aws_iam_policy_document"
	some d in r.documents
	d.path == ["json"]
	some st in policy.statements(d.value)
	policy.allows(st.s)
	some issuer in federated(r, st.s)
	some problem in problems(st.s)
	finding := {"subject": r.id, "path": ["statement", st.p[1]], "msg": sprintf("the trust of %s %s", [issuer, problem.msg])}
}

# Azure: a federated credential.
deny contains finding if {
	some r in input.resources
	iac.live(r)
	r.type in {"azurerm_federated_identity_credential", "azuread_application_federated_identity_credential", "azuread_application_flexible_federated_identity_credential"}
	some i in issuers(r)
	contains(object.get(r.after, "issuer", ""), i)
	some problem in azure(r)
	finding := {"subject": r.id, "path": [problem.member], "msg": sprintf("the trust of %s %s", [i, problem.msg])}
}

# Google Cloud: a provider of a workload identity pool, and who may be a
# service account.
deny contains finding if {
	some r in input.resources
	iac.live(r)
	r.type == "google_iam_workload_identity_pool_provider"
	some i in issuers(r)
	some oidc in r.after.oidc
	contains(object.get(oidc, "issuer_uri", ""), i)
	not limited(object.get(r.after, "attribute_condition", null))
	not iac.deferred(r, ["attribute_condition"])
	msg := sprintf("the trust of %s has no attribute_condition that names a repository or its owner", [i])
	finding := {"subject": r.id, "path": ["attribute_condition"], "msg": msg}
}

deny contains finding if {
	some r in input.resources
	iac.live(r)
	startswith(r.type, "google_service_account_iam_")
	some attribute in ["member", "members"]
	some n in iac.nodes(r.after, [attribute])
	some who in iac.scalars(n.v)
	regex.match(`^principalSet://.*/workloadIdentityPools/[^/]+/\*$`, who)
	finding := {"subject": r.id, "path": [attribute], "msg": sprintf("%q lets every identity of the pool be the service account", [who])}
}

unknown contains finding if {
	some r in input.resources
	iac.live(r)
	r.type == "aws_iam_role"
	some d in r.documents
	d.path == ["assume_role_policy"]
	some st in policy.statements(d.value)
	policy.may_allow(st.s)
	some issuer in federated(r, st.s)
	some t in tested(st.s, ":sub")
	contains(t.value, policy.unknown_text)
	path := array.concat(array.concat(d.path, st.p), ["Condition"])
	msg := sprintf("the subject that %s is trusted for %s", [issuer, iac.untold(r, d.path)])
	finding := {"subject": r.id, "path": path, "msg": msg, "cause": "computed"}
}

issuers(r) := lib.params(r, "iac/oidc-trust-scope").issuers

# federated are the CI issuers among a statement's principals. A provider that
# is known only after apply is told by the keys of its conditions.
federated(r, s) := {i |
	some i in issuers(r)
	some text in array.concat(policy.principals(s), condition_keys(s))
	contains(text, i)
}

condition_keys(s) := [key |
	some _, tests in policy.member(s, "Condition")
	some key, _ in tests
] if policy.member(s, "Condition")

condition_keys(s) := [] if not policy.member(s, "Condition")

problems(s) := array.concat(audience(s), subjects(s))

audience(s) := [] if {
	count(tested(s, ":aud")) > 0
} else := [{"member": "Condition", "msg": "names no audience (:aud)"}]

subjects(s) := [{"member": "Condition", "msg": "names no subject (:sub): any pipeline of the provider can take the role"}] if {
	count(tested(s, ":sub")) == 0
} else := [{"member": "Condition", "msg": sprintf("names %q, expected one repository with a branch or environment", [t.value])} |
	some t in tested(s, ":sub")
	loose(t)
]

# tested are the values of a condition key, with how they are compared.
tested(s, ending) := [{"value": v, "like": contains(lower(operator), "like"), "key": lower(key)} |
	some operator, tests in policy.member(s, "Condition")
	policy.narrows(operator)
	some key, values in tests
	endswith(lower(key), ending)
	some v in policy.list(values)
	is_string(v)
] if policy.member(s, "Condition")

tested(s, _) := [] if not policy.member(s, "Condition")

# loose is true for a subject that more than one branch or environment of one
# repository has.
loose(t) if {
	t.like
	regex.match(`[*?]`, t.value)
	not tail_only(t.value)
}

loose(t) if {
	not contains(t.value, "<unknown>")
	regex.match(`^repo:`, t.value)
	not regex.match(`:(ref:refs/(heads|tags)/|environment:|job_workflow_ref:)`, t.value)
}

loose(t) if regex.match(`:pull_request$`, t.value)

# GitHub's subjects begin with the repository, unless an organisation chose
# other claims: what begins with a workflow or an actor, anybody can name so.
loose(t) if {
	startswith(t.key, "token.actions.githubusercontent.com")
	not contains(t.value, "<unknown>")
	not regex.match(`^(repo|repository|repository_id|repository_owner_id|job_workflow_ref|enterprise|[*?])`, t.value)
}

loose(t) if {
	regex.match(`^project_path:`, t.value)
	not regex.match(`:ref:`, t.value)
}

# A wildcard is allowed within the name of a tag of one repository.
tail_only(value) if regex.match(`^repo:[^*?/]+/[^*?:]+:ref:refs/tags/[^*?]+\*$`, value)

azure(r) := array.concat(
	[{"member": "audience", "msg": "names no audience"} | a := object.get(r.after, "audience", object.get(r.after, "audiences", null)); iac.empty(a); not iac.deferred(r, ["audience"])],
	[{"member": "subject", "msg": sprintf("names %q, expected one repository with a branch or environment", [v])} |
		v := object.get(r.after, "subject", null)
		is_string(v)
		loose({"value": v, "like": true})
	],
)

limited(condition) if {
	is_string(condition)
	not regex.match(`\bsub["']?\]?\s*==\s*["']([^:"']*|repo:[^/"']*|(workflow|actor|ref|environment):[^"']*)["']`, condition)
	regex.match(`(repository|repository_id|repository_owner|repository_owner_id|project_path|namespace_path|project_id|namespace_id|sub|organization|workspace)["']?\]?\s*(==|in|\.startsWith|\.matches)`, condition)
}
