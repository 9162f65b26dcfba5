# Package gate.lib.iac reads the fact tables about attributes of Terraform
# resources. An attribute has three values: known, unknown because it refers to
# something that apply computes, and unset, which means the provider's default.
# The tables explain their rows at their head.
package gate.lib.iac

# live is true for what exists after apply. A deleted or forgotten resource has
# no attributes left that could be wrong.
live(r) if {
	r.mode == "managed"
	is_object(r.after)
}

# failures lists where a resource breaks a row: the path, the value, and
# whether it is the provider's default that is bad.
failures(r, row) := [f |
	some n in nodes(r.after, row.path)
	some f in failing(r, row, n) # first: few attributes are bad, and conditions cost
	certain(r, row, n.p)
	not settled(r, row, n.p)
	not undecided(r, row, n.p)
]

# undetermined lists the paths that cannot be seen and that decide a row.
undetermined(r, row) := [p |
	doubtful(r, row) # first: little is hidden
	some n in nodes(r.after, row.path)
	some p in open_questions(r, row, n)
	applies(r, row, n.p)
	not settled(r, row, n.p)
	not ruled_out(r, row, n)
]

# doubtful is true if a row looks at something that cannot be seen.
doubtful(r, row) if row.path[0] in r.hidden

doubtful(r, row) if {
	some c in row.unless
	looks_at(c, row) in r.hidden
}

doubtful(r, row) if {
	some c in row.when
	looks_at(c, row) in r.hidden
}

looks_at(c, _) := c.at[0]

looks_at(c, row) := row.path[0] if {
	c.near
	count(row.path) > 1
}

looks_at(c, row) := c.near if count(row.path) == 1

# open_questions are the paths of what is hidden: the attribute itself, else the
# neighbours on which it depends whether it is bad.
open_questions(r, row, n) := [n.p] if {
	not is_scalar(n.v) # it is known
	not row.present
	not row.empty # a reference is something
	hidden(r, n)
	count(failing(r, row, n)) == 0
} else := [beside[0]] if {
	count(failing(r, row, n)) > 0
	beside := array.concat(doubts(r, row, n.p), unsure(r, row, n.p))
	count(beside) > 0
}

# doubts are what is hidden of the conditions that would settle a row.
doubts(r, row, p) := [n.p |
	some c in row.unless
	not c.companion
	not c.present
	some n in around(r, c, p)
	hidden(r, n)
]

# unsure is what is hidden of the conditions that must hold.
unsure(r, row, p) := [n.p |
	not certain(r, row, p)
	some c in row.when
	not c.companion
	some n in around(r, c, p)
	hidden(r, n)
]

# hidden is true for a value that cannot be seen: computed from a reference,
# redacted, or a list with such an element.
hidden(r, n) if {
	n.v == null
	deferred(r, n.p)
}

hidden(_, n) if redacted(n.v)

hidden(r, n) if {
	is_array(n.v)
	some i, v in n.v
	not is_scalar(v)
	hidden_element(r, n, i, v)
}

hidden_element(_, _, _, v) if redacted(v)

hidden_element(r, n, i, null) if unknown(r, array.concat(n.p, [i]))

failing(r, row, n) := [{"p": n.p, "v": "set", "unset": false}] if {
	row.present
	present(r, n)
} else := lacking(r, row, n) if {
	row.without
} else := [{"p": n.p, "v": null, "unset": true}] if {
	row.absent == "fail"
	empty(n.v) # a plan writes [] for a block that is not there
	told(r, n.p)
	not deferred(r, n.p)
} else := [{"p": n.p, "v": sprintf("%s to %s", [n.v, last]), "unset": false}] if {
	row.to
	last := object.get(r.after, array.concat(block(n.p), [row.to]), null)
	wide(n.v, last)
} else := wrong(row, n)

# lacking is where none of the blocks at a node is the one that a row names, such
# as the parameter of a group whose default is bad.
lacking(r, row, n) := [{"p": n.p, "v": null, "unset": true}] if {
	told(r, n.p)
	not hidden(r, n)
	blocks := listed(n.v)
	every key, names in row.without {
		every b in blocks {
			is_scalar(b[key]) # another could be it
			not text(b[key]) in names
		}
	}
} else := []

listed(v) := v if is_array(v)

listed(v) := [] if not is_array(v)

# told is true for an attribute that is unset if it is not there.
told(r, _) if not r.partial

told(r, p) if p[0] in object.keys(r.after)

told(r, p) if r.unknown[p[0]]

present(_, n) if not empty(n.v)

present(r, n) if hidden(r, n)

# wrong lists the known values at a node that a row calls bad.
wrong(row, n) := [{"p": n.p, "v": n.v, "unset": false}] if {
	is_scalar(n.v)
	bad(row, n.v)
} else := [{"p": n.p, "v": "[]", "unset": false}] if {
	row.empty
	is_array(n.v)
	count(n.v) == 0
} else := [{"p": n.p, "v": listing(n.v), "unset": false}] if {
	row.lacks
	is_array(n.v)
	not has_hidden(n.v)
	not row.lacks in {text(v) | some v in n.v; is_scalar(v)}
} else := [{"p": n.p, "v": listing(n.v), "unset": false}] if {
	row.has_all
	is_array(n.v)
	given := {text(v) | some v in n.v; is_scalar(v)}
	every name in row.has_all { name in given }
} else := [{"p": array.concat(n.p, [i]), "v": v, "unset": false} |
	is_array(n.v)
	some i, v in n.v
	is_scalar(v)
	bad(row, v)
]

listing(list) := concat(", ", [text(v) | some v in list; is_scalar(v)])

has_hidden(list) if {
	some v in list
	not is_scalar(v)
}

bad(row, v) if text(v) in row["in"]

bad(row, v) if {
	row.not_in
	not text(v) in row.not_in
}

bad(row, v) if {
	row.cidr
	everybody(v)
}

bad(row, v) if {
	some ending in row.ends
	endswith(text(v), ending)
}

bad(row, v) if {
	row.matches
	is_string(v)
	regex.match(row.matches, v)
}

bad(row, v) if {
	row.above
	to_seconds(v) > row.above
}

# certain is true if every condition of the row is known to hold.
certain(_, row, _) if not row.when

certain(r, row, p) if {
	every c in row.when {
		some n in around(r, c, p)
		met(r, c, n)
	}
}

# applies is true if every condition of the row holds or cannot be told.
applies(_, row, _) if not row.when

applies(r, row, p) if {
	every c in row.when {
		some n in around(r, c, p)
		holds(r, c, n)
	}
}

holds(r, c, n) if met(r, c, n)

holds(r, c, n) if {
	hidden(r, n)
	not c.absent # a reference is something
	not c.sure
}

# met is true for a condition that is known to hold: what cannot be seen is
# neither unset nor another value.
met(_, c, n) if {
	not about_all(c)
	meets(c, n.v)
}

met(r, c, n) if {
	about_all(c)
	meets(c, n.v)
	not hidden(r, n)
}

met(r, c, n) if {
	c.present
	hidden(r, n) # a reference is something
}

met(r, c, n) if {
	c.refers
	hidden(r, n)
	some ref in r.expressions[n.p[0]].references
	regex.match(c.refers, ref)
}

# What is known of a text is enough for a pattern that it matches, but for its end.
met(r, c, n) if {
	c.like
	not contains(c.like, "$")
	hidden(r, n)
	some k in r.partly
	k.path == n.p
	some t in texts(k.value)
	regex.match(c.like, t)
}

about_all(c) if {
	some test in ["not_in", "absent", "restricted"]
	c[test]
}

# settled is true if a condition is known to make the row harmless.
settled(r, row, p) if {
	some c in row.unless
	some n in around(r, c, p)
	meets(c, n.v)
}

settled(r, row, p) if {
	some c in row.unless
	c.present
	some n in around(r, c, p)
	hidden(r, n) # a reference is something
}

# undecided is true if such a condition depends on what apply computes.
undecided(r, row, p) if count(doubts(r, row, p)) > 0

around(r, c, _) := nodes(r.after, c.at) if c.at

around(r, c, p) := [{"p": beside, "v": object.get(r.after, beside, null)}] if {
	c.near
	beside := array.concat(block(p), [c.near])
}

around(r, c, _) := [n |
	some companion in r.companions
	companion.type == c.companion
	some n in nodes(companion.after, c.path)
] if {
	c.companion
	c.path
}

# Without a path it is enough that the companion is there.
around(r, c, _) := [{"p": [], "v": true} | some companion in r.companions; companion.type == c.companion] if {
	c.companion
	not c.path
}

# block is the path of the block that an attribute stands in.
block(p) := array.slice(p, 0, max([i | some i, e in p; is_string(e)]))

meets(c, v) if {
	c["in"]
	some s in scalars(v)
	text(s) in c["in"]
}

meets(c, v) if {
	c.not_in
	not any_of(v, c.not_in)
}

meets(c, v) if {
	c.present
	not empty(v)
}

meets(c, v) if {
	c.absent
	empty(v)
}

meets(c, v) if {
	c.restricted
	count(scalars(v)) > 0
	every s in scalars(v) { not everybody(s) }
}

meets(c, v) if {
	c.like
	some s in scalars(v)
	is_string(s)
	regex.match(c.like, s)
}

any_of(v, list) if {
	some s in scalars(v)
	text(s) in list
}

scalars(v) := [v] if is_scalar(v)

scalars(v) := [s | some s in v; is_scalar(s)] if is_array(v)

scalars(v) := [] if {
	not is_scalar(v)
	not is_array(v)
}

# nodes lists the places that a path leads to: every instance of a repeated
# block, "p" being the concrete path and "v" the value, null where it is unset.
nodes(root, [a]) := [{"p": [a], "v": object.get(root, a, null)}]

nodes(root, [a, b]) := children(first(root, a), b)

nodes(root, [a, b, c]) := step(children(first(root, a), b), c)

nodes(root, [a, b, c, d]) := step(step(children(first(root, a), b), c), d)

nodes(root, [a, b, c, d, e]) := step(step(step(children(first(root, a), b), c), d), e)

first(root, a) := {"p": [a], "v": object.get(root, a, null)}

step(list, key) := [next | some n in list; some next in children(n, key)]

children(n, key) := [{"p": array.concat(n.p, [i, key]), "v": field(e, key)} | some i, e in n.v] if {
	is_array(n.v)
	count(n.v) > 0
} else := [{"p": array.concat(n.p, [key]), "v": field(n.v, key)}]

field(e, key) := e if {
	redacted(e)
} else := object.get(e, key, null) if {
	is_object(e)
} else := null

redacted(v) if {
	is_object(v)
	v["$redacted"]
}

# deferred is true for an attribute that apply computes from something else. An
# unset attribute that the provider computes is none: its default applies.
deferred(r, p) if {
	unknown(r, p)
	refers(r, p)
}

unknown(r, p) if {
	mark := r.unknown[p[0]]
	covers(r, p, mark)
}

covers(_, _, true)

covers(r, p, mark) if {
	mark != true
	some i in numbers.range(2, count(p))
	object.get(r.unknown, array.slice(p, 0, i), false) == true
}

refers(r, p) if {
	e := object.get(r.expressions, p[0], null)
	is_object(e)
	e.references
}

# In a nested block: the order of blocks is not that of the source.
refers(r, p) if {
	blocks := object.get(r.expressions, p[0], null)
	is_array(blocks)
	some at, v
	walk(blocks, [at, v])
	at[count(at) - 1] == name(p)
	is_object(v)
	v.references
}

# In a dynamic block, which a plan does not show as an expression.
refers(r, p) if {
	not r.expressions[p[0]]
	count(p) > 1
	some _ in object.get(r.after, p[0], [])
}

# name is the attribute that a path ends at.
name(p) := p[max([i | some i, e in p; is_string(e)])]

# untold says why the value at a path cannot be told, in words that follow its name.
untold(r, p) := "is sensitive" if {
	redacted(object.get(r.after, p, null))
} else := reasons[0] if {
	names := [e | some e in p; is_string(e)]
	reasons := [why |
		some n in numbers.range(count(names), 1)
		why := r.why[concat(".", array.slice(names, 0, n))]
	]
	count(reasons) > 0
} else := "depends on what a patch takes from a claim" if {
	r.origin == "crossplane"
} else := "is known only after apply"

# dotted writes a path without indices, as the documentation of providers does.
dotted(p) := concat(".", [e | some e in p; is_string(e)])

# text is a scalar as tables write it: lower case, without quotes.
text(v) := lower(v) if {
	is_string(v)
} else := lower(json.marshal(v)) if {
	is_scalar(v)
}

# quoted writes a value as a message shows it.
quoted(v) := sprintf("%q", [v]) if {
	is_string(v)
} else := json.marshal(v)

is_scalar(v) if is_string(v)

is_scalar(v) if is_number(v)

is_scalar(v) if is_boolean(v)

empty(v) if v == null

empty(v) if v == ""

empty(v) if {
	is_array(v)
	count(v) == 0
}

# everybody is true for an address range that holds the whole internet, or more
# of it than a private range can: 10.0.0.0/8 and fc00::/7 are the largest.
everybody(v) if text(v) in {"*", "0.0.0.0"}

everybody(v) if {
	is_string(v)
	parts := split(v, "/")
	count(parts) == 2
	regex.match(`^(0|[1-9][0-9]?)$`, parts[1])
	to_number(parts[1]) < private_prefix(parts[0])
}

private_prefix(address) := 7 if contains(address, ":")

private_prefix(address) := 8 if not contains(address, ":")

# wide is true for a range of IPv4 addresses that is larger than a private one.
wide(first, last) if ipv4(last) - ipv4(first) >= 16777216

ipv4(v) := (((n[0] * 256) + n[1]) * 65536) + ((n[2] * 256) + n[3]) if {
	is_string(v)
	regex.match(`^(0|[1-9][0-9]{0,2})(\.(0|[1-9][0-9]{0,2})){3}$`, v)
	n := [to_number(p) | some p in split(v, ".")]
}

to_seconds(v) := to_number(trim_suffix(v, "s")) if {
	is_string(v)
	regex.match(`^[0-9]+s$`, v)
}

# ports names what a rule opens.
ports(r, row, p) := aws_ports(object.get(r.after, block(p), r.after)) if row.ports == "aws"

ports(r, row, p) := azure_ports(object.get(r.after, block(p), r.after)) if row.ports == "azure"

ports(r, row, _) := gcp_ports(gcp_rule(r)) if row.ports == "gcp"

# gcp_rule is a rule with what it matches: a block in firewall policies.
gcp_rule(r) := object.union(r.after.match[0], r.after) if {
	is_object(r.after.match[0])
} else := r.after

aws_ports(b) := icmp(b) if {
	text(aws_protocol(b)) in icmp_protocols
} else := "all ports" if {
	text(aws_protocol(b)) in {"-1", "all"}
} else := sprintf("port %v (%s)", [b.from_port, aws_protocol(b)]) if {
	b.from_port == b.to_port
	is_number(b.from_port)
} else := sprintf("ports %v-%v (%s)", [b.from_port, b.to_port, aws_protocol(b)]) if {
	is_number(b.from_port)
	is_number(b.to_port)
} else := "ports"

# icmp_protocols are ICMP and ICMPv6 by name and number: the ports of a rule for them
# are a type and a code, -1 being every one.
# https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_IpPermission.html
icmp_protocols := {"icmp", "icmpv6", "1", "58", "ipv6-icmp"}

icmp(b) := sprintf("%s type %v, code %v", [icmp_name(b), icmp_type(b), icmp_code(b)]) if {
	icmp_type(b) >= 0
	icmp_code(b) >= 0
} else := sprintf("%s type %v", [icmp_name(b), icmp_type(b)]) if {
	icmp_type(b) >= 0
} else := icmp_name(b)

icmp_name(b) := "ICMPv6" if {
	text(aws_protocol(b)) in {"icmpv6", "58", "ipv6-icmp"}
} else := "ICMP"

# Rules of network ACLs name type and code.
icmp_type(b) := first_number(b, ["icmp_type", "from_port"])

icmp_code(b) := first_number(b, ["icmp_code", "to_port"])

first_number(b, keys) := [n | some key in keys; n := integer(b[key]); n != null][0]

integer(v) := v if is_number(v)

integer(v) := to_number(v) if {
	is_string(v)
	regex.match(`^-?[0-9]{1,9}$`, v)
}

aws_protocol(b) := p if {
	some key in ["protocol", "ip_protocol"]
	p := b[key]
	is_scalar(p)
} else := "any protocol"

azure_ports(b) := "ICMP" if {
	text(object.get(b, "protocol", "")) in icmp_protocols
} else := "all ports" if {
	"*" in azure_ranges(b)
} else := "ports" if {
	count(azure_ranges(b)) == 0
} else := sprintf("ports %s", [concat(", ", sort(azure_ranges(b)))])

azure_ranges(b) := {text(v) |
	some key in ["destination_port_range", "destination_port_ranges"]
	some v in scalars(object.get(b, key, null))
}

gcp_ports(b) := "all ports" if {
	some a in gcp_layers(b)
	text(object.get(a, object_key(a), "")) == "all"
} else := concat(" and ", list) if {
	listed_ports := [sprintf("ports %s", [concat(", ", sort(gcp_ranges(b)))]) | count(gcp_ranges(b)) > 0]
	list := array.concat(listed_ports, sort({gcp_whole(a) |
		some a in gcp_layers(b)
		not lists_ports(a)
	}))
	count(list) > 0
} else := "all ports"

lists_ports(a) if {
	is_array(a.ports) # a plan writes null
	count(a.ports) > 0
}

# gcp_whole names a protocol that is open as a whole.
gcp_whole(a) := "ICMP" if {
	text(object.get(a, object_key(a), "")) in icmp_protocols
} else := sprintf("all ports (%v)", [object.get(a, object_key(a), "any protocol")])

gcp_layers(b) := array.concat(blocks_of(b, "allow"), blocks_of(b, "layer4_configs"))

blocks_of(b, key) := [e | some e in object.get(b, key, []); is_object(e)] if is_array(object.get(b, key, []))

blocks_of(b, key) := [b[key]] if is_object(object.get(b, key, []))

blocks_of(b, key) := [] if {
	not is_array(object.get(b, key, []))
	not is_object(object.get(b, key, []))
}

object_key(a) := "protocol" if a.protocol

object_key(a) := "ip_protocol" if not a.protocol

gcp_ranges(b) := {sprintf("%v (%v)", [port, object.get(a, object_key(a), "")]) |
	some a in gcp_layers(b)
	some port in object.get(a, "ports", [])
}

# single_ports are the ports that a rule opens one by one, for lists of ports
# that may be open.
single_ports(r, row, p) := {b.from_port} if {
	row.ports == "aws"
	b := object.get(r.after, block(p), r.after)
	b.from_port == b.to_port
	is_number(b.from_port)
	not text(aws_protocol(b)) in {"-1", "all"}
	not text(aws_protocol(b)) in icmp_protocols
} else := {to_number(v) |
	some v in azure_ranges(object.get(r.after, block(p), r.after))
	regex.match(`^[0-9]+$`, v)
} if {
	row.ports == "azure"
	not text(object.get(object.get(r.after, block(p), r.after), "protocol", "")) in icmp_protocols
	ranges := azure_ranges(object.get(r.after, block(p), r.after))
	every v in ranges { regex.match(`^[0-9]+$`, v) }
	count(ranges) > 0
} else := {to_number(text(port)) |
	some a in gcp_layers(gcp_rule(r))
	some port in object.get(a, "ports", [])
	regex.match(`^[0-9]+$`, text(port))
} if {
	row.ports == "gcp"
	layers := gcp_layers(gcp_rule(r))
	count(layers) > 0
	every a in layers { closed(a) }
} else := set()

# closed is true for a protocol whose ports are all listed one by one.
closed(a) if {
	is_array(object.get(a, "ports", null)) # a plan writes null
	count(a.ports) > 0
	every port in a.ports { regex.match(`^[0-9]+$`, text(port)) }
}

# switched_off lists where a document sets the member that a row names to false.
switched_off(r, row) := [array.concat(d.path, at) |
	some d in documents(r, row)
	walk(d.value, [at, v])
	count(at) > 0
	at[count(at) - 1] == row.json_false
	v == false
]

# documents are the parsed JSON documents at a row's path.
documents(r, row) := [d |
	some d in r.documents
	[e | some e in d.path; is_string(e)] == row.path
]

# level is the effect below the rule's that a row has.
level(row) := {"level": row.level} if row.level

level(row) := {} if not row.level

# ruled_out is true for a value that apply computes and that cannot be a bad one all
# the same: what is known of its texts is not a part of any.
ruled_out(r, row, n) if {
	some k in r.partly
	k.path == n.p
	every t in texts(k.value) { harmless(row, split(lower(t), "<unknown>")) }
}

texts(v) := [v] if is_string(v)

texts(v) := v if is_array(v)

# harmless is true for a text, of which the parts between what is not known are given,
# that a row cannot call bad.
harmless(row, [whole]) if not bad(row, whole)

harmless(row, parts) if {
	count(parts) > 1
	row["in"]
	every w in row["in"] { not may_be(parts, w) }
}

harmless(row, parts) if {
	count(parts) > 1
	row.ends
	last := parts[count(parts) - 1]
	every w in row.ends {
		not endswith(last, w)
		not endswith(w, last)
	}
}

# However the address begins: a range as small as a private one is not everybody.
harmless(row, parts) if {
	count(parts) > 1
	row.cidr
	some mask in regex.find_n(`/[0-9]{1,3}$`, parts[count(parts) - 1], 1)
	to_number(trim_prefix(mask, "/")) >= 8
}

may_be(parts, w) if {
	first := parts[0]
	last := parts[count(parts) - 1]
	startswith(w, first)
	endswith(w, last)
	count(w) >= count(first) + count(last)
	every p in parts { contains(w, p) }
}
