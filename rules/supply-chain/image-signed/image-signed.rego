# METADATA
# title: Image is signed by a trusted key
# description: |-
#   A digest says that an image did not change, not who made it. A signature over the digest by a key that the trust file
#   names for this repository ties the image to the pipeline that built it. Only predicates on the allow-list are
#   signatures: a provenance, an SBOM or a failed verification summary is signed as well, and says something else.
# custom:
#   severity: high
#   effects: {prod: deny, non-prod: warn}
#   over: {subject: images}
#   scope: subject
#   needs: [attestations]
#   params:
#     predicateTypes:
#       type: array
#       default: ["https://sigstore.dev/cosign/sign/v1", "cosign container image signature"]
#       description: "predicate types that count as a signature; the second is cosign's older form without an attestation"
#   remediation: |-
#     Sign the image by its digest in the pipeline that builds it, put the signature below the directory that gate check
#     --attestations names, and name the public key under images in the trust file. An image without a digest is pinned first.
#   language: text
#   before: |-
#     image: registry.example.com/web@sha256:4f5e…   # pushed, never signed
#   after: |-
#     cosign sign --key build.key registry.example.com/web@sha256:4f5e…
#     # .gate/trust.yaml
#     images:
#       - {name: builds, match: ["registry.example.com/**"], keys: [{file: .gate/build.pub}]}
#   references:
#     - {title: "Sigstore: verifying signatures", url: "https://docs.sigstore.dev/cosign/verifying/verify/"}
#     - {title: "CIS Kubernetes Benchmark 5.5.1: image provenance", url: "https://www.cisecurity.org/benchmark/kubernetes"}
#     - {title: "NIST SP 800-204D: software supply chain security in CI/CD", url: "https://csrc.nist.gov/pubs/sp/800/204/d/final"}
#   waivable: approval
#   since: 0.1.0
package gate.rules["supply-chain"]["image-signed"]

import data.gate.lib

deny contains finding if {
	some image in input.images
	not lib.has_value(image, ["digest"])
	finding := {
		"subject": image.id,
		"path": ["ref"],
		"msg": sprintf("image %q has no digest, so no signature can be checked; pin it by digest first", [image.ref]),
	}
}

deny contains finding if {
	some image in input.images
	lib.has_value(image, ["digest"])
	image.store == "read"
	found := signatures(image)
	count([s | some s in found; s.outcome in {"verified", "unknown"}]) == 0
	finding := {
		"subject": image.id,
		"path": ["ref"],
		"msg": sprintf("image %q has no trusted signature: %s", [image.ref, concat("; ", reasons(image, found))]),
	}
}

# What could not be read could have held the signature: neither signed nor unsigned.
unknown contains finding if {
	some image in input.images
	lib.has_value(image, ["digest"])
	image.store != "read"
	not signed(image)
	finding := {
		"subject": image.id,
		"path": ["ref"],
		"msg": sprintf("whether image %q is signed cannot be told: %s", [image.ref, unread(image)]),
		"cause": "unavailable",
	}
}

unknown contains finding if {
	some image in input.images
	lib.has_value(image, ["digest"])
	image.store == "read"
	not signed(image)
	why := {s.reason | some s in signatures(image); s.outcome == "unknown"}
	count(why) > 0
	finding := {
		"subject": image.id,
		"path": ["ref"],
		"msg": sprintf("whether image %q is signed cannot be told: %s", [image.ref, concat("; ", sort(why))]),
		"cause": "unavailable",
	}
}

signed(image) if {
	some s in signatures(image)
	s.outcome == "verified"
}

# Anything else that was signed about the image is no signature of it.
signatures(image) := [a |
	types := lib.params(image, "supply-chain/image-signed").predicateTypes
	some a in image.attestations
	a.predicateType in types
]

reasons(_, found) := sort({s.reason | some s in found}) if count(found) > 0

reasons(image, found) := [sprintf("none was collected for its digest, only %s", [concat(", ", others)])] if {
	count(found) == 0
	others := sort({a.predicateType | some a in image.attestations})
	count(others) > 0
}

reasons(image, found) := ["none was collected for its digest"] if {
	count(found) == 0
	count(image.attestations) == 0
}

unread(image) := "its attestations were not collected" if image.store == "not-collected"

unread(image) := image.reason if {
	image.store != "not-collected"
	image.reason != ""
}

unread(image) := "its attestations could not be read" if {
	image.store != "not-collected"
	image.reason == ""
}
