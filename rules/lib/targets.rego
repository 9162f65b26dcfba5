# Package gate.lib.targets compares what subjects reach with the targets of
# their environment.
package gate.lib.targets

# values are what the targets of a subject's environment say under a key; a
# subject without target reaches all of them. It is undefined if they say
# nothing: then there is nothing to compare with.
values(subject, key) := found if {
	found := {t[key] |
		some e in input.environments
		e.name == subject.environment
		some t in e.targets
		subject.target in {"", t.name}
		t[key] != ""
	}
	count(found) > 0
}

# target is the one that a subject is known to reach: its own, or the only one
# of its environment.
target(subject) := subject.target if {
	subject.target != ""
} else := only if {
	some e in input.environments
	e.name == subject.environment
	count(e.targets) == 1
	only := e.targets[0].name
}

# account is where a resource is known to live: its target, or the one account
# of its stack, and the region where names are those of a region. Undefined:
# nothing tells.
account(r) := sprintf("%s/%s", [r.environment, target(r)]) if {
	r.environment != ""
} else := concat("/", [r.environment, account, region(s, r.type)]) if {
	r.environment != ""
	some s in input.terraform.stacks
	s.path == r.stack
	found := {a.account | some a in accounts(s)}
	count(found) == 1
	some account in found
}

region(s, type) := name if {
	regional(type)
	some p in s.providers
	p.module == ""
	p.alias == ""
	name := p.expressions.region.constant
}

region(_, type) := "" if not regional(type)

regional(type) if {
	startswith(type, "aws_")
	not regex.match(`^aws_(iam|route53)_`, type)
}

listed(set) := concat(" or ", [sprintf("%q", [x]) | some x in sort(set)])

# text is how the destination is written down.
text(d) := d.cluster if d.cluster != ""

text(d) := d.server if d.cluster == ""

# cluster is the cluster that a destination means: by the table of the
# configuration, by its name, or by the longest name of a cluster in its
# address. Undefined: nothing tells.
cluster(d, table) := table[text(d)] if {
	table[text(d)]
} else := d.cluster if {
	d.cluster != ""
} else := longest if {
	names := {c |
		some e in input.environments
		some t in e.targets
		c := t.cluster
		c != ""
		regex.match(sprintf(`(^|[^A-Za-z0-9])%s($|[^A-Za-z0-9])`, [quoted(c)]), d.server)
	}
	most := max({count(c) | some c in names})
	longest := [c | some c in names; count(c) == most][0]
}

quoted(text) := regex.replace(text, `[^A-Za-z0-9 -]`, `\$0`)

label(p) := p.name if p.alias == ""

label(p) := sprintf("%s.%s", [p.name, p.alias]) if p.alias != ""

# argument is where a provider says which account it works in.
argument := {"aws": "allowed_account_ids", "google": "project", "azurerm": "subscription_id"}

# accounts are those that a stack reaches: {account, by, subject, path}.
accounts(s) := (allowed(s) | assumed(s)) | (projects(s) | planned(s))

allowed(s) := {{"account": a, "by": "allowed_account_ids", "subject": s.id, "path": ["providers", label(p), "allowed_account_ids"]} |
	some p in s.providers
	some a in p.expressions.allowed_account_ids.constant
}

assumed(s) := {{"account": account, "by": "assume_role", "subject": s.id, "path": ["providers", label(p), "assume_role"]} |
	some p in s.providers
	some field in ["assume_role", "assume_role_with_web_identity"]
	some block in p.expressions[field]
	account := account_of(block.role_arn.constant)
}

projects(s) := {{"account": account, "by": field, "subject": s.id, "path": ["providers", label(p), field]} |
	some p in s.providers
	some field in ["project", "subscription_id"]
	account := p.expressions[field].constant
	is_string(account)
}

# One resource stands for all of its account. An ARN that several resources of a
# stack carry is not their own.
planned(s) := {{"account": account, "by": sprintf("ARN of %s", [first[0]]), "subject": first[1], "path": ["arn"]} |
	some account, list in arns[s.path]
	first := min(list)
}

arns[stack][account] contains [r.address, r.id] if {
	some [stack, arn], list in holders
	count(list) == 1
	account := account_of(arn)
	some r in list
}

holders[[r.stack, r.after.arn]] contains {"address": r.address, "id": r.id} if {
	some r in input.resources
	r.mode == "managed"
	startswith(r.after.arn, "arn:")
}

account_of(arn) := parts[4] if {
	startswith(arn, "arn:")
	parts := split(arn, ":")
	parts[4] != ""
	parts[4] != "aws"
}
