# METADATA
# title: What is applied is what was approved
# description: |-
#   Approvals are worth what the job that applies makes of them: it applies the saved plan that was judged, after
#   "gate verify" or by "gate exec", from a ref that others have reviewed, and nothing lets it go on where that refuses. A
#   cluster that Argo CD or Flux owns is changed through Git alone.
#   Looked at are workflows of GitHub, jobs of GitLab and the custom workflows of atlantis.yaml, and the scripts, Makefile
#   targets, actions and reusable workflows of the tree that they call. It denies where the environment of the job, the
#   path, the workspace, the cluster or the account says for certain that production is reached; else it warns. What is
#   not followed (a program, an action of others, a variable as a command) and may check is said, and not guessed.
# custom:
#   severity: high
#   effects: {prod: deny, non-prod: warn}
#   unknownEffect: {prod: warn, non-prod: "off"}
#   over: {subject: workflows}
#   scope: tree
#   needs: []
#   remediation: Save the plan with "terraform plan -out", and run "gate exec DECISION … -- terraform apply {plan}", or "gate verify" as a command of its own right before it, in the job that applies. Run that job on the protected branch, and let nothing take the failure away ("|| true", continue-on-error, allow_failure, always(), a pipe).
#   language: yaml
#   before: |-
#     on: {push: {branches: [main]}}
#     jobs:
#       apply:
#         runs-on: ubuntu-24.04
#         environment: prod
#         steps:
#           - run: |
#               gate verify decision.json --env prod --subject tfplan=tfplan || true
#               terraform apply tfplan
#   after: |-
#     on: {push: {branches: [main]}}
#     jobs:
#       apply:
#         runs-on: ubuntu-24.04
#         environment: prod
#         steps:
#           - run: gate exec decision.json --env prod --subject tfplan=tfplan -- terraform apply -input=false {plan}
#   references:
#     - {title: "Terraform: apply a saved plan", url: "https://developer.hashicorp.com/terraform/cli/commands/apply#saved-plan-mode"}
#     - {title: "Terraform: running in automation", url: "https://developer.hashicorp.com/terraform/tutorials/automation/automate-terraform"}
#     - {title: "OpenGitOps principles", url: "https://opengitops.dev/"}
#     - {title: "OWASP CI/CD top 10: insufficient flow control mechanisms", url: "https://owasp.org/www-project-top-10-ci-cd-security-risks/CICD-SEC-01-Insufficient-Flow-Control-Mechanisms"}
#   waivable: approval
#   since: 0.1.0
package gate.rules.repository["apply-bound"]

import data.gate.lib.commands

# A plan that is made while it is applied is not the one that was approved: one finding
# for each job and file, at the first command.
deny contains finding if {
	some w in input.workflows
	some c in w.commands
	commands.own_plan(c)
	alike := [o | some o in w.commands; commands.own_plan(o); group(o) == group(c)]
	c.key == alike[0].key
	finding := located(w, c, production(c), sprintf(
		"%q makes the plan that it applies, and nobody has seen that%s%s; expected the saved plan that was approved: \"gate exec … -- %s apply {plan}\"",
		[commands.text(c), more(alike), commands.where(c), c.words[0]],
	))
}

# Nothing before it asks whether the plan was approved.
deny contains finding if {
	some w in input.workflows
	some c in w.commands
	unbound(w, c)
	count(hidden(w, c)) == 0
	count(overrun(w, c)) == 0
	alike := [o | some o in w.commands; unbound(w, o); count(hidden(w, o)) == 0; count(overrun(w, o)) == 0; group(o) == group(c)]
	c.key == alike[0].key
	finding := located(w, c, production(c), sprintf(
		"%q applies without \"gate verify\" or \"gate exec\" before it%s%s; expected one of them, in this job or in one that it needs",
		[commands.text(c), more(alike), commands.where(c)],
	))
}

# gate is asked, and its answer counts for nothing.
deny contains finding if {
	some w in input.workflows
	some g in w.commands
	verifies(g)
	passing := [c | some c in w.commands; unbound(w, c); g.key in {p.command | some p in overrun(w, c)}]
	count(passing) > 0
	some p in passing[0].passed
	p.command == g.key
	finding := located(w, g, reaches_production(passing), sprintf(
		"%q runs whatever \"gate %s\" says%s: %s; expected that its failure ends the job",
		[commands.text(passing[0]), g.words[1], commands.where(passing[0]), p.how],
	))
}

# The check of gate itself, in a job that succeeds although it fails.
deny contains finding if {
	some w in input.workflows
	some g in w.commands
	g.words[0] == "gate"
	g.ignored != ""
	not g.key in {k | some c in w.commands; some k in c.succeeded}
	count([c | some c in w.commands; unbound(w, c); g.key in {p.command | some p in overrun(w, c)}]) == 0
	finding := located(w, g, false, sprintf("the job succeeds although \"gate %s\" fails: %s; expected that its failure is the job's", [g.words[1], g.ignored]))
}

# Another file is verified than the one that is applied.
deny contains finding if {
	some w in input.workflows
	some c in w.commands
	plan := file(c, commands.plan(c))
	keys := [g | some g in w.commands; g.key in c.succeeded; g.words[1] == "verify"]
	count(keys) > 0
	not known_only_later(keys)
	subjects := {s | some g in keys; some s in plans(g)}
	count(subjects) > 0
	not plan in subjects
	not "gate exec" in {concat(" ", array.slice(g.words, 0, 2)) | some g in w.commands; g.key in c.succeeded}
	finding := located(w, c, false, sprintf("%q applies %q, and \"gate verify\" was given %s; expected the same file", [
		commands.text(c), plan, concat(" and ", {sprintf("%q", [s]) | some s in subjects}),
	]))
}

# Anybody who may open a pull request, or push a branch, decides what runs.
deny contains finding if {
	some w in input.workflows
	some c in w.commands
	commands.applies(c)
	how := open_to(w, c)
	finding := located(w, object.union(c, {"path": array.concat(c.path, ["ref"])}), how.certain, sprintf(
		"%q runs %s, before anybody has reviewed what it applies; expected a push to the protected branch",
		[commands.text(c), how.text],
	))
}

# A cluster that a controller keeps as Git says.
deny contains finding if {
	some w in input.workflows
	some c in w.commands
	verb := commands.changes_cluster(c)
	production(c)
	owner := min({sprintf("%s %q", [d.kind, d.name]) | some d in input.index.destinations; d.environment == c.environment})
	finding := located(w, c, true, sprintf(
		"%q changes a cluster of %q that Git owns (%s)%s; expected a commit that the controller applies",
		[commands.text(c), c.environment, owner, object.get({"delete": ", which it makes again", "edit": ", which it takes back"}, verb, "")],
	))
}

# What is not followed, or asked for later, may be what binds it.
unknown contains finding if {
	some w in input.workflows
	some c in w.commands
	unbound(w, c)
	not commands.own_plan(c)
	count(overrun(w, c)) == 0
	doubts := hidden(w, c)
	count(doubts) > 0
	production(c)
	first := min(doubts)
	finding := {
		"subject": w.id, "path": c.path, "cause": "computed",
		"msg": sprintf("whether a decision is verified before %q is not known%s: %s", [commands.text(c), commands.where(c), first]),
	}
}

located(w, c, certain, msg) := {"subject": w.id, "path": c.path, "msg": msg} if certain

located(w, c, certain, msg) := {"subject": w.id, "path": c.path, "msg": msg, "level": "warn"} if not certain

# group is what is one finding: what a job does in one file to one environment.
group(c) := [c.job, c.file, c.environment]

more(alike) := "" if count(alike) == 1

more(alike) := sprintf(", and %d more of the job", [count(alike) - 1]) if count(alike) > 1

production(c) if commands.production(c)

default production(_) := false

reaches_production(list) if {
	some c in list
	production(c)
}

default reaches_production(_) := false

verifies(g) if {
	g.words[0] == "gate"
	g.words[1] in {"verify", "exec"}
}

# unbound is true of a command that applies, and before which no command of gate has
# certainly succeeded.
unbound(w, c) if {
	commands.applies(c)
	not commands.own_plan(c)
	count({k | some k in c.succeeded; startswith(k, "?")}) == 0 # the action of the project
	count({g.key | some g in w.commands; verifies(g); g.key in c.succeeded}) == 0
}

# overrun are commands of gate that may fail, and it runs all the same.
overrun(w, c) := {p |
	some p in c.passed
	p.certain
	some g in w.commands
	g.key == p.command
	verifies(g)
}

# hidden are the reasons for which it is not known whether something checks.
hidden(w, c) := {reason |
	some p in c.passed
	not p.certain
	not p.command in {g.key | some g in w.commands; not verifies(g)}
	reason := sprintf("%s: %s", [p.command, p.how])
}

# plans are the files that one of its commands was given as plans, in the tree.
plans(g) := {file(g, path) |
	some i, word in g.words
	commands.known(g, i)
	parts := regex.find_all_string_submatch_n(`^(?:--subject=)?tfplan(?::[^=]*)?=(.+)$`, word, 1)
	path := parts[0][1]
}

known_only_later(list) if {
	some g in list
	count(g.unknown) > 0
}

# file is a path as a command means it.
file(c, path) := path if c.directory in {"", "."}

file(c, path) := concat("/", [c.directory, path]) if {
	not c.directory in {"", "."}
	not startswith(path, "/")
}

file(c, path) := path if {
	not c.directory in {"", "."}
	startswith(path, "/")
}

# open_to tells how a job is begun from what nobody has reviewed, where that is
# certain: no condition stands in between.
open_to(w, c) := {"text": sprintf("on %s", [event]), "certain": production(c)} if {
	w.platform == "github"
	not conditional(w, c)
	some event in {"pull_request", "pull_request_target"}
	event in events(w)
	not closing(w, event)
} else := {"text": "on a push to any branch", "certain": unprotected(c)} if {
	w.platform == "github"
	not conditional(w, c)
	every_branch(w)
} else := {"text": "in a merge request's pipeline", "certain": production(c)} if {
	w.platform == "gitlab"
	job := w.document[c.job]
	for_requests(job)
}

unprotected(c) if {
	production(c)
	count(c.environments) == 0
}

default unprotected(_) := false

conditional(w, c) if {
	some name in job_names(c)
	w.document.jobs[name]["if"]
}

conditional(w, c) if {
	some name in job_names(c)
	some step in w.document.jobs[name].steps
	step["if"]
}

conditional(_, c) if count(job_names(c)) > 1

conditional(w, c) if {
	some name in job_names(c)
	some need in w.document.jobs
	need["if"]
}

job_names(c) := split(c.job, "/")

events(w) := {w.document.on} if is_string(w.document.on)

events(w) := {t | some t in w.document.on; is_string(t)} if is_array(w.document.on)

events(w) := object.keys(w.document.on) if is_object(w.document.on)

closing(w, event) if w.document.on[event].types == ["closed"]

every_branch(w) if w.document.on == "push"

every_branch(w) if {
	is_array(w.document.on)
	"push" in w.document.on
}

every_branch(w) if {
	is_object(w.document.on)
	"push" in object.keys(w.document.on)
	push := w.document.on.push
	not filtered(push)
}

filtered(push) if {
	some key in ["branches", "branches-ignore", "tags"]
	push[key]
	not every_ref(push[key])
}

every_ref(patterns) if {
	some pattern in patterns
	pattern == "**"
	count(patterns) == 1
}

for_requests(job) if {
	some rule in job.rules
	is_object(rule)
	regex.match(`^\s*\$CI_PIPELINE_SOURCE\s*==\s*["']merge_request_event["']\s*$`, rule["if"])
	not object.get(rule, "when", "on_success") in {"never", "manual"}
}

for_requests(job) if "merge_requests" in job.only
