# METADATA
# title: Plans, state and secrets stay out of logs
# description: |-
#   A job's log and its artifacts are readable by everybody who can read the repository, for a long time, and a comment
#   is mailed around. Plans and state hold secret values in clear, tracing prints every command with its arguments, and
#   the masking of the CI system knows only the values that it was given, not what they were made into.
# custom:
#   severity: high
#   effects: {prod: deny, non-prod: warn}
#   over: {subject: workflows}
#   scope: subject
#   needs: []
#   params:
#     artifacts: {type: array, default: [], description: "names of artifacts that may hold a plan, because they are encrypted or short-lived in a private repository"}
#   remediation: Write plans and state to a store with its own access rules, publish a summary without values, and take tracing out of jobs with secrets.
#   language: yaml
#   before: |-
#     on: push
#     jobs:
#       apply:
#         runs-on: ubuntu-24.04
#         steps:
#           - run: terraform show -json tfplan
#           - run: terraform output -json
#             env: {TF_LOG: DEBUG}
#   after: |-
#     on: push
#     jobs:
#       apply:
#         runs-on: ubuntu-24.04
#         steps:
#           - run: terraform show -json tfplan > "$RUNNER_TEMP/plan.json"
#           - run: gate check . --plan "$RUNNER_TEMP/plan.json" --format markdown="$GITHUB_STEP_SUMMARY"
#   references:
#     - {title: "Terraform: sensitive data in state and plan", url: "https://developer.hashicorp.com/terraform/language/manage-sensitive-data"}
#     - {title: "GitHub: secure use, secrets", url: "https://docs.github.com/en/actions/reference/security/secure-use#use-secrets-for-sensitive-information"}
#     - {title: "OWASP CI/CD top 10: insufficient credential hygiene", url: "https://owasp.org/www-project-top-10-ci-cd-security-risks/CICD-SEC-06-Insufficient-Credential-Hygiene"}
#   waivable: "yes"
#   since: 0.1.0
package gate.rules.repository["plan-and-log-exposure"]

import data.gate.lib
import data.gate.lib.workflow

# One finding for each script, whatever it shows.
deny contains finding if {
	some w in input.workflows
	some script in workflow.scripts(w)
	shown := exposures(w, script)
	count(shown) > 0
	finding := {"subject": w.id, "path": script.path, "msg": sprintf("log shows %s", [concat("; ", shown)])}
}

exposures(w, script) := {what |
	some kind in data.log_exposure.lines
	some line in split(script.text, "\n")
	regex.match(kind.match, line)
	not regex.match(object.get(kind, "unless", `\A\z.`), line)
	what := sprintf("%s, expected %s", [kind.name, kind.instead])
} | {what |
	some line in split(script.text, "\n")
	regex.match(data.log_exposure.trace, line)
	sees_secrets(w, script.job)
	what := sprintf("every command of a job that has secrets (%q), expected no tracing", [trim_space(line)])
} | {what |
	some step in workflow.steps(w)
	array.concat(step.path, ["run"]) == script.path
	["run"] in commented(step)
	what := "the output of a plan in a comment, expected a summary without values"
}

deny contains finding if {
	some w in input.workflows
	some entry in w.entries
	entry.name in data.log_exposure.verbose
	entry.kind in {"env", "variable"}
	not lower(entry.value) in {"", "off", "0", "false"}
	finding := {"subject": w.id, "path": entry.path, "msg": sprintf("%s=%q writes values into the log; expected it empty", [entry.name, entry.value])}
}

deny contains finding if {
	some w in input.workflows
	some step in workflow.steps(w)
	regex.match(`^(actions|christopherhx)/upload-artifact@`, step.uses)
	not object.get(step["with"], "name", "") in object.get(lib.params(w, "repository/plan-and-log-exposure"), "artifacts", [])
	some line in split(step["with"].path, "\n")
	held := regex.find_n(data.log_exposure.artifacts, line, 1)[0]
	finding := {
		"subject": w.id, "path": array.concat(step.path, ["with", "path"]),
		"msg": sprintf("artifact holds %q, which everybody who reads the repository can download; expected a store with its own access rules", [trim_space(held)]),
	}
}

deny contains finding if {
	some w in input.workflows
	w.platform == "gitlab"
	some name, job in w.document
	some i, file in job.artifacts.paths
	is_string(file)
	not object.get(job.artifacts, "access", "all") in {"none", "developer", "maintainer"}
	held := regex.find_n(data.log_exposure.artifacts, file, 1)[0]
	finding := {
		"subject": w.id, "path": [name, "artifacts", "paths", i],
		"msg": sprintf("artifact holds %q; expected \"access: developer\" or a store with its own access rules", [trim_space(held)]),
	}
}

# A comment that is made of a plan's output.
deny contains finding if {
	some w in input.workflows
	some step in workflow.steps(w)
	some key in commented(step)
	key != ["run"]
	finding := {
		"subject": w.id, "path": array.concat(step.path, key),
		"msg": "the output of a plan gets into a comment, values included; expected a summary without values",
	}
}

commented(step) := {["with", key] |
	regex.match(`comment|github-script`, step.uses)
	some key, value in step["with"]
	regex.match(plan_output, value)
} | {["run"] |
	regex.match(`\b(gh\s+(pr|issue)\s+comment|gh\s+api\b[^\n]*comments|glab\s+mr\s+note)\b`, step.run)
	regex.match(`(--body-file|-F)[ =]\S*(plan|tfplan)\S*\.(txt|out|json)|\$\(\s*(terraform|tofu)\b|steps\.\w*plan\w*\.outputs\.std`, step.run)
} | {["env", key] |
	regex.match(`comment|github-script`, step.uses)
	some key, value in step.step.env
	is_string(value)
	regex.match(plan_output, value)
}

plan_output := `steps\.[\w-]*(plan|show|tf|terraform)[\w-]*\.outputs\.(stdout|plan|output|stderr)`

sees_secrets(w, job) if {
	some entry in w.entries
	entry.job in {job, ""}
	not entry.secret in {"", "GITHUB_TOKEN"}
	w.platform == "github"
}

# A GitLab job sees every variable of its project.
sees_secrets(w, _) if w.platform == "gitlab"
