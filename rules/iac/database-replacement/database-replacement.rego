# METADATA
# title: Replacing, upgrading or shrinking data is approved by its owner
# description: |-
#   An attribute that cannot be changed in place turns a small edit into a new, empty database. A new major version
#   cannot be rolled back, and storage that shrinks loses what no longer fits. The owner of the data decides, and sees
#   which attribute it is.
# custom:
#   severity: critical
#   effects: {prod: require-approval, non-prod: require-approval}
#   unknownEffect: {prod: require-approval, non-prod: warn}
#   requires: data-owner
#   over: {subject: resources}
#   scope: subject
#   needs: [plan]
#   params:
#     exempt: {type: array, default: [], description: "addresses of resources without data of value (globs)"}
#   remediation: Keep the attribute that forces the replacement, or restore a backup into the new resource and move over; upgrade a copy first.
#   language: hcl
#   before: |-
#     resource "aws_db_instance" "orders" {
#       identifier        = "orders"
#       db_name           = "orders_v2" # was "orders": forces a replacement
#       engine            = "postgres"
#       instance_class    = "db.t4g.medium"
#       allocated_storage = 20
#     }
#   after: |-
#     resource "aws_db_instance" "orders" {
#       identifier        = "orders"
#       db_name           = "orders"
#       engine            = "postgres"
#       instance_class    = "db.t4g.medium"
#       allocated_storage = 20
#     }
#   references:
#     - {title: "Terraform: replace_paths in the plan", url: "https://developer.hashicorp.com/terraform/internals/json-format#change-representation"}
#     - {title: "NIST SP 800-53 CP-9, CM-3", url: "https://csrc.nist.gov/pubs/sp/800/53/r5/upd1/final"}
#   waivable: "yes"
#   since: 0.1.0
package gate.rules.iac["database-replacement"]

import data.gate.lib
import data.gate.lib.iac

# The classes of iac_critical that hold data.
stateful := {"database", "object-store", "file-store", "block-store", "stream", "queue", "backup"}

deny contains finding if {
	some r in input.resources
	some gone in ["delete", "forget"]
	gone in r.actions
	"create" in r.actions
	judged(r)
	finding := {"subject": r.id, "path": place(r), "msg": sprintf("%s is replaced%s%s", [what(r), order(r), because(r)])}
}

deny contains finding if {
	some r in input.resources
	changed(r)
	judged(r)
	some key in versions
	before := major(r, r.before[key])
	after := major(r, r.after[key])
	before != after
	msg := sprintf("%s changes its major version: %s goes from %q to %q", [what(r), key, r.before[key], r.after[key]])
	finding := {"subject": r.id, "path": [key], "msg": msg}
}

deny contains finding if {
	some r in input.resources
	changed(r)
	judged(r)
	some path in sizes
	some n in iac.nodes(r.before, path)
	is_number(n.v)
	some m in iac.nodes(r.after, path)
	m.p == n.p
	is_number(m.v)
	m.v < n.v
	msg := sprintf("%s shrinks: %s goes from %v to %v", [what(r), iac.dotted(n.p), n.v, m.v])
	finding := {"subject": r.id, "path": n.p, "msg": msg}
}

unknown contains finding if {
	some r in input.resources
	changed(r)
	judged(r)
	some key in versions
	r.before[key]
	iac.deferred(r, [key])
	msg := sprintf("%s %s: whether %s changes its major version cannot be told", [key, iac.untold(r, [key]), what(r)])
	finding := {"subject": r.id, "path": [key], "msg": msg, "cause": "computed"}
}

judged(r) if {
	r.mode == "managed"
	data.iac_critical[r.type].class in stateful
	not lib.matches_any(lib.params(r, "iac/database-replacement").exempt, r.address, [])
}

changed(r) if {
	"update" in r.actions
	is_object(r.before)
	is_object(r.after)
}

what(r) := sprintf("%s %q", [data.iac_critical[r.type].class, r.address])

place(r) := r.replacePaths[0] if {
	count(r.replacePaths) > 0
} else := []

order(r) := " (the new one is created first)" if {
	r.actions[0] == "create"
} else := " (the old one is deleted first)"

because(r) := sprintf(", forced by %s", [concat(", ", sort({change(r, p) | some p in r.replacePaths}))]) if {
	count(r.replacePaths) > 0
} else := ", because it is tainted" if {
	r.actionReason == "replace_because_tainted"
} else := ", because the plan was told to" if {
	r.actionReason == "replace_by_request"
} else := ", because of replace_triggered_by" if {
	r.actionReason == "replace_by_triggers"
} else := ""

# change names a forcing attribute with its values where both are plain.
change(r, p) := sprintf("%s (%s to %s)", [iac.dotted(p), iac.quoted(b), iac.quoted(a)]) if {
	b := object.get(r.before, p, null)
	a := object.get(r.after, p, null)
	iac.is_scalar(b)
	iac.is_scalar(a)
} else := iac.dotted(p)

versions := ["engine_version", "database_version", "version", "elasticsearch_version", "kafka_version", "redis_version", "postgresql_version", "mongo_server_version"]

# major is the part of a version that cannot be gone back from. MySQL and
# MariaDB count 5.7 and 8.0 as such.
major(r, v) := array.slice(regex.find_n(`[0-9]+`, v, 2), 0, 2) if {
	is_string(v)
	two_parts(r, v)
} else := regex.find_n(`[0-9]+`, v, 1) if {
	is_string(v)
}

two_parts(r, v) if regex.match(`(?i)mysql|maria`, sprintf("%v %v %v", [r.type, object.get(r.after, "engine", ""), v]))

sizes := [
	["allocated_storage"], ["storage_mb"], ["size"], ["disk_size"], ["disk_size_gb"], ["storage_capacity"], ["storage_size_in_gb"],
	["settings", "disk_size"], ["storage", "size_gb"], ["broker_node_group_info", "storage_info", "ebs_storage_info", "volume_size"],
	["ebs_options", "volume_size"], ["shard_count"], ["number_of_nodes"], ["number_of_broker_nodes"], ["num_cache_nodes"], ["num_cache_clusters"],
	["num_node_groups"], ["replicas_per_node_group"], ["num_shards"], ["memory_size_gb"], ["max_size_gb"], ["file_shares", "capacity_gb"],
]
