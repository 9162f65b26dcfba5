# METADATA
# title: SOPS files are encrypted throughout
# description: |-
#   The key "sops" in a file says that SOPS wrote it, not that its values are encrypted: a value that was added by hand,
#   an encrypted_regex that misses a key, or a merge leaves plaintext between ciphertext. Every value that the file's own
#   selection covers must be a ciphertext, a message authentication code must be there, and the recipients must be ones
#   that are allowed.
# custom:
#   severity: high
#   effects: {prod: deny, non-prod: deny}
#   over: {subject: assessments}
#   scope: subject
#   needs: []
#   params:
#     recipients: {type: array, default: [], description: "allowed recipients as globs of <kind>:<identity>, such as age:age1… or kms:arn:aws:kms:*; empty: any"}
#   remediation: Encrypt the file again with "sops encrypt --in-place", check encrypted_regex, and let "sops updatekeys" set the recipients of .sops.yaml.
#   language: yaml
#   before: |-
#     db:
#       user: ENC[AES256_GCM,data:ZkU=,iv:b2s=,tag:dGFn,type:str]
#       password: s3rv1ce
#     sops:
#       mac: ENC[AES256_GCM,data:ZkU=,iv:b2s=,tag:dGFn,type:str]
#       lastmodified: "2026-01-01T00:00:00Z"
#       age: [{recipient: age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p}]
#   after: |-
#     db:
#       user: ENC[AES256_GCM,data:ZkU=,iv:b2s=,tag:dGFn,type:str]
#       password: ENC[AES256_GCM,data:cGFzcw==,iv:b2s=,tag:dGFn,type:str]
#     sops:
#       mac: ENC[AES256_GCM,data:ZkU=,iv:b2s=,tag:dGFn,type:str]
#       lastmodified: "2026-01-01T00:00:00Z"
#       age: [{recipient: age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p}]
#   references:
#     - {title: "SOPS: encryption protocol and selection of values", url: "https://github.com/getsops/sops#encryption-protocol"}
#     - {title: "NIST SP 800-57 Part 1: protection of keying material", url: "https://csrc.nist.gov/pubs/sp/800/57/pt1/r5/final"}
#   waivable: approval
#   since: 0.1.0
package gate.rules.secrets["sops-complete"]

import data.gate.lib

deny contains finding if {
	some a in input.assessments
	a.judge == "sops"
	a.outcome == "fail"
	finding := {"subject": a.id, "path": [], "msg": sprintf("%s (%s)", [a.message, a.control])}
}

deny contains finding if {
	some a in input.assessments
	a.judge == "sops"
	a.control == "recipients"
	allowed := object.get(lib.params(a, "secrets/sops-complete"), "recipients", [])
	count(allowed) > 0
	some recipient in a.values
	not lib.matches_any(allowed, recipient, null)
	finding := {"subject": a.id, "path": [], "msg": sprintf("recipient %q can decrypt the file; expected one of %s", [recipient, concat(", ", allowed)])}
}
