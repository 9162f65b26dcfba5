# Package gate.lib.iac_policy reads AWS policy documents:
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
package gate.lib.iac_policy

# unknown_text stands in a document where a text is known only after apply.
unknown_text := "<unknown>"

# list returns a list as it is and one value as a list of it.
list(v) := v if is_array(v)

list(v) := [v] if {
	not is_array(v)
	v != null
}

list(v) := [] if v == null

# statements are the statements of a document, which may be one or many, each
# with its path inside the document.
statements(doc) := [{"p": ["Statement", i], "s": s} | some i, s in doc.Statement; is_object(s)] if is_array(doc.Statement)

statements(doc) := [{"p": ["Statement"], "s": doc.Statement}] if is_object(doc.Statement)

# untold_statements are the paths of what stands where statements stand, and is not
# known.
untold_statements(doc) := [array.concat(["Statement"], at) |
	walk(object.get(doc, "Statement", ""), [at, v])
	is_string(v)
	contains(v, unknown_text)
	every step in at {
		is_number(step)
	}
]

# member reads a member of a statement whatever case it is written in: IAM
# takes element names without regard to case.
member(s, name) := s[name] if {
	name in object.keys(s)
} else := v if {
	some key, v in s
	lower(key) == lower(name)
}

members(s, name) := list(member(s, name))

default members(_, _) := []

allows(s) if {
	effect := member(s, "Effect")
	is_string(effect)
	lower(effect) == "allow"
}

may_allow(s) if allows(s)

may_allow(s) if {
	effect := member(s, "Effect")
	is_string(effect)
	contains(effect, unknown_text)
}

# anybody is true if a statement's principal is everybody.
anybody(s) if member(s, "Principal") == "*"

anybody(s) if {
	principals := member(s, "Principal")
	is_array(principals) # as Alibaba Cloud writes it
	"*" in principals
}

anybody(s) if {
	principals := member(s, "Principal")
	is_object(principals)
	some kind, ids in principals
	kind in {"AWS", "*"}
	some id in list(ids)
	everybody(id)
}

anybody(s) if {
	member(s, "NotPrincipal")
	allows(s)
}

# principals lists the ids of a statement's principal, of every kind.
principals(s) := [id |
	p := member(s, "Principal")
	some id in principal_ids(p)
	is_string(id)
]

principal_ids(p) := [p] if is_string(p)

principal_ids(p) := [id | some ids in p; some id in list(ids)] if is_object(p)

everybody("*")

everybody(id) if {
	is_string(id)
	regex.match(`^arn:[^:]*:(iam|sts)::\*:`, id)
}

# callers are the condition keys that tie a request to an owner: an account, an
# organisation, a network or a caller, in lower case. From the global condition
# keys, https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html,
# and those of services,
# https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html.
# No owner is: who owns the resource (aws:ResourceOrgID, aws:ResourceAccount),
# through which service one asks (aws:CalledVia, aws:ViaAWSService), how
# (aws:SecureTransport, aws:MultiFactorAuthPresent), a header that the caller
# writes (aws:Referer, aws:UserAgent) and a private address, which every network
# has (aws:VpcSourceIp).
callers := {
	"aws:principalaccount", "aws:principalarn", "aws:principalorgid", "aws:principalorgpaths", "aws:principaltag",
	"aws:principalservicename", "aws:principalservicenameslist", "aws:userid", "aws:username", "aws:federatedprovider",
	"aws:sourceaccount", "aws:sourcearn", "aws:sourceorgid", "aws:sourceorgpaths", "aws:sourceowner",
	"aws:sourcevpc", "aws:sourcevpcarn", "aws:sourcevpce", "aws:vpceaccount", "aws:vpceorgid", "aws:vpceorgpaths",
	"aws:ec2instancesourcevpc", "aws:chatbotsourcearn",
	"cognito-identity.amazonaws.com:aud", "ec2:sourceinstancearn", "elasticfilesystem:accesspointarn", "identitystore:userid",
	"kms:calleraccount", "lambda:functionurlauthtype", "lambda:sourcefunctionarn", "s3:accesspointnetworkorigin",
	"s3:dataaccesspointaccount", "s3:dataaccesspointarn", "saml:aud", "sns:endpoint", "ssm:sourceinstancearn", "sts:externalid",
}

# flags are keys that tie a request to an owner by being true.
flags := {"aws:principalisawsservice", "kms:grantisforawsresource", "elasticfilesystem:accessedviamounttarget"}

# restricted is true if a condition limits who may use the statement. A
# condition that everybody meets, or that is met when the key is missing, is none.
restricted(s) if {
	some operator, tests in member(s, "Condition")
	is_object(tests)
	some key, values in tests
	decides(s, operator, key)
	limiting(lower(key), list(values))
}

# decides is true for a test that a request without the key fails. The operators
# ...IfExists and ForAllValues are met without it, unless Null demands the key:
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-single-vs-multi-valued-context-keys.html
decides(_, operator, _) if narrows(operator)

decides(s, operator, key) if {
	is_string(operator)
	regex.match(`(?i)^(forallvalues:|[^:]*:?[a-z]+ifexists$)`, operator)
	not negated(operator)
	demanded(s, key)
}

narrows(operator) if {
	is_string(operator)
	not negated(operator)
	op := lower(operator)
	not endswith(op, "ifexists")
	not startswith(op, "forallvalues:")
	op != "null"
}

negated(operator) if contains(lower(operator), "not")

# demanded is true if a statement holds only for requests that have the key.
demanded(s, key) if {
	some operator, tests in member(s, "Condition")
	lower(operator) == "null"
	some k, values in tests
	lower(k) == lower(key)
	some v in list(values)
	lower(sprintf("%v", [v])) == "false"
}

limiting(key, values) if {
	base(key) in callers
	count(values) > 0
	every v in values { not any_value(v) }
}

limiting(key, values) if {
	key in flags
	count(values) > 0
	every v in values { lower(sprintf("%v", [v])) == "true" }
}

# A network is a limit only if it is not the whole internet.
limiting("aws:sourceip", values) if {
	count(values) > 0
	every v in values { not v in {"0.0.0.0/0", "::/0", "0.0.0.0/1", "128.0.0.0/1"} }
}

# The keys of an identity provider name the one who asks: its subject.
limiting(key, values) if {
	some ending in [":sub", ":aud", ":amr", ":app_id"]
	endswith(key, ending)
	every v in values { not any_value(v) }
}

# base drops what follows a "/" in keys such as aws:PrincipalTag/team.
base(key) := split(key, "/")[0]

# any_value is true for what every owner can have: a pattern that begins with a
# wildcard, also behind the prefix that all ids have.
any_value(v) if {
	is_string(v)
	regex.match(`^(arn:[*?:]*$|[*?]|(o|r|ou|vpc|vpce)-[*?]|$)`, v)
}

# An ARN of every account, or of everything where ARNs have no account. Buckets
# need none: no two accounts have one of the same name.
any_value(v) if {
	is_string(v)
	regex.match(`^arn:[^:]*:[^:]*:[^:]*:([*?]+(:.*)?|:[*?]+)$`, v)
	not regex.match(`^arn:[^:]*:s3:[^:]*:[^:]*:[^*?/]+$`, v)
}

# enclosed is true for a statement that lets anybody in, all of which another one denies to
# whoever is outside of an owner or a network. A Deny goes before every Allow:
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
enclosed(doc, s) if {
	some other in statements(doc)
	denies(other.s)
	not member(other.s, "NotPrincipal")
	anybody(other.s)
	covered(s, other.s, "Action")
	covered(s, other.s, "Resource")
	outside(other.s)
}

denies(s) if {
	effect := member(s, "Effect")
	is_string(effect)
	lower(effect) == "deny"
}

# covered is true if each action, or resource, of a statement is one of another.
covered(s, other, name) if {
	not member(s, concat("", ["Not", name]))
	not member(other, concat("", ["Not", name]))
	every one in members(s, name) {
		some pattern in members(other, name)
		includes(lower(pattern), lower(one))
	}
}

includes(pattern, text) if pattern == text

includes(pattern, text) if {
	regex.match(`[*?]`, pattern)
	glob.match(pattern, [], text)
}

# outside is true for a statement about those alone who are not of an owner or network. A
# test that negates is met without the key as well; one of any value (ForAnyValue) is not.
outside(s) if {
	tests := [{"operator": operator, "key": lower(key), "values": list(values)} |
		some operator, by_key in member(s, "Condition")
		some key, values in by_key
	]
	count(tests) > 0
	every t in tests { excludes(t) }
}

excludes(t) if {
	negated(t.operator)
	not startswith(lower(t.operator), "foranyvalue:")
	limiting(t.key, t.values)
}

excludes(t) if {
	t.key in flags
	regex.match(`(?i)^bool(ifexists)?$`, t.operator)
	every v in t.values { lower(sprintf("%v", [v])) == "false" }
}

# public lists the statements that let anybody in.
public(doc) := [st |
	some st in statements(doc)
	allows(st.s)
	anybody(st.s)
	not restricted(st.s)
	not enclosed(doc, st.s)
]

# maybe_public lists the statements of which it is not known whether they let anybody
# in: because of their effect, or of a principal of which nothing is known.
maybe_public(doc) := [st |
	some st in statements(doc)
	may_allow(st.s)
	maybe_anybody(st.s)
	not restricted(st.s)
	not enclosed(doc, st.s)
]

maybe_anybody(s) if {
	principal := member(s, "Principal")
	is_string(principal)
	contains(principal, unknown_text)
}

maybe_anybody(s) if {
	not allows(s)
	anybody(s)
}
