# METADATA
# title: No secret value in the clear
# description: |-
#   Whoever can read the repository, the rendered manifests or the plan can use what stands in them, and Git keeps it after
#   it is removed. Searched are all files of the tree (no folder, lock file or binary is left out), every rendered object,
#   every Terraform resource and every workflow: by the shape of tokens, and by what a value is for, so that a
#   password of six letters is found as well. Committed Terraform state counts as a whole.
#   Ciphertext (SOPS, Sealed Secrets) and references (variables, external secrets, Vault placeholders) are no secrets.
#   A filler such as CHANGEME is tolerated in a file, but not in an object: there it is the password.
#
#   A value denies where name, place and value together leave no doubt: a token of a provider's shape, a password that
#   takes effect as it stands, a value like one that a generator made under a name that says secret. What may be a sample,
#   the identifier that goes with a secret (an access key id), or the hash of one is a warning.
# custom:
#   severity: critical
#   effects: {prod: deny, non-prod: deny}
#   over: {subject: secrets}
#   scope: subject
#   needs: []
#   params:
#     detectors: {type: array, default: [], description: "detectors that are not reported, by id, as in the finding's message"}
#   remediation: |-
#     Revoke the value where it is valid: it is known. Then keep it in a secret manager and commit a reference (ExternalSecret,
#     VaultStaticSecret, a variable without default), or commit ciphertext (SOPS, Sealed Secrets).
#   language: yaml
#   before: |-
#     apiVersion: v1
#     kind: Secret
#     metadata: {name: db}
#     stringData:
#       password: s3rv1ce
#   after: |-
#     apiVersion: external-secrets.io/v1
#     kind: ExternalSecret
#     metadata: {name: db}
#     spec:
#       secretStoreRef: {name: vault}
#       data:
#         - secretKey: password
#           remoteRef: {key: payments/db, property: password}
#   references:
#     - {title: "CIS Kubernetes Benchmark 5.4: secrets management", url: "https://www.cisecurity.org/benchmark/kubernetes"}
#     - {title: "OWASP Secrets Management Cheat Sheet", url: "https://cheatsheetseries.owasp.org/cheatsheets/Secrets_Management_Cheat_Sheet.html"}
#     - {title: "NIST SP 800-53, IA-5(7): no embedded unencrypted static authenticators", url: "https://csrc.nist.gov/projects/cprt/catalog#/cprt/framework/version/SP_800_53_5_1_1/home?element=IA-05"}
#   waivable: approval
#   since: 0.1.0
package gate.rules.secrets["plaintext-secret"]

import data.gate.lib

deny contains object.union(finding, level(s)) if {
	some s in input.secrets
	not s.rule in object.get(lib.params(s, "secrets/plaintext-secret"), "detectors", [])
	finding := {"subject": s.id, "path": [], "msg": sprintf("%s at %q (detector %q%s); expected a reference or ciphertext", [
		what(s), s.location, s.rule, length(s),
	])}
}

what(s) := "plaintext secret" if s.certain

else := "what may be a plaintext secret"

level(s) := {} if s.certain

else := {"level": "warn"}

length(s) := "" if s.length == ""

else := sprintf(", %s characters", [s.length])
