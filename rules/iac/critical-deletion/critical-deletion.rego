# METADATA
# title: Deleting what cannot be brought back is approved
# description: |-
#   A rename, a changed key of for_each or an attribute that forces a replacement looks harmless in a diff and deletes
#   a database in the plan. Deleting, forgetting or replacing a resource of a critical type or with a critical tag, and
#   switching off its protection, needs the approval of people with elevated rights. What the plan says counts.
# custom:
#   severity: critical
#   effects: {prod: require-approval, non-prod: warn}
#   unknownEffect: {prod: require-approval, non-prod: warn}
#   requires: elevated
#   over: {subject: resources}
#   scope: subject
#   needs: [plan]
#   params:
#     tags: {type: object, default: {criticality: [critical]}, description: "tag or label -> values that make a resource of any type critical"}
#     types: {type: array, default: [], description: "further resource types that are critical"}
#     exempt: {type: array, default: [], description: "addresses of resources that may go (globs)"}
#   remediation: Keep the resource (a moved block for renames, prevent_destroy, deletion protection), or have the deletion approved with a tested backup.
#   language: hcl
#   before: |-
#     resource "aws_db_instance" "orders" {
#       identifier          = "orders"
#       engine              = "postgres"
#       instance_class      = "db.t4g.medium"
#       allocated_storage   = 20
#       deletion_protection = false
#       skip_final_snapshot = true
#     }
#   after: |-
#     resource "aws_db_instance" "orders" {
#       identifier                = "orders"
#       engine                    = "postgres"
#       instance_class            = "db.t4g.medium"
#       allocated_storage         = 20
#       deletion_protection       = true
#       skip_final_snapshot       = false
#       final_snapshot_identifier = "orders-final"
#     }
#   references:
#     - {title: "Terraform: prevent_destroy", url: "https://developer.hashicorp.com/terraform/language/meta-arguments/lifecycle#prevent_destroy"}
#     - {title: "NIST SP 800-53 CP-9, CM-3", url: "https://csrc.nist.gov/pubs/sp/800/53/r5/upd1/final"}
#   waivable: "yes"
#   since: 0.1.0
package gate.rules.iac["critical-deletion"]

import data.gate.lib
import data.gate.lib.iac

deny contains finding if {
	some r in input.resources
	loss := lost(r)
	judged(r)
	finding := {"subject": r.id, "path": place(r), "msg": sprintf("%s %s%s%s", [what(r), loss, because(r), worse(r)])}
}

deny contains finding if {
	some r in input.resources
	updated(r)
	judged(r)
	some weak in weakened(r)
	finding := {"subject": r.id, "path": weak.p, "msg": sprintf("%s loses its protection: %s", [what(r), weak.msg])}
}

# What made Terraform itself refuse the deletion is taken out, so that the next
# plan may delete it.
deny contains finding if {
	some r in input.resources
	r.lifecycle.prevent_destroy_removed
	judged(r)
	not lost(r)
	msg := sprintf("%s loses its protection: the change takes prevent_destroy away", [what(r)])
	finding := {"subject": r.id, "path": ["lifecycle", "prevent_destroy"], "msg": msg}
}

unknown contains finding if {
	some r in input.resources
	updated(r)
	judged(r)
	some c in data.iac_critical[r.type].protect
	some n in iac.nodes(r.before, c.path)
	guards(c, n.v)
	some m in iac.nodes(r.after, c.path)
	m.p == n.p
	iac.hidden(r, m)
	msg := sprintf("%s %s: whether %s keeps its protection cannot be told", [iac.dotted(n.p), iac.untold(r, n.p), what(r)])
	finding := {"subject": r.id, "path": n.p, "msg": msg, "cause": "computed"}
}

judged(r) if {
	r.mode == "managed"
	critical(r)
	not lib.matches_any(lib.params(r, "iac/critical-deletion").exempt, r.address, [])
}

critical(r) if data.iac_critical[r.type]

critical(r) if r.type in lib.params(r, "iac/critical-deletion").types

critical(r) if {
	some key, values in lib.params(r, "iac/critical-deletion").tags
	some state in [r.before, r.after]
	some member in ["tags", "tags_all", "labels"]
	lower(state[member][key]) in {lower(v) | some v in values}
}

kind(r) := data.iac_critical[r.type].class

kind(r) := "resource" if not data.iac_critical[r.type]

what(r) := sprintf("%s %q", [kind(r), r.address])

lost(r) := "is replaced: deleted and created anew" if {
	"delete" in r.actions
	"create" in r.actions
} else := sprintf("has a deposed object (%s) that is deleted", [r.deposed]) if {
	"delete" in r.actions
	r.deposed != ""
} else := "is deleted" if {
	"delete" in r.actions
} else := "is replaced: forgotten and created anew" if {
	"forget" in r.actions
	"create" in r.actions
} else := "is forgotten: it stays, and nobody manages it" if {
	"forget" in r.actions
}

# place is the attribute that forces a replacement, else the resource.
place(r) := r.replacePaths[0] if {
	count(r.replacePaths) > 0
} else := []

because(r) := sprintf(", because of %s", [concat(", ", sort({iac.dotted(p) | some p in r.replacePaths}))]) if {
	count(r.replacePaths) > 0
} else := reasons[r.actionReason] if {
	reasons[r.actionReason]
} else := ""

reasons := {
	"replace_because_tainted": ", because it is tainted",
	"replace_by_request": ", because the plan was told to (-replace)",
	"replace_by_triggers": ", because of replace_triggered_by",
	"delete_because_no_resource_config": ", because its block is gone",
	"delete_because_wrong_repetition": ", because count or for_each was added or removed: a moved block keeps it",
	"delete_because_count_index": ", because count no longer reaches its index",
	"delete_because_each_key": ", because for_each no longer has its key: a moved block keeps it",
	"delete_because_no_module": ", because its module call is gone",
	"delete_because_no_move_target": ", because its moved block leads nowhere",
}

# worse names attributes that make the loss final.
worse(r) := sprintf(" (%s)", [concat(", ", list)]) if {
	list := sort([sprintf("%s is %s", [iac.dotted(n.p), iac.quoted(n.v)]) |
		some c in data.iac_critical[r.type].amplify
		some n in iac.nodes(r.before, c.path)
		guards(c, n.v)
	])
	count(list) > 0
} else := ""

updated(r) if {
	r.actions == ["update"]
	is_object(r.before)
	is_object(r.after)
}

# A protection that was on and is off, an amplifier that was off and is on,
# and backups that are no longer kept.
weakened(r) := array.concat(array.concat(off, on), retention(r)) if {
	off := [{"p": n.p, "msg": sprintf("%s goes from %s to %s", [iac.dotted(n.p), iac.quoted(n.v), iac.quoted(m.v)])} |
		some c in object.get(data.iac_critical, [r.type, "protect"], [])
		some n in iac.nodes(r.before, c.path)
		guards(c, n.v)
		some m in iac.nodes(r.after, c.path)
		m.p == n.p
		not guards(c, m.v)
		not iac.hidden(r, m)
	]
	on := [{"p": m.p, "msg": sprintf("%s becomes %s", [iac.dotted(m.p), iac.quoted(m.v)])} |
		some c in object.get(data.iac_critical, [r.type, "amplify"], [])
		some m in iac.nodes(r.after, c.path)
		guards(c, m.v)
		some n in iac.nodes(r.before, c.path)
		n.p == m.p
		not guards(c, n.v)
	]
}

# Attributes that keep backups, in days; 0 switches them off.
retention(r) := [{"p": [key], "msg": sprintf("%s goes from %v to 0", [key, r.before[key]])} |
	some key in ["backup_retention_period", "snapshot_retention_limit", "automatic_backup_retention_days", "backup_retention_days", "retention_period"]
	is_number(r.before[key])
	r.before[key] > 0
	r.after[key] == 0
]

guards(c, v) if iac.text(v) == c.is

guards(c, v) if {
	is_number(v)
	v > c.above
}

guards(c, v) if {
	is_number(v)
	v >= c.least
}
