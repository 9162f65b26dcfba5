// Package secrets finds secret values and references to secrets: in files, in
// rendered Kubernetes objects and in Terraform resources.
//
// Two kinds of detection work side by side. The scanner reads any text with
// the rule set that the gitleaks project publishes (as data; the engine is
// ours) and knows the shape of tokens. Typed detection knows what a value is
// for: the data of a Secret, an environment variable named DB_PASSWORD, a
// constant in a sensitive argument; it finds the short and human passwords
// that no pattern can. Where both see the same value in the same place, one
// record remains, with the more specific detector's name.
//
// Values never leave the package: records carry a length bucket, and text and
// documents that leave pass through Redact and Redactor.
//
// What is not a secret: references that something resolves later (${VAR},
// {{ template }}, <path:…#…>, vault:…, ENC[…], an expression of Terraform),
// see Reference. A filler word such as CHANGEME is harmless in a file, because
// nothing applies a file, but a secret in an object that would be applied,
// because it is then the password: see Filler.
//
// The package says nothing about whether a finding matters: that is for rules.
// Settings of the scanned repository (.gitleaks.toml, gitleaks:allow,
// .gitattributes) have no effect: waivers of gate are the only way past.
package secrets
