# METADATA
# title: Workflows hold only the permissions they need
# description: |-
#   The token of a job can, unless told otherwise, write to the repository; a step that was taken over then pushes, tags
#   and approves. Worse are workflows that run code or texts of strangers with the rights of the repository: a
#   pull_request_target or workflow_run that checks out the other side's head, or an expression with a title, branch or
#   comment inside a script, which becomes part of the script.
# custom:
#   severity: high
#   effects: {prod: deny, non-prod: warn}
#   over: {subject: workflows}
#   scope: subject
#   needs: []
#   params:
#     deploys: {type: string, default: "\\b(terraform|tofu|terragrunt)\\s+(-\\S+\\s+)*(apply|destroy)\\b|\\bkubectl\\s+(\\S+\\s+)*?(apply|delete|patch|replace|rollout)\\b|\\bhelm\\s+(-\\S+\\s+)*(upgrade|install|uninstall)\\b|\\bgate\\s+exec\\b|\\baws\\s+\\S+\\s+(update|create|delete|put)-", description: "regular expression of scripts that deploy"}
#   remediation: Set "permissions" to what the job needs (contents read to begin with); hand texts of an event to a script by an environment variable; never check out a stranger's head where secrets are.
#   language: yaml
#   before: |-
#     on: issue_comment
#     permissions: write-all
#     jobs:
#       answer:
#         runs-on: ubuntu-24.04
#         steps:
#           - run: ./answer.sh "${{ github.event.comment.body }}"
#   after: |-
#     on: issue_comment
#     permissions: {issues: write}
#     jobs:
#       answer:
#         runs-on: ubuntu-24.04
#         steps:
#           - run: ./answer.sh "$BODY"
#             env:
#               BODY: ${{ github.event.comment.body }}
#   references:
#     - {title: "GitHub: secure use, script injection", url: "https://docs.github.com/en/actions/concepts/security/script-injections"}
#     - {title: "GitHub Security Lab: preventing pwn requests", url: "https://securitylab.github.com/resources/github-actions-preventing-pwn-requests/"}
#     - {title: "OpenSSF Scorecard: token permissions", url: "https://github.com/ossf/scorecard/blob/main/docs/checks.md#token-permissions"}
#   waivable: "yes"
#   since: 0.1.0
package gate.rules.repository["workflow-permissions"]

import data.gate.lib
import data.gate.lib.workflow

github contains w if {
	some w in input.workflows
	w.platform == "github"
}

deny contains finding if {
	some w in github
	w.document.permissions == "write-all"
	finding := {"subject": w.id, "path": ["permissions"], "msg": "the token of every job may write everything (\"write-all\"); expected the scopes that the jobs need"}
}

deny contains finding if {
	some w in github
	some name, job in w.document.jobs
	job.permissions == "write-all"
	finding := {
		"subject": w.id, "path": ["jobs", name, "permissions"],
		"msg": sprintf("the token of job %q may write everything (\"write-all\"); expected the scopes that it needs", [name]),
	}
}

deny contains finding if {
	some w in github
	not "permissions" in object.keys(w.document)
	some name, job in w.document.jobs
	is_object(job)
	not "permissions" in object.keys(job)
	deploying(w, name)
	finding := {
		"subject": w.id, "path": ["jobs", name],
		"msg": sprintf("job %q deploys with the repository's default token; expected \"permissions\" with the scopes that it needs", [name]),
	}
}

deploying(w, name) if w.document.jobs[name].environment

deploying(w, name) if {
	some step in workflow.steps(w)
	step.job == name
	regex.match(lib.params(w, "repository/workflow-permissions").deploys, step.run)
}

# Code of strangers, run with the rights of the repository.
deny contains finding if {
	some w in github
	some trigger in triggers(w) & {"pull_request_target", "workflow_run"}
	some step in workflow.steps(w)
	some part in strangers_code(step)
	finding := {
		"subject": w.id, "path": array.concat(step.path, part),
		"msg": sprintf("%s checks out the head of a pull request in job %q; expected pull_request, or a job without secrets", [trigger, step.job]),
	}
}

strangers_code(step) := {["with", "ref"] |
	startswith(lower(step.uses), "actions/checkout@")
	regex.match(head, step["with"].ref)
} | {["with", "repository"] |
	startswith(lower(step.uses), "actions/checkout@")
	not step["with"].ref
	regex.match(`head\.repo|head_repository`, step["with"].repository)
} | {["run"] | regex.match(`\bgh\s+pr\s+checkout\b|\bgit\s+(fetch|pull|checkout)\b[^\n]*(pull/|\bhead_ref|\.head\.)`, step.run)}

head := `\bgithub\.head_ref\b|pull_request\.head\.|pull_request\['head'\]|workflow_run\.head_|refs/pull/|merge_commit_sha`

triggers(w) := {w.document.on} if is_string(w.document.on)

triggers(w) := {t | some t in w.document.on; is_string(t)} if is_array(w.document.on)

triggers(w) := object.keys(w.document.on) if is_object(w.document.on)

# Texts of strangers that become part of a script.
deny contains finding if {
	some w in github
	some script in {{"job": e.job, "path": e.path} | some e in w.expressions}
	found := {e.text |
		some e in w.expressions
		e.path == script.path
		some value in e.carries
		tainted(value)
	}
	count(found) > 0
	finding := object.union(level(w, script), {
		"subject": w.id, "path": script.path,
		"msg": sprintf("anybody may write what %s makes part of the script; expected an environment variable", [concat(" and ", {sprintf("%q", [e]) | some e in found})]),
	})
}

# https://docs.github.com/en/actions/concepts/security/script-injections names
# the fields that a stranger can fill.
untrusted := {
	"github.head_ref",
	"github.event.issue.title", "github.event.issue.body",
	"github.event.pull_request.title", "github.event.pull_request.body",
	"github.event.pull_request.head.ref", "github.event.pull_request.head.label", "github.event.pull_request.head.repo.default_branch",
	"github.event.discussion.title", "github.event.discussion.body",
	"github.event.comment.body", "github.event.review.body", "github.event.review_comment.body",
	"github.event.head_commit.message", "github.event.head_commit.author.name", "github.event.head_commit.author.email",
	"github.event.commits.*.message", "github.event.commits.*.author.name", "github.event.commits.*.author.email",
	"github.event.workflow_run.head_commit.message",
	"github.event.workflow_run.head_commit.author.name", "github.event.workflow_run.head_commit.author.email",
	"github.event.workflow_run.head_branch", "github.event.workflow_run.display_title",
	"github.event.pages.*.page_name",
}

# tainted is true of a value that a stranger can fill, of everything around one,
# and of what could not be parsed and names one.
tainted(value) if {
	some field in untrusted
	alike(split(value, "."), split(field, "."))
}

tainted(value) if {
	startswith(value, "${{")
	some field in untrusted
	contains(lower(value), trim_suffix(split(field, "*")[0], "."))
}

# alike compares step by step: "*" is any step, and "**" the whole rest.
alike(value, field) if {
	count(value) == count(field)
	not value[count(value) - 1] == "**"
	every i, step in value {
		step in {field[i], "*"}
	}
}

alike(value, field) if {
	last := count(value) - 1
	value[last] == "**"
	last <= count(field)
	every i, step in array.slice(value, 0, last) {
		step in {field[i], "*"}
	}
}

# Without anything to take, an injection is still one, but only a warning.
level(w, script) := {} if privileged(w, script)

level(w, script) := {"level": "warn"} if not privileged(w, script)

privileged(w, script) if {
	some entry in w.entries
	entry.job in {script.job, ""}
	not entry.secret in {"", "GITHUB_TOKEN"}
}

privileged(w, script) if w.document.jobs[script.job].environment

privileged(w, script) if {
	some permissions in [w.document.permissions, w.document.jobs[script.job].permissions]
	writes(permissions)
}

privileged(w, _) if count(triggers(w) & {"pull_request_target", "workflow_run", "issue_comment", "issues"}) > 0

writes(permissions) if permissions == "write-all"

writes(permissions) if {
	some _, access in permissions
	access == "write"
}
