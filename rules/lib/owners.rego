# Package gate.lib.owners finds who claims one thing. Claims of Kubernetes
# objects are joined before; those of Terraform stacks are joined here, by the
# table one_owner_identities.
package gate.lib.owners

import data.gate.lib.state
import data.gate.lib.targets

# others are the claims that have to go.
others(thing) := array.slice(thing.claims, 1, count(thing.claims)) if thing.what != "replicas"

others(thing) := [c | some c in thing.claims; c.tool == "render"] if thing.what == "replicas"

because(thing, claim) := sprintf("are set in Git and by %s", [short(other.id)]) if {
	thing.what == "replicas"
	some other in thing.claims
	other.tool != "render"
	claim.id != other.id
} else := sprintf("has a second owner: %s", [owner(thing.claims[0])]) if claim.by != thing.claims[0].by

else := "stands twice in one unit"

owner(claim) := claim.by if claim.tool == "render"

owner(claim) := short(claim.id) if claim.tool != "render"

# short is an id without the unit: group/Kind/namespace/name.
short(id) := sprintf("%s %q", [parts[1], concat("/", [p | some p in [parts[2], parts[3]]; p != ""])]) if {
	parts := split(split(id, "#")[1], "/")
	count(parts) == 4
} else := id

# resources are things of Terraform that more than one stack claims.
resources contains thing if {
	count(input.terraform.stacks) > 1
	some group, list in grouped
	count({c.stack | some c in list}) > 1
	sorted := sort([[c.stack, c.id] | some c in list])
	first := [c | some c in list; c.id == sorted[0][1]][0]
	thing := {"name": group[1], "claims": list, "first": first}
}

grouped[key] contains claim if {
	some r in input.resources
	r.mode == "managed"
	not r.variant # is the same resource with other values
	is_object(r.after)
	some i in identities(r)
	key := [i.scope, i.name]
	claim := {"id": r.id, "stack": r.stack, "path": i.path, "environment": r.environment}
}

grouped[["", name]] contains claim if {
	some s in input.terraform.stacks
	name := sprintf("state of backend %s", [state.identity(s)])
	claim := {"id": s.id, "stack": s.path, "path": ["backend"], "environment": s.environment}
}

identities(r) := {i |
	row := data.one_owner_identities[r.type]
	told(r, row)
	i := {"scope": scope(r, row.scope), "name": named_by(r, row), "path": [named(row)]}
} | {i |
	startswith(r.type, "aws_")
	not data.one_owner_identities[r.type]
	own_arn(r)
	i := {"scope": "", "name": sprintf("%s %q", [r.type, r.after.arn]), "path": ["arn"]}
} | {i |
	regex.match(`^(google|azurerm)_`, r.type)
	contains(r.after.id, "/")
	not data.one_owner_identities[r.type]
	i := {"scope": "", "name": sprintf("%s %q", [r.type, r.after.id]), "path": ["id"]}
}

# named_by is what a row of the table says of a resource. One that is known only
# after apply tells nothing.
named_by(r, row) := sprintf("%s %q", [object.get(row, "what", r.type), concat(" ", array.concat(values, more))]) if {
	values := [v | some a in row.attributes; v := r.after[a]; is_string(v); v != ""]
	count(values) == count(row.attributes)
	more := [v | some a in object.get(row, "optional", []); v := r.after[a]; is_string(v)]
}

# own_arn is true for an ARN that no other resource of the stack has: some types
# carry that of their parent.
own_arn(r) if count(holders[[r.stack, r.after.arn]]) == 1

holders[[r.stack, r.after.arn]] contains r.id if {
	some r in input.resources
	r.mode == "managed"
	startswith(r.after.arn, "arn:")
}

told(_, row) if row.scope == "world"

told(r, row) if {
	row.scope == "environment"
	targets.account(r)
}

scope(_, "world") := ""

scope(r, "environment") := targets.account(r)

# unsure are names of an environment that several stacks give in accounts that
# are not known.
unsure[environment] contains key[1] if {
	some key, stacks in nowhere
	count(stacks) > 1
	environment := key[0]
}

nowhere[[r.environment, name]] contains r.stack if {
	some r in input.resources
	r.mode == "managed"
	not r.variant
	r.environment != ""
	row := data.one_owner_identities[r.type]
	row.scope == "environment"
	not targets.account(r)
	name := named_by(r, row)
}

# named is the attribute that a person would look at.
named(row) := key if {
	key := [a | some a in row.attributes; a in {"name", "bucket", "identifier", "cluster_identifier", "function_name", "pattern", "account_id"}][0]
} else := row.attributes[0]
