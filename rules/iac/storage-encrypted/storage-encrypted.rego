# METADATA
# title: Stored data is encrypted
# description: |-
#   Disks, databases, queues, logs and backups that are not encrypted at rest leak with every lost snapshot and every
#   copied volume, and most of them can only be encrypted by creating them anew. Defaults of the providers count:
#   what is encrypted without being told is no finding. Keys of one's own are asked for only by parameter.
# custom:
#   severity: high
#   effects: {prod: deny, non-prod: warn}
#   over: {subject: resources}
#   scope: subject
#   params:
#     customerKey: {type: boolean, default: false, description: "also require what the cloud does not do by itself: a key of one's own (CMK, CMEK) where the service encrypts with its own, a second layer"}
#     exempt: {type: array, default: [], description: "addresses of resources that need no encryption (globs)"}
#   remediation: Turn encryption on before the resource is created; for most services it cannot be added later without a replacement.
#   language: hcl
#   before: |-
#     resource "aws_db_instance" "orders" {
#       engine            = "postgres"
#       instance_class    = "db.t4g.medium"
#       allocated_storage = 20
#     }
#   after: |-
#     resource "aws_db_instance" "orders" {
#       engine            = "postgres"
#       instance_class    = "db.t4g.medium"
#       allocated_storage = 20
#       storage_encrypted = true
#     }
#   references:
#     - {title: "CIS AWS Foundations Benchmark 2.2, 2.3", url: "https://www.cisecurity.org/benchmark/amazon_web_services"}
#     - {title: "NIST SP 800-53 SC-28", url: "https://csrc.nist.gov/pubs/sp/800/53/r5/upd1/final"}
#   waivable: "yes"
#   since: 0.1.0
package gate.rules.iac["storage-encrypted"]

import data.gate.lib
import data.gate.lib.iac

deny contains finding if {
	some r in input.resources
	some row in data.iac_encryption[r.type]
	iac.live(r)
	wanted(r, row)
	some f in iac.failures(r, row)
	not exempt(r)
	finding := object.union({"subject": r.id, "path": f.p, "msg": message(row, f)}, iac.level(row))
}

# A key that AWS manages is not one's own.
deny contains finding if {
	some r in input.resources
	some row in data.iac_encryption[r.type]
	row.customer
	iac.live(r)
	wanted(r, row)
	key(row)
	some n in iac.nodes(r.after, row.path)
	is_string(n.v)
	regex.match(`(^|:)alias/aws/`, n.v)
	iac.applies(r, row, n.p)
	not exempt(r)
	finding := {"subject": r.id, "path": n.p, "msg": message(row, {"p": n.p, "v": n.v, "unset": false})}
}

deny contains finding if {
	some r in input.resources
	some row in data.iac_encryption[r.type]
	row.json_false
	iac.live(r)
	not exempt(r)
	some path in iac.switched_off(r, row)
	msg := sprintf("%s is false: the data is not encrypted", [row.json_false])
	finding := {"subject": r.id, "path": path, "msg": msg}
}

unknown contains finding if {
	some r in input.resources
	some row in data.iac_encryption[r.type]
	iac.live(r)
	wanted(r, row)
	not key(row)
	some p in iac.undetermined(r, row)
	not exempt(r)
	msg := sprintf("%s %s: whether the data is encrypted cannot be told", [iac.dotted(p), iac.untold(r, p)])
	finding := {"subject": r.id, "path": p, "msg": msg, "cause": "computed"}
}

exempt(r) if lib.matches_any(lib.params(r, "iac/storage-encrypted").exempt, r.address, [])

wanted(_, row) if {
	not row.customer
	not row.json_false
}

wanted(r, row) if {
	row.customer
	lib.params(r, "iac/storage-encrypted").customerKey == true
}

# key is true for a row that only asks for a key: a reference to one is one.
key(row) if not has_test(row)

has_test(row) if {
	some test in ["in", "not_in", "lacks", "above", "empty", "json_false"]
	row[test]
}

message(row, f) := sprintf("%s is not set: %s", [iac.dotted(f.p), consequence(row)]) if {
	f.unset
} else := sprintf("%s is %s: %s", [iac.dotted(f.p), iac.quoted(f.v), consequence(row)])

consequence(row) := row.say if {
	row.say
} else := "the data is not encrypted with a key of your own" if {
	row.customer
} else := "the data is not encrypted"
