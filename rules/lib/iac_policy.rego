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

# restricting are the condition keys that tie a request to an owner: an
# account, an organisation, a network or a caller.
restricting := {
	"aws:sourcearn", "aws:sourceaccount", "aws:sourceorgid", "aws:sourceorgpaths", "aws:sourceowner", "aws:sourcevpc", "aws:sourcevpce",
	"aws:principalarn", "aws:principalaccount", "aws:principalorgid", "aws:principalorgpaths", "aws:userid", "aws:username",
	"aws:principalserviceNamesList", "aws:vpcsourceip", "kms:calleraccount", "kms:grantisforawsresource", "s3:dataaccesspointaccount",
	"s3:dataaccesspointarn", "s3:accesspointnetworkorigin", "lambda:functionurlauthtype", "sns:endpoint", "elasticfilesystem:accesspointarn",
	"elasticfilesystem:accessedviamounttarget", "saml:aud", "aws:resourceorgid", "cognito-identity.amazonaws.com:aud",
	"aws:federatedprovider", "aws:principaltag", "sts:externalid",
}

# restricted is true if a condition limits who may use the statement. A
# condition that everybody meets, or that is met when the key is missing, is none.
restricted(s) if {
	some operator, tests in member(s, "Condition")
	is_string(operator)
	narrows(operator)
	is_object(tests)
	some key, values in tests
	limiting(lower(key), list(values))
}

narrows(operator) if {
	op := lower(operator)
	not contains(op, "not")
	not endswith(op, "ifexists")
	not startswith(op, "forallvalues:")
	op != "null"
}

limiting(key, values) if {
	names := {lower(k) | some k in restricting}
	some name in names
	base(key) == name
	count(values) > 0
	every v in values { not any_value(v) }
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

any_value(v) if {
	is_string(v)
	regex.match(`^(arn:[*?:]*|[*?]*)$`, v)
}

# An ARN of every account, or of everything where ARNs have no account.
any_value(v) if {
	is_string(v)
	regex.match(`^arn:[^:]*:[^:]*:[^:]*:([*?]+(:.*)?|:[*?]+)$`, v)
}

# public lists the statements that let anybody in.
public(doc) := [st |
	some st in statements(doc)
	allows(st.s)
	anybody(st.s)
	not restricted(st.s)
]
