# METADATA
# title: No wildcard permissions
# description: |-
#   A policy that allows "*" or a whole service gives whoever takes over one workload everything else. So does a role
#   that may pass or assume any role, a trust policy for everybody, and a basic role on a project or subscription.
#   Documents are read wherever they stand: as text, from jsonencode or a policy data source, and as far as they are
#   known before apply. Deny statements never count. The way past is a waiver.
# custom:
#   severity: critical
#   effects: {prod: deny, non-prod: deny}
#   unknownEffect: {prod: require-approval, non-prod: warn}
#   requires: security
#   over: {subject: resources}
#   scope: subject
#   params:
#     allowedActions: {type: array, default: [], description: "wildcard actions that are allowed, such as \"xray:*\""}
#   remediation: Name the actions and the resources that are needed; split what needs more into a role of its own.
#   language: hcl
#   before: |-
#     resource "aws_iam_policy" "deploy" {
#       name = "deploy"
#       policy = jsonencode({
#         Version = "2012-10-17"
#         Statement = [{
#           Effect   = "Allow"
#           Action   = "s3:*"
#           Resource = "*"
#         }]
#       })
#     }
#   after: |-
#     resource "aws_iam_policy" "deploy" {
#       name = "deploy"
#       policy = jsonencode({
#         Version = "2012-10-17"
#         Statement = [{
#           Effect   = "Allow"
#           Action   = ["s3:PutObject", "s3:GetObject"]
#           Resource = "arn:aws:s3:::releases/*"
#         }]
#       })
#     }
#   references:
#     - {title: "CIS AWS Foundations Benchmark 1.16", url: "https://www.cisecurity.org/benchmark/amazon_web_services"}
#     - {title: "NIST SP 800-53 AC-6", url: "https://csrc.nist.gov/pubs/sp/800/53/r5/upd1/final"}
#   waivable: "yes"
#   since: 0.1.0
package gate.rules.iac["iam-wildcard"]

import data.gate.lib
import data.gate.lib.iac
import data.gate.lib.iac_policy as policy

deny contains finding if {
	some entry in documents
	some st in policy.statements(entry.doc.value)
	policy.allows(st.s)
	some problem in problems(object.union(entry, {"kind": kind(entry, st.s)}), st.s)
	finding := {"subject": entry.r.id, "path": place(entry, st.p, problem.member), "msg": problem.msg}
}

deny contains finding if {
	some r in input.resources
	some row in data.iac_iam_values[r.type]
	iac.live(r)
	some f in iac.failures(r, row)
	msg := sprintf("%s %s grants %s", [iac.dotted(f.p), iac.quoted(f.v), row.say])
	finding := object.union({"subject": r.id, "path": f.p, "msg": msg}, iac.level(row))
}

deny contains finding if {
	some r in input.resources
	stands(r)
	r.type in {"google_project_iam_policy", "google_folder_iam_policy", "google_organization_iam_policy", "google_iam_policy"}
	some d in r.documents
	d.path == ["policy_data"]
	some i, binding in d.value.bindings
	binding.role in {"roles/owner", "roles/editor", "roles/viewer"}
	msg := sprintf("the policy binds the basic role %q", [binding.role])
	path := {"managed": ["policy_data", "bindings", i, "role"], "data": ["binding", i, "role"]}[r.mode]
	finding := {"subject": r.id, "path": path, "msg": msg}
}

# A service account that is looked up has no name yet.
deny contains finding if {
	some r in input.resources
	iac.live(r)
	some row in data.iac_iam_values[r.type]
	some member in ["member", "members"]
	row.path == [member]
	some ref in r.expressions[member].references
	regex.match(`^data\.google_(compute|app_engine)_default_service_account\.`, ref)
	finding := {"subject": r.id, "path": [member], "msg": sprintf("%s grants rights to a service account that every machine of a project uses by default", [member])}
}

# Without a plan the policy that a name leads to is not known, but some names are.
deny contains finding if {
	some r in input.resources
	r.mode == "data"
	r.type == "aws_iam_policy"
	r.after.name in {"AdministratorAccess", "IAMFullAccess", "PowerUserAccess"}
	finding := {"subject": r.id, "path": ["name"], "msg": sprintf("name %q leads to an AWS managed policy of nearly every permission", [r.after.name])}
}

unknown contains finding if {
	some r in input.resources
	some row in data.iac_iam_policies[r.type]
	iac.live(r)
	count(iac.documents(r, row)) == 0
	some n in iac.nodes(r.after, row.path)
	iac.hidden(r, n)
	msg := sprintf("%s %s: what it allows cannot be told", [iac.dotted(n.p), iac.untold(r, n.p)])
	finding := {"subject": r.id, "path": n.p, "msg": msg, "cause": "computed"}
}

# A text that nobody can read is judged by nobody.
unknown contains finding if {
	some r in input.resources
	some row in data.iac_iam_policies[r.type]
	iac.live(r)
	some n in iac.nodes(r.after, row.path)
	is_string(n.v)
	trim_space(n.v) != ""
	r.expressions[n.p[0]] # written by somebody, not read from the cloud
	count([d | some d in r.documents; d.path == n.p]) == 0
	msg := sprintf("%s is no JSON document: what it allows cannot be told", [iac.dotted(n.p)])
	finding := {"subject": r.id, "path": n.p, "msg": msg, "cause": "unavailable"}
}

unknown contains finding if {
	some entry in documents
	some at in policy.untold_statements(entry.doc.value)
	msg := sprintf("a statement %s: what the policy allows cannot be told", [iac.untold(entry.r, entry.doc.path)])
	finding := {"subject": entry.r.id, "path": array.concat(entry.doc.path, at), "msg": msg, "cause": "computed"}
}

unknown contains finding if {
	some entry in documents
	some st in policy.statements(entry.doc.value)
	policy.may_allow(st.s)
	some action in policy.members(st.s, "Action")
	undecided(action)
	path := place(entry, st.p, "Action")
	msg := sprintf("an action %s: what the policy allows cannot be told", [iac.untold(entry.r, entry.doc.path)])
	finding := {"subject": entry.r.id, "path": path, "msg": msg, "cause": "computed"}
}

# Whether a statement grants at all may hang on something that is not known.
unknown contains finding if {
	some entry in documents
	some st in policy.statements(entry.doc.value)
	policy.may_allow(st.s)
	not policy.allows(st.s)
	some problem in problems(object.union(entry, {"kind": kind(entry, st.s)}), object.union(st.s, {"Effect": "Allow"}))
	msg := sprintf("an effect %s: whether the policy %s cannot be told", [iac.untold(entry.r, entry.doc.path), problem.msg])
	finding := {"subject": entry.r.id, "path": place(entry, st.p, problem.member), "msg": msg, "cause": "computed"}
}

unknown contains finding if {
	some r in input.resources
	some row in data.iac_iam_values[r.type]
	iac.live(r)
	not row.when
	not lists_identity(row)
	some p in iac.undetermined(r, row)
	msg := sprintf("%s %s: whether it grants %s cannot be told", [iac.dotted(p), iac.untold(r, p), row.say])
	finding := {"subject": r.id, "path": p, "msg": msg, "cause": "computed"}
}

# What is granted is known, but not to whom.
unknown contains finding if {
	some r in input.resources
	some row in data.iac_iam_values[r.type]
	iac.live(r)
	row.when
	not row.level
	some p in iac.undetermined(r, row)
	[e | some e in p; is_string(e)] != row.path
	msg := sprintf("%s %s: whether it grants %s cannot be told", [iac.dotted(p), iac.untold(r, p), row.say])
	finding := {"subject": r.id, "path": p, "msg": msg, "cause": "computed"}
}

# A computed policy ARN or role is one that this change creates, and is judged
# where it is created; a computed member is an identity that it creates.
lists_identity(row) if row.path[count(row.path) - 1] in {"member", "members", "policy_arn", "policy_arns", "managed_policy_arns", "managed_policy_arn", "role_definition_id", "role"}

documents contains entry if {
	some r in input.resources
	some row in data.iac_iam_policies[r.type]
	stands(r)
	some doc in iac.documents(r, row)
	entry := {"r": r, "row": row, "kind": row.kind, "doc": doc}
}

# stands is true for what exists after apply, and for a data source that
# carries a document: one to which nothing else here refers.
stands(r) if iac.live(r)

stands(r) if r.mode == "data"

# kind of the policy that a statement belongs to. A document that nothing here
# takes does not say what it is for: its statements do.
kind(entry, _) := entry.kind if entry.kind != "loose"

kind(entry, s) := "identity" if {
	entry.kind == "loose"
	not policy.member(s, "Principal")
	not policy.member(s, "NotPrincipal")
} else := "key" if {
	entry.kind == "loose"
	every action in policy.members(s, "Action") { startswith(lower(sprintf("%v", [action])), "kms:") }
} else := "resource" if entry.kind == "loose"

# place leads to the member of a statement.
place(entry, at, member) := array.concat(array.concat(entry.doc.path, at), [member]) if {
	entry.kind != "loose"
} else := [] if {
	some argument in ["source_policy_documents", "override_policy_documents"] # whose statements come first
	entry.r.after[argument]
} else := ["statement", at[1], arguments[member]]

arguments := {"Action": "actions", "NotAction": "not_actions", "Resource": "resources", "NotResource": "not_resources", "Principal": "principals"}

# problems of one statement, each with the member that it stands in.
problems(entry, s) := array.concat(array.concat(actions(entry, s), resources(entry, s)), principals(entry, s))

actions(entry, s) := [{"member": "Action", "msg": msg} |
	found := wildcard_actions(entry, s)
	count(found) > 0
	not key_of_account(entry, s)
	msg := sprintf("allows every action: %s%s", [concat(", ", sort({sprintf("%q", [a]) | some a in found})), everywhere(entry, s)])
] if not policy.member(s, "NotAction")

actions(_, s) := [{"member": "NotAction", "msg": msg}] if {
	policy.member(s, "NotAction")
	msg := sprintf("allows every action but %s", [concat(", ", sort({sprintf("%q", [a]) | some a in policy.members(s, "NotAction")}))])
}

everywhere(entry, s) := " on every resource" if {
	entry.kind == "identity"
	every_resource(s)
} else := ""

wildcard_actions(entry, s) := {a |
	some a in policy.members(s, "Action")
	is_string(a)
	wildcard(a)
	not a in lib.params(entry.r, "iac/iam-wildcard").allowedActions
}

# wildcard is true for "*" and for every action of a service.
wildcard(action) if regex.match(`^[*?]*\*[*?]*$`, action)

wildcard(action) if regex.match(`^[^:]+:\**$`, action)

undecided(action) if {
	is_string(action)
	startswith(action, policy.unknown_text)
}

undecided(action) if {
	is_string(action)
	contains(action, policy.unknown_text)
	endswith(action, ":<unknown>")
}

# The default policy of a key gives all of it to the account, whose own
# policies then decide.
key_of_account(entry, s) if {
	entry.kind == "key"
	ids := policy.principals(s)
	count(ids) > 0
	every id in ids { account(id) }
}

account(id) if regex.match(`^(arn:[^:]+:iam::[^:*]+:root|[0-9]{12})$`, id)

account(id) if contains(id, policy.unknown_text)

resources(entry, s) := [{"member": member, "msg": msg} |
	entry.kind == "identity" # in the policy of a resource it means the resource
	member := every_resource(s)
	count(wildcard_actions(entry, s)) == 0
	not limited_to_resources(s)
	found := [a | some a in reaching(s); not made(a, s)]
	count(found) > 0
	msg := sprintf("allows %s on every resource%s", [concat(", ", sort({sprintf("%q", [a]) | some a in found})), called(s)])
]

every_resource(s) := "Resource" if {
	some resource in policy.members(s, "Resource")
	every_one(resource)
} else := "NotResource" if {
	policy.member(s, "NotResource")
}

every_one(resource) if everything(resource)

every_one(resource) if every_of_type(resource)

everything(resource) if {
	is_string(resource)
	regex.match(`^(\*+|arn:\*|arn:(aws[a-z-]*|\*):\*(:\*)*)$`, resource)
}

# Every resource of a service, or of one of its types: an account and a region
# in front of it leave all that a policy can reach.
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html
every_of_type(resource) if {
	is_string(resource)
	regex.match(`^arn:[^:]*:[^:]+:[^:]*:[^:]*:\*+([/:]\*+)*$`, resource)
}

every_of_type(resource) if {
	is_string(resource)
	parts := regex.find_all_string_submatch_n(`^arn:[^:]*:([^:]+):[^:]*:[^:]*:([A-Za-z-]+)[/:]\*+([/:]\*+)*$`, resource, 1)
	parts[0][2] in data.iac_iam_types[parts[0][1]]
}

# called names what is meant by every resource where it is not "*".
called(s) := sprintf(": %s", [concat(", ", [sprintf("%q", [name]) | some name in names])]) if {
	not policy.member(s, "NotResource")
	every resource in policy.members(s, "Resource") { not everything(resource) }
	names := sort({resource | some resource in policy.members(s, "Resource"); every_of_type(resource)})
} else := ""

# made is true where the pattern is of what the action itself creates: it has no
# name that a policy could say.
made(action, s) if {
	lower(action) == "ec2:runinstances"
	not policy.member(s, "NotResource")
	every resource in policy.members(s, "Resource") { not everything(resource) }
}

# reaching are the actions of a statement that can be limited to a resource,
# wildcards inside a service included.
reaching(s) := {a |
	some a in policy.members(s, "Action")
	is_string(a)
	covers(lower(a))
}

covers(action) if {
	not contains(action, "*")
	not contains(action, "?")
	action in sensitive
}

covers(action) if {
	regex.match(`[*?]`, action)
	not contains(action, policy.unknown_text)
	some name in sensitive
	glob.match(action, [], name)
}

sensitive contains name if some name in data.iac_iam_actions

# A condition on the caller, or on what the statement reaches, limits it.
limited_to_resources(s) if policy.restricted(s)

limited_to_resources(s) if {
	some operator, tests in policy.member(s, "Condition")
	is_object(tests)
	some key, values in tests
	policy.decides(s, operator, key)
	about(lower(key))
	every v in policy.list(values) { not anything(v) }
}

# Only what has a tag, whatever it says.
limited_to_resources(s) if {
	some operator, tests in policy.member(s, "Condition")
	some key, _ in tests
	tagged(s, operator, key)
	regex.match(tag, key)
}

tagged(s, operator, key) if policy.decides(s, operator, key)

tagged(s, _, key) if policy.demanded(s, key)

tag := `(?i)^[a-z0-9-]+:(resourcetag|requesttag|principaltag|existingobjecttag|requestobjecttag)/.`

# about is true for a condition key about what an action reaches.
about(key) if policy.base(key) in data.iac_iam_limits

about(key) if startswith(key, "kms:encryptioncontext:")

anything(v) if {
	is_string(v)
	regex.match(`^[*?]+(\.amazonaws\.com)?$`, v)
}

principals(entry, s) := [{"member": "Principal", "msg": "lets everybody in: the principal is \"*\" and no condition limits it"} |
	entry.kind in {"resource", "trust", "key"}
	policy.anybody(s)
	not policy.restricted(s)
	not enclosed(entry, s)
	not inside(entry)
]

enclosed(entry, s) if policy.enclosed(entry.doc.value, s)

# inside is true for the policy of what is reached from a network alone.
inside(entry) if iac.settled(entry.r, entry.row, entry.row.path)
