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
// Values never leave the package: records carry a length bucket. What is hidden, and
// what is not, is one rule:
//
//   - In structures (manifests, resources, settings) by place: a value where it was
//     detected or is declared sensitive, whatever it is; all of the data of a Secret, and
//     its keys where they look like tokens (Scanner.Redact, RedactResource,
//     RedactSettings).
//   - Where a structure repeats a value, only if the value is rare, so long and so mixed
//     that it stands nowhere by chance, or a phrase of three words, and only where text is free: data, variables,
//     arguments, annotations, their keys, and labels with what selects them, which stay
//     text so that they still match (Repeated).
//   - In what rules say, by value, and only rare ones: rules see nothing else of a secret
//     than its place (Repeated.Words).
//   - In what readers, libraries and people say (errors, notes, waivers, messages of
//     commits), by value: rare ones, and words with figures or signs and phrases of three
//     words (Redactor; see told). Of an input that could not be read nothing is known:
//     words that look like tokens are hidden (WithoutTokens). Of a panic the plain words
//     are said (source.Panicked).
//   - Names never: what a finding or an entry of the ledger is about, its file, its image
//     and the detector stand there in full, also where a secret has the same value
//     (Keeping). A branch is a name that nothing is found by: rare values are hidden.
//
// A password that is a common word is therefore hidden at its place and nowhere else. To
// blank it in names would hide what is meant and tell the word by what is missing.
//
// What is not a secret: references that something resolves later (${VAR},
// {{ template }}, <path:…#…>, vault:…, ENC[…], an expression of Terraform),
// see Reference. A filler word such as CHANGEME is harmless in a file, because
// nothing applies a file, but a secret in an object that would be applied,
// because it is then the password: see Filler.
//
// How certain it is that a value is a secret follows from three things together: its
// name says what it is for (classify), its place whether it takes effect (applied),
// its shape whether it can be what the name says (certainty.go). A password is chosen
// by a person, so that any word is one where it is applied; a token or a key is
// issued, so that no word is one. Formats with a grammar are read by it: YAML and
// JSON (object.go), HCL (hcl.go), TOML (tomlfile.go), the words of a shell
// (keyvalue.go). A pattern over text believes a name in the line of its value and no
// further (context.go); what has the shape of one provider's token needs no name.
// testdata/labelled.tsv holds what has been taken for a secret and is none, and the
// other way round; TestLabelled states precision and recall on it.
//
// The package says nothing about whether a finding matters: that is for rules.
// Settings of the scanned repository (.gitleaks.toml, gitleaks:allow,
// .gitattributes) have no effect: waivers of gate are the only way past.
package secrets
