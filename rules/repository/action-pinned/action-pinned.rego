# METADATA
# title: Actions and includes are pinned by commit
# description: |-
#   A tag or branch of somebody else's action can be moved after the review, and the next run executes what it points to
#   then, with the token and the secrets of the job. That is how several widely used actions were turned into stealers
#   of secrets. A commit id (a digest for an image) cannot be moved. A generator of SLSA provenance is named by the tag of
#   a release: its verifier looks for the tag and refuses a commit id.
# custom:
#   severity: medium
#   effects: {prod: warn, non-prod: warn}
#   over: {subject: workflows}
#   scope: subject
#   needs: []
#   params:
#     trusted: {type: array, default: [], description: "globs of actions and projects (owner/name) that may be named by tag"}
#   remediation: Write the full commit id behind "@" and the version as a comment; let a bot raise both.
#   language: yaml
#   before: |-
#     on: push
#     jobs:
#       apply:
#         runs-on: ubuntu-24.04
#         steps:
#           - uses: actions/checkout@v4
#   after: |-
#     on: push
#     jobs:
#       apply:
#         runs-on: ubuntu-24.04
#         steps:
#           - uses: actions/checkout@11bd71901bbe5b1630ceea73d27597364c9af683 # v4.2.2
#   references:
#     - {title: "slsa-github-generator: referencing SLSA builders and generators", url: "https://github.com/slsa-framework/slsa-github-generator#referencing-slsa-builders-and-generators"}
#     - {title: "GitHub: security hardening, using third-party actions", url: "https://docs.github.com/en/actions/reference/security/secure-use#using-third-party-actions"}
#     - {title: "GitLab: pipeline security, includes", url: "https://docs.gitlab.com/ci/components/#best-practices"}
#     - {title: "OpenSSF Scorecard: pinned dependencies", url: "https://github.com/ossf/scorecard/blob/main/docs/checks.md#pinned-dependencies"}
#   waivable: "yes"
#   since: 0.1.0
package gate.rules.repository["action-pinned"]

import data.gate.lib
import data.gate.lib.workflow

deny contains finding if {
	some w in input.workflows
	w.platform == "github"
	some use in uses(w)
	not startswith(use.value, "./")
	not pinned(use.value)
	not trusted(w, split(use.value, "@")[0])
	finding := {"subject": w.id, "path": use.path, "msg": sprintf("%q is not pinned; expected %s", [use.value, form(use.value)])}
}

deny contains finding if {
	some w in input.workflows
	w.platform == "gitlab"
	some include in includes(w.document)
	fault := unpinned(include.value)
	not trusted(w, fault.name)
	finding := {"subject": w.id, "path": include.path, "msg": sprintf("include of %q is not pinned; expected %s", [fault.name, fault.expected])}
}

uses(w) := {use |
	some step in workflow.steps(w)
	step.uses != ""
	use := {"path": array.concat(step.path, ["uses"]), "value": step.uses}
} | {use |
	some job, definition in w.document.jobs
	is_string(definition.uses)
	use := {"path": ["jobs", job, "uses"], "value": definition.uses}
}

pinned(value) if regex.match(`@[0-9a-f]{40}([0-9a-f]{24})?$`, value)

# by_tag are the owners and names of what fails to run unless the tag of a
# release names it, vX.Y.Z.
by_tag := {"slsa-framework/slsa-github-generator"}

released(value) if regex.match(`@(refs/tags/)?v[0-9]+\.[0-9]+\.[0-9]+(-[0-9A-Za-z.-]+)?$`, value)

told_by_tag(value) if {
	parts := split(split(value, "@")[0], "/")
	lower(concat("/", array.slice(parts, 0, 2))) in by_tag
}

pinned(value) if {
	told_by_tag(value)
	released(value)
}

pinned(value) if {
	startswith(value, "docker://")
	regex.match(`@sha256:[0-9a-f]{64}$`, value)
}

form(value) := "a digest: @sha256:…" if startswith(value, "docker://")

form(value) := "the tag of a release, @vX.Y.Z, which its verifier looks for" if told_by_tag(value)

form(value) := "a full commit id behind \"@\"" if {
	not startswith(value, "docker://")
	not told_by_tag(value)
}

trusted(w, name) if lib.matches_any(object.get(lib.params(w, "repository/action-pinned"), "trusted", []), name, ["/"])

# Entries of include are one or a list.
includes(document) := {include |
	some i, entry in document.include
	is_array(document.include)
	is_object(entry)
	include := {"path": ["include", i], "value": entry}
} | {{"path": ["include"], "value": document.include} | is_object(document.include)}

unpinned(entry) := {"name": workflow.text(entry.project), "expected": "ref with a full commit id"} if {
	not regex.match(`^[0-9a-f]{40}$`, workflow.text(object.get(entry, "ref", "")))
}

unpinned(entry) := {"name": workflow.text(entry.component), "expected": "a full commit id behind \"@\""} if {
	entry.component
	not regex.match(`@[0-9a-f]{40}$`, workflow.text(entry.component))
}

unpinned(entry) := {"name": workflow.text(entry.remote), "expected": "integrity with its sha256"} if {
	not startswith(workflow.text(object.get(entry, "integrity", "")), "sha256-")
}
