# METADATA
# title: Workflows log in to clouds without stored keys
# description: |-
#   A long-lived key in the CI system works from everywhere and for everybody who can run or change a workflow, until
#   somebody rotates it. The large clouds trust the CI system's own token instead (OIDC federation): it is valid for one
#   job, and the role behind it can be bound to repository, branch and environment.
#   Looked at are environment variables, inputs of actions, CI variables and what scripts take from secrets.
# custom:
#   severity: high
#   effects: {prod: deny, non-prod: warn}
#   over: {subject: workflows}
#   scope: subject
#   needs: []
#   params:
#     allowed: {type: array, default: [], description: "names of variables and inputs that may carry a key, for programs that know no federation"}
#   remediation: Give the job the permission id-token (GitLab id_tokens) and let it take a role that trusts this repository and environment; then delete the key.
#   language: yaml
#   before: |-
#     on: push
#     jobs:
#       apply:
#         runs-on: ubuntu-24.04
#         steps:
#           - uses: aws-actions/configure-aws-credentials@e3dd6a429d7300a6a4c196c26e071d42e0343502 # v4
#             with:
#               aws-access-key-id: ${{ secrets.AWS_ACCESS_KEY_ID }}
#               aws-secret-access-key: ${{ secrets.AWS_SECRET_ACCESS_KEY }}
#               aws-region: eu-west-1
#   after: |-
#     permissions:
#       id-token: write
#       contents: read
#     on: push
#     jobs:
#       apply:
#         runs-on: ubuntu-24.04
#         steps:
#           - uses: aws-actions/configure-aws-credentials@e3dd6a429d7300a6a4c196c26e071d42e0343502 # v4
#             with:
#               role-to-assume: arn:aws:iam::111122223333:role/deploy
#               aws-region: eu-west-1
#   references:
#     - {title: "GitHub: OpenID Connect in cloud providers", url: "https://docs.github.com/en/actions/concepts/security/openid-connect"}
#     - {title: "GitLab: connect to cloud services with ID tokens", url: "https://docs.gitlab.com/ci/cloud_services/"}
#     - {title: "CIS Software Supply Chain Security Guide 2.4: pipeline integrity", url: "https://www.cisecurity.org/insights/white-papers/cis-software-supply-chain-security-guide"}
#   waivable: "yes"
#   since: 0.1.0
package gate.rules.repository["static-cloud-credentials"]

import data.gate.lib
import data.gate.lib.workflow

# One finding for each block and provider: id and secret of a key are one.
deny contains finding if {
	some w in input.workflows
	all := carriers(w)
	some carrier in all
	first(carrier, all)
	entry := carrier.entry
	finding := {
		"subject": w.id,
		"path": entry.path,
		"msg": sprintf("%s %q takes a long-lived %s key%s; expected %s", [
			noun[entry.kind], entry.name, carrier.provider, origin(entry), instead(carrier.provider),
		]),
	}
}

# A reusable workflow of another repository gets every secret there is.
deny contains finding if {
	some w in input.workflows
	some entry in w.entries
	entry.kind == "secrets"
	entry.value == "inherit"
	not startswith(entry.uses, "./")
	finding := {
		"subject": w.id,
		"path": entry.path,
		"level": "warn",
		"msg": sprintf("\"secrets: inherit\" hands every secret, cloud keys among them, to %q; expected the secrets that it needs by name", [entry.uses]),
	}
}

noun := {"env": "environment variable", "with": "input", "variable": "variable", "secrets": "secret", "run": "script: secret"}

origin(entry) := sprintf(" from %q", [entry.secret]) if {
	entry.secret != ""
	entry.secret != entry.name
}

origin(entry) := "" if entry.secret == ""

origin(entry) := "" if entry.secret == entry.name

instead(provider) := "OIDC federation" if provider in data.cloud_credentials.federated

instead(provider) := "a key that is made for the job" if not provider in data.cloud_credentials.federated

# carriers are the entries that hand over a key, with block and provider.
carriers(w) := {carrier |
	some entry in w.entries
	provider := provider_of(w, entry)
	carrier := {"entry": entry, "provider": provider, "block": block_of(entry)}
}

first(carrier, all) if {
	carrier.entry.name == min({c.entry.name | some c in all; c.block == carrier.block; c.provider == carrier.provider})
}

# A script is its own block, every other entry belongs to the mapping around it.
block_of(entry) := entry.path if entry.kind == "run"

block_of(entry) := array.slice(entry.path, 0, count(entry.path) - 1) if entry.kind != "run"

provider_of(w, entry) := provider if {
	provider := named(entry)
	not allowed(w, entry.name)
	stored(w, entry)
}

named(entry) := data.cloud_credentials.variables[upper(entry.name)] if entry.kind != "with"

named(entry) := data.cloud_credentials.variables[upper(entry.name)] if {
	entry.kind == "with"
	startswith(entry.uses, "./") # a local action or workflow passes it on
}

named(entry) := data.cloud_credentials.actions[action(entry.uses)][entry.name] if entry.kind == "with"

# owner/name of owner/name/path@ref
action(uses) := lower(concat("/", array.slice(split(split(uses, "@")[0], "/"), 0, 2)))

allowed(w, name) if name in object.get(lib.params(w, "repository/static-cloud-credentials"), "allowed", [])

# A value from a secret, from a stored variable or written down is long-lived;
# one from another step of the run is not: an OIDC login put it there.
stored(w, entry) if {
	w.platform == "github"
	entry.secret != ""
	entry.name != "GITHUB_TOKEN"
}

stored(w, entry) if {
	w.platform == "github"
	regex.match(`\$\{\{[^}]*\bvars\.`, entry.value)
}

stored(w, entry) if {
	w.platform == "github"
	entry.kind != "secrets"
	entry.value != ""
	not contains(entry.value, "${{")
}

stored(w, entry) if {
	w.platform == "gitlab"
	entry.kind == "variable"
	entry.value != ""
	not federated(w, entry)
}

# A script that uses the name of a project's variable; one that sets it itself,
# from the answer to its ID token, does not.
stored(w, entry) if {
	w.platform == "gitlab"
	entry.kind == "run"
	not federated(w, entry)
	not set_in(w, entry)
}

federated(w, entry) if w.document[entry.job].id_tokens

federated(w, _) if w.document["default"].id_tokens

set_in(w, entry) if {
	some script in workflow.scripts(w)
	script.job == entry.job
	some line in split(script.text, "\n")
	regex.match(sprintf(`(^|[\s;&])(export\s+|read\s[^;]*)?%s(=|\s|$)`, [entry.name]), line)
	not regex.match(sprintf(`\$\{?%s`, [entry.name]), line)
}
