# METADATA
# title: What happens is logged
# description: |-
#   Without audit trails, flow logs and access logs nobody can say after an incident what was read, by whom, and
#   whether it is over. They cannot be had in hindsight.
# custom:
#   severity: medium
#   effects: {prod: warn, non-prod: "off"}
#   over: {subject: resources}
#   scope: subject
#   params:
#     exempt: {type: array, default: [], description: "addresses of resources that need no logs (globs)"}
#   remediation: Turn on the log that the message names and send it where it is kept.
#   language: hcl
#   before: |-
#     resource "aws_cloudtrail" "main" {
#       name           = "main"
#       s3_bucket_name = "audit"
#     }
#   after: |-
#     resource "aws_cloudtrail" "main" {
#       name                       = "main"
#       s3_bucket_name             = "audit"
#       is_multi_region_trail      = true
#       enable_log_file_validation = true
#     }
#   references:
#     - {title: "CIS AWS Foundations Benchmark 3.x", url: "https://www.cisecurity.org/benchmark/amazon_web_services"}
#     - {title: "NIST SP 800-53 AU-2, AU-12", url: "https://csrc.nist.gov/pubs/sp/800/53/r5/upd1/final"}
#   waivable: "yes"
#   since: 0.1.0
package gate.rules.iac["logging-enabled"]

import data.gate.lib
import data.gate.lib.iac

deny contains finding if {
	some r in input.resources
	some row in data.iac_logging[r.type]
	iac.live(r)
	not row.companion
	some f in iac.failures(r, row)
	not exempt(r)
	finding := {"subject": r.id, "path": f.p, "msg": message(row, f)}
}

# A log that is a resource of its own.
deny contains finding if {
	some r in input.resources
	some row in data.iac_logging[r.type]
	row.companion
	not r.partial
	iac.live(r)
	not completed(r, row)
	not inline(r, row)
	not iac.settled(r, row, row.path)
	not iac.undecided(r, row, row.path)
	not exempt(r)
	finding := {"subject": r.id, "path": [], "msg": sprintf("no %s belongs to it: %s", [row.companion[0], row.log])}
}

exempt(r) if lib.matches_any(lib.params(r, "iac/logging-enabled").exempt, r.address, [])

completed(r, row) if {
	some c in r.companions
	c.type in row.companion
}

inline(r, row) if {
	row.inline
	not iac.empty(object.get(r.after, row.inline, null))
}

message(row, f) := sprintf("%s is not set: %s", [iac.dotted(f.p), row.log]) if {
	f.unset
} else := sprintf("%s is %s: %s", [iac.dotted(f.p), iac.quoted(f.v), row.log])
