# METADATA
# title: The production environment of the forge is protected
# description: |-
#   A job gets the credentials of production by naming an environment of the forge; what stands before that is what the
#   environment asks for: reviewers other than who began the run, no way around for administrators, and branches that
#   others have reviewed. An environment that a workflow names and nobody has set up is made without any of it. A job that
#   deploys to production names its environment, else nothing is asked.
#   Read from {"environments": …} as GitHub gives it (GET /repos/{owner}/{repo}/environments, every page), beside the
#   rules of the branch in one file, and {"protected_environments": …} of GitLab
#   (GET /projects/{id}/protected_environments). Which environments of the forge are production say the names of the
#   configuration, and the jobs that certainly deploy there.
# custom:
#   severity: high
#   effects: {prod: deny, non-prod: warn}
#   unknownEffect: {prod: deny, non-prod: warn}
#   over: {subject: workflows}
#   scope: tree
#   needs: [protection]
#   params:
#     administrators: {type: boolean, default: false, description: "whether administrators may go around the protection of a GitHub environment"}
#   remediation: In the settings of the environment (GitHub "Settings", "Environments"; GitLab "Settings", "CI/CD", "Protected environments") name required reviewers, prevent self-review, take the bypass from administrators and limit the branches; give the deploying job that environment.
#   language: json
#   before: |-
#     {"environments": [{"name": "prod", "can_admins_bypass": true, "protection_rules": [], "deployment_branch_policy": null}]}
#   after: |-
#     {"environments": [{"name": "prod", "can_admins_bypass": false,
#       "protection_rules": [{"type": "required_reviewers", "prevent_self_review": true,
#         "reviewers": [{"type": "Team", "reviewer": {"slug": "sre"}}]}, {"type": "branch_policy"}],
#       "deployment_branch_policy": {"protected_branches": true, "custom_branch_policies": false}}]}
#   references:
#     - {title: "GitHub: managing environments for deployment", url: "https://docs.github.com/en/actions/how-tos/deploy/configure-and-manage-deployments/manage-environments"}
#     - {title: "GitHub: list environments", url: "https://docs.github.com/en/rest/deployments/environments#list-environments"}
#     - {title: "GitLab: protected environments", url: "https://docs.gitlab.com/ci/environments/protected_environments/"}
#   waivable: approval
#   since: 0.1.0
package gate.rules.repository["environment-protection"]

import data.gate.lib
import data.gate.lib.commands

protection := input.repository.protection

params := lib.params(input.repository, "repository/environment-protection")

# One finding for each environment, where the first job names it.
deny contains finding if {
	some name in {u.name | some u in uses}
	u := first(name)
	told(u.platform)
	wrong := faults(u.platform, name)
	count(wrong) > 0
	finding := {
		"subject": u.subject, "path": u.path,
		"msg": sprintf("environment %q of production %s", [name, concat("; ", wrong)]),
	}
}

# The forge was asked for the branch alone.
unknown contains finding if {
	some name in {u.name | some u in uses}
	u := first(name)
	not told(u.platform)
	finding := {
		"subject": u.subject, "path": u.path, "cause": "unavailable",
		"msg": sprintf("how environment %q of production is protected is not known: the settings hold no %q; expected the answer of %q", [name, key[u.platform], asked[u.platform]]),
	}
}

# A job that deploys to production without naming an environment of the forge.
deny contains finding if {
	some w in input.workflows
	w.platform in {"github", "gitlab"}
	some c in w.commands
	deploys(c)
	count(c.environments) == 0
	c.key == min({o.key | some o in w.commands; deploys(o); o.job == c.job; count(o.environments) == 0})
	finding := {
		"subject": w.id, "path": c.path,
		"msg": sprintf("job %q deploys to production%s and names no environment; expected \"environment\" with one that is protected", [c.job, commands.where(c)]),
	}
}

deploys(c) if {
	commands.production(c)
	commands.applies(c)
}

deploys(c) if {
	commands.production(c)
	commands.changes_cluster(c)
}

key := {"github": "environments", "gitlab": "protected_environments"}

asked := {"github": "gh api --paginate repos/OWNER/NAME/environments", "gitlab": "glab api projects/ID/protected_environments"}

told(platform) if is_array(protection[key[platform]])

# uses are the environments of production that jobs name.
uses contains {"name": name, "subject": w.id, "path": ["jobs", job, "environment"], "platform": "github"} if {
	some w in input.workflows
	w.platform == "github"
	some job, j in w.document.jobs
	name := named(j.environment)
	of_production(name)
}

uses contains {"name": name, "subject": w.id, "path": [job, "environment"], "platform": "gitlab"} if {
	some w in input.workflows
	w.platform == "gitlab"
	some job, j in w.document
	is_object(j)
	name := named(j.environment)
	of_production(name)
}

uses contains {"name": c.environments[0], "subject": w.id, "path": c.path, "platform": w.platform} if {
	some w in input.workflows
	w.platform in {"github", "gitlab"}
	some c in w.commands
	deploys(c)
	count(c.environments) == 1
}

first(name) := array.concat(
	[u | some u in uses; u.name == name; u.path[0] != "commands"],
	[u | some u in uses; u.name == name],
)[0]

named(environment) := environment if is_string(environment)

named(environment) := environment.name if is_string(environment.name)

of_production(name) if {
	some e in input.environments
	e.class == "prod"
	name in ({e.name} | {concat(between, [e.name, t.name]) | some t in e.targets; t.name != ""; some between in ["-", "/", "_"]})
}

faults("github", name) := {"is set up nowhere, and would be made without protection; expected required reviewers and a branch policy"} if {
	count(settings(name)) == 0
}

faults("github", name) := {fault |
	some e in settings(name)
	some fault in github_faults(e)
} if count(settings(name)) > 0

faults("gitlab", name) := {"is not protected; expected it among the protected environments, with approval rules"} if {
	count(guarded(name)) == 0
}

faults("gitlab", name) := {"asks nobody before it deploys; expected approval rules with at least one approval" |
	some e in guarded(name)
	not asks(e)
} if count(guarded(name)) > 0

settings(name) := [e | some e in protection.environments; lower(e.name) == lower(name)]

guarded(name) := [e | some e in protection.protected_environments; e.name == name]

asks(e) if {
	some r in e.approval_rules
	r.required_approvals > 0
}

asks(e) if e.required_approval_count > 0

reviewers(e) := [r | some r in e.protection_rules; r.type == "required_reviewers"; count(r.reviewers) > 0]

github_faults(e) := {"has no required reviewers; expected at least one" | count(reviewers(e)) == 0} |
	{"lets who began the run approve it; expected prevent_self_review" |
		some r in reviewers(e)
		not r.prevent_self_review
	} |
	{"lets administrators go around it; expected can_admins_bypass off" |
		e.can_admins_bypass
		not params.administrators
	} |
	{"is open to every branch; expected a deployment_branch_policy" | count([p | p := e.deployment_branch_policy; is_object(p)]) == 0}
