# METADATA
# title: Nothing becomes reachable from the internet unseen
# description: |-
#   A network rule for every address, a database with a public endpoint or a bucket that everybody may read is one
#   line in a change and the beginning of most cloud breaches. Some services are meant to be public; somebody who
#   answers for security says so. The attributes, their defaults and what settles them stand in a table for AWS,
#   Azure, Google Cloud and some others.
# custom:
#   severity: high
#   effects: {prod: require-approval, non-prod: warn}
#   unknownEffect: {prod: require-approval, non-prod: warn}
#   requires: security
#   over: {subject: resources}
#   scope: subject
#   params:
#     allowedPorts: {type: array, default: [], description: "ports that may be open to every address, as numbers"}
#     exempt: {type: array, default: [], description: "addresses of resources that are meant to be public (globs)"}
#   remediation: Name the addresses or security groups that need access, turn the public endpoint off, or let security approve the exposure.
#   language: hcl
#   before: |-
#     resource "aws_vpc_security_group_ingress_rule" "ssh" {
#       security_group_id = "sg-0a1b2c3d4e5f60718"
#       cidr_ipv4         = "0.0.0.0/0"
#       from_port         = 22
#       to_port           = 22
#       ip_protocol       = "tcp"
#     }
#   after: |-
#     resource "aws_vpc_security_group_ingress_rule" "ssh" {
#       security_group_id = "sg-0a1b2c3d4e5f60718"
#       cidr_ipv4         = "10.20.0.0/16"
#       from_port         = 22
#       to_port           = 22
#       ip_protocol       = "tcp"
#     }
#   references:
#     - {title: "CIS AWS Foundations Benchmark 5.2, 5.3", url: "https://www.cisecurity.org/benchmark/amazon_web_services"}
#     - {title: "NIST SP 800-53 AC-3, SC-7", url: "https://csrc.nist.gov/pubs/sp/800/53/r5/upd1/final"}
#   waivable: "yes"
#   since: 0.1.0
package gate.rules.iac["public-exposure"]

import data.gate.lib
import data.gate.lib.iac
import data.gate.lib.iac_policy as policy

deny contains finding if {
	some [r, row] in attributes
	some f in iac.failures(r, row)
	not open_port(r, row, f.p)
	not exempt(r)
	finding := object.union({"subject": r.id, "path": f.p, "msg": message(r, row, f)}, iac.level(row))
}

deny contains finding if {
	some [r, row] in policies
	row.policy
	iac.applies(r, row, row.path)
	not iac.settled(r, row, row.path)
	some d in iac.documents(r, row)
	some st in policy.public(d.value)
	msg := sprintf("%s allows anybody %s: %s", [iac.dotted(d.path), actions(st.s), consequence(row)])
	finding := object.union({"subject": r.id, "path": array.concat(array.concat(d.path, st.p), ["Principal"]), "msg": msg}, iac.level(row))
}

deny contains finding if {
	some [r, row] in policies
	row.json_true
	iac.applies(r, row, row.path)
	some d in iac.documents(r, row)
	walk(d.value, [at, v])
	at[count(at) - 1] == row.json_true
	v == true
	msg := sprintf("%s sets %s: %s", [iac.dotted(d.path), row.json_true, consequence(row)])
	finding := {"subject": r.id, "path": array.concat(d.path, at), "msg": msg}
}

# Google Cloud writes a whole policy as one document.
deny contains finding if {
	some [r, row] in policies
	row.bindings
	some d in iac.documents(r, row)
	some i, binding in d.value.bindings
	some j, member in binding.members
	is_string(member)
	lower(member) in {"allusers", "allauthenticatedusers"}
	msg := sprintf("%s gives %q to %s: %s", [iac.dotted(d.path), object.get(binding, "role", ""), member, consequence(row)])
	finding := {"subject": r.id, "path": array.concat(d.path, ["bindings", i, "members", j]), "msg": msg}
}

unknown contains finding if {
	some [r, row] in attributes
	some p in iac.undetermined(r, row)
	not exempt(r)
	msg := sprintf("%s %s: whether %s cannot be told", [iac.dotted(p), iac.untold(r, p), consequence(row)])
	finding := {"subject": r.id, "path": p, "msg": msg, "cause": "computed"}
}

unknown contains finding if {
	some [r, row] in policies
	iac.applies(r, row, row.path)
	not iac.settled(r, row, row.path)
	count(iac.documents(r, row)) == 0
	some n in iac.nodes(r.after, row.path)
	iac.hidden(r, n)
	msg := sprintf("%s %s: whether %s cannot be told", [iac.dotted(n.p), iac.untold(r, n.p), consequence(row)])
	finding := {"subject": r.id, "path": n.p, "msg": msg, "cause": "computed"}
}

unknown contains finding if {
	some [r, row] in policies
	iac.applies(r, row, row.path)
	not iac.settled(r, row, row.path)
	some d in iac.documents(r, row)
	some at in policy.untold_statements(d.value)
	msg := sprintf("a statement %s: whether %s cannot be told", [iac.untold(r, d.path), consequence(row)])
	finding := {"subject": r.id, "path": array.concat(d.path, at), "msg": msg, "cause": "computed"}
}

unknown contains finding if {
	some [r, row] in policies
	iac.applies(r, row, row.path)
	not iac.settled(r, row, row.path)
	some d in iac.documents(r, row)
	some st in policy.maybe_public(d.value)
	msg := sprintf("a statement %s: whether %s cannot be told", [iac.untold(r, d.path), consequence(row)])
	finding := {"subject": r.id, "path": array.concat(d.path, st.p), "msg": msg, "cause": "computed"}
}

unknown contains finding if {
	some [r, row] in policies
	row.bindings
	some d in iac.documents(r, row)
	some at in maybe_everybody(d.value)
	msg := sprintf("a binding %s: whether %s cannot be told", [iac.untold(r, d.path), consequence(row)])
	finding := {"subject": r.id, "path": array.concat(d.path, at), "msg": msg, "cause": "computed"}
}

# maybe_everybody are the paths of bindings of a policy of Google Cloud, or of all their
# members, of which nothing is known. One member among others that is not known is most
# often an account that is made here, which is not everybody.
maybe_everybody(doc) := [array.concat(["bindings"], at) |
	walk(object.get(doc, "bindings", ""), [at, v])
	v == policy.unknown_text
	shape := [step | some step in at; is_string(step)]
	shape in [[], ["members"]]
	count(at) == count(shape) + min([1, count(at)])
]

# A text that nobody can read is judged by nobody.
unknown contains finding if {
	some [r, row] in policies
	iac.applies(r, row, row.path)
	not iac.settled(r, row, row.path)
	some n in iac.nodes(r.after, row.path)
	is_string(n.v)
	trim_space(n.v) != ""
	r.expressions[n.p[0]] # written by somebody, not read from the cloud
	count([d | some d in r.documents; d.path == n.p]) == 0
	msg := sprintf("%s is no JSON document: whether %s cannot be told", [iac.dotted(n.p), consequence(row)])
	finding := {"subject": r.id, "path": n.p, "msg": msg, "cause": "unavailable"}
}

# attributes pairs resources with the rows that look at an attribute, policies
# with those that look into a document.
attributes := [[r, row] |
	some r in input.resources
	some row in rows(r.type)
	not document_row(row)
	iac.live(r)
]

policies := [[r, row] |
	some r in input.resources
	some row in rows(r.type)
	document_row(row)
	iac.live(r)
	not exempt(r)
]

exempt(r) if lib.matches_any(lib.params(r, "iac/public-exposure").exempt, r.address, [])

document_row(row) if row.policy

document_row(row) if row.json_true

document_row(row) if row.bindings

rows(type) := data.iac_exposure[type] if true else := data.iac_exposure[family(type)]

family(type) := regex.replace(type, `^google_.+_(iam_(member|binding|policy))$`, "google_*_$1")

open_port(r, row, p) if {
	ports := iac.single_ports(r, row, p)
	count(ports) > 0
	allowed := {x | some x in lib.params(r, "iac/public-exposure").allowedPorts}
	count(ports - allowed) == 0
}

message(r, row, f) := sprintf("%s open to %q", [iac.ports(r, row, f.p), f.v]) if {
	row.ports
	not f.unset
	not row.say
} else := sprintf("%s is not set and its default is open: %s", [iac.dotted(f.p), consequence(row)]) if {
	f.unset
} else := sprintf("%s is set: %s", [iac.dotted(f.p), consequence(row)]) if {
	row.present
} else := sprintf("%s is %s: %s", [iac.dotted(f.p), iac.quoted(f.v), consequence(row)])

consequence(row) := row.say if row.say

consequence(row) := sprintf("the %s can be reached from the internet", [row.thing]) if not row.say

actions(s) := concat(", ", sort({sprintf("%v", [a]) | some a in policy.members(s, "Action")})) if count(policy.members(s, "Action")) > 0

actions(s) := "everything but what it lists" if count(policy.members(s, "Action")) == 0
