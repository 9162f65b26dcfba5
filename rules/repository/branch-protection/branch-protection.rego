# METADATA
# title: Production branch is protected
# description: |-
#   Everything that gate says about a change holds only if nothing reaches the branch by another way. The branch asks for
#   a pull request, enough reviews of the latest commit, the code owners and the status checks, and neither a force push
#   nor a deletion nor a list of exceptions goes around them.
#   Read from the rules of a branch as GitHub gives them (GET /repos/{owner}/{repo}/rules/branches/{branch}), which
#   everybody may ask who reads the repository, the workflow's own token too. Classic protection
#   (…/branches/{branch}/protection) needs the permission "Administration: read", which a workflow's token cannot have:
#   rulesets prove the same without it, or a scheduled job with such a token keeps the answer as a file.
#   Of GitLab: {"protected_branches": …, "approvals": …, "approval_rules": …} with the answers of
#   GET /projects/{id}/protected_branches, approvals and approval_rules; a job's token reads none of them, and approvals
#   may need a maintainer's.
# custom:
#   severity: high
#   effects: {prod: deny, non-prod: warn}
#   unknownEffect: {prod: deny, non-prod: warn}
#   over: {subject: repository}
#   scope: subject
#   needs: [protection]
#   params:
#     reviews: {type: number, default: 1, description: "how many approvals a pull request needs at least"}
#     codeOwners: {type: boolean, default: true, description: "whether a code owner has to approve"}
#     checks: {type: array, default: [], description: "names of status checks that have to be required, gate's own among them; empty: any one (GitHub)"}
#     bypass: {type: array, default: [], description: "users, teams and apps that may go around the rules, as the forge names them"}
#   remediation: |-
#     Protect the branch by a ruleset (GitHub "Settings", "Rules"; of the organisation, so that a repository cannot switch it off), name gate's check in it, and hand in what "gh api repos/OWNER/NAME/rules/branches/BRANCH" answers with --protection: a token that reads the repository is enough.
#   language: json
#   before: |-
#     [{"type": "pull_request", "parameters": {"required_approving_review_count": 0, "dismiss_stale_reviews_on_push": false,
#       "require_code_owner_review": false, "require_last_push_approval": false}}]
#   after: |-
#     [{"type": "pull_request", "parameters": {"required_approving_review_count": 1, "dismiss_stale_reviews_on_push": true,
#       "require_code_owner_review": true, "require_last_push_approval": false}},
#      {"type": "required_status_checks", "parameters": {"strict_required_status_checks_policy": true,
#       "required_status_checks": [{"context": "gate"}]}},
#      {"type": "non_fast_forward"}, {"type": "deletion"}]
#   references:
#     - {title: "GitHub: rules for a branch", url: "https://docs.github.com/en/rest/repos/rules#get-rules-for-a-branch"}
#     - {title: "GitHub: get branch protection (administration)", url: "https://docs.github.com/en/rest/branches/branch-protection#get-branch-protection"}
#     - {title: "GitLab: protected branches", url: "https://docs.gitlab.com/api/protected_branches/"}
#     - {title: "SLSA: source track", url: "https://slsa.dev/spec/v1.1/"}
#     - {title: "OpenSSF Scorecard: branch protection", url: "https://github.com/ossf/scorecard/blob/main/docs/checks.md#branch-protection"}
#   waivable: "approval"
#   since: 0.1.0
package gate.rules.repository["branch-protection"]

import data.gate.lib

protection := input.repository.protection

params := lib.params(input.repository, "repository/branch-protection")

deny contains finding if {
	some fault in faults
	finding := {
		"subject": input.repository.id,
		"path": array.concat(["protection"], fault.at),
		"msg": sprintf("the branch's protection %s; expected %s", [fault.is, fault.want]),
	}
}

# "Not found" is said of an unprotected branch and to a token that may not look.
unknown contains finding if {
	protection
	not known
	finding := {
		"subject": input.repository.id, "path": ["protection"], "cause": "unavailable",
		"msg": sprintf("the branch's protection could not be read (%s); expected the answer of \"%s\", which every reader of the repository gets", [said, asked]),
	}
}

said := sprintf("the forge said %q", [protection.message]) if is_string(protection.message)

said := "neither rules nor protection are in the file" if not is_string(object.get(protection, "message", null))

asked := sprintf("gh api repos/%s/rules/branches/BRANCH", [slug])

slug := trim_prefix(input.change.repository, "github.com/") if startswith(input.change.repository, "github.com/")

slug := "OWNER/NAME" if not startswith(lib.text(input, ["change", "repository"]), "github.com/")

known if forge == "rules"

known if forge == "classic"

known if forge == "gitlab"

known if forge == "none"

forge := "gitlab" if {
	count(gitlab_branches) > 0
} else := "rules" if {
	count(protection.rules) > 0
} else := "classic" if {
	some key in ["required_pull_request_reviews", "required_status_checks", "enforce_admins", "allow_force_pushes", "allow_deletions"]
	key in object.keys(protection)
} else := "none" if is_array(protection.rules)

gitlab_branches := [b |
	some list in [object.get(protection, "protected_branches", []), object.get(protection, "rules", [])]
	some b in list
	b.push_access_levels
]

# Classic protection does not show in the rules.
faults contains {
	"at": ["rules"],
	"is": "has no active rule",
	"want": "a ruleset, or beside \"rules\" the answer of …/branches/BRANCH/protection, which is for a token with \"Administration: read\"",
} if {
	forge == "none"
}

# A ruleset by itself says whether it is in force; the rules of a branch are.
faults contains {"at": ["enforcement"], "is": sprintf("is a ruleset that is not in force (%q)", [protection.enforcement]), "want": "\"active\""} if {
	forge == "rules"
	object.get(protection, "enforcement", "active") != "active"
}

# GitHub: rules of all levels that are active for the branch.

rule(type) := [object.get(r, "parameters", {}) |
	some r in protection.rules
	r.type == type
]

pulls := rule("pull_request")

faults contains {"at": ["pull-request"], "is": "asks for no pull request", "want": "a rule pull_request"} if {
	forge == "rules"
	count(pulls) == 0
}

faults contains {"at": ["approvals"], "is": sprintf("asks for %d approvals", [most]), "want": sprintf("at least %d", [params.reviews])} if {
	forge == "rules"
	count(pulls) > 0
	most := max([object.get(p, "required_approving_review_count", 0) | some p in pulls])
	most < params.reviews
}

faults contains {"at": ["code-owners"], "is": "does not ask the code owners", "want": "require_code_owner_review"} if {
	forge == "rules"
	params.codeOwners
	count(pulls) > 0
	not set(pulls, "require_code_owner_review")
}

faults contains {"at": ["stale-approvals"], "is": "keeps an approval when the head changes", "want": "dismiss_stale_reviews_on_push or require_last_push_approval"} if {
	forge == "rules"
	count(pulls) > 0
	not set(pulls, "dismiss_stale_reviews_on_push")
	not set(pulls, "require_last_push_approval")
}

faults contains {"at": ["force-push"], "is": "allows force pushes", "want": "a rule non_fast_forward"} if {
	forge == "rules"
	count(rule("non_fast_forward")) == 0
}

faults contains {"at": ["deletion"], "is": "allows the branch to be deleted", "want": "a rule deletion"} if {
	forge == "rules"
	count(rule("deletion")) == 0
}

set(list, key) if {
	some p in list
	p[key] == true
}

# Status checks, of rules and of classic protection.

checks := {c.context | some p in rule("required_status_checks"); some c in p.required_status_checks} if forge == "rules"

checks := {c | some c in object.get(protection, ["required_status_checks", "contexts"], [])} | {c.context |
	some c in object.get(protection, ["required_status_checks", "checks"], [])
} if forge == "classic"

faults contains {"at": ["checks"], "is": "requires no status check", "want": "gate's own at least"} if {
	count(params.checks) == 0
	count(checks) == 0
}

faults contains {"at": ["checks", name], "is": sprintf("does not require the status check %q", [name]), "want": "it among the required ones"} if {
	forge in {"rules", "classic"} # GitLab's answers name no checks
	some name in params.checks
	not name in checks
}

# GitHub: classic branch protection.

faults contains {"at": ["pull-request"], "is": "asks for no pull request", "want": "required_pull_request_reviews"} if {
	forge == "classic"
	not is_object(reviews)
}

faults contains {"at": ["approvals"], "is": sprintf("asks for %d approvals", [n]), "want": sprintf("at least %d", [params.reviews])} if {
	forge == "classic"
	is_object(reviews)
	n := object.get(reviews, "required_approving_review_count", 0)
	n < params.reviews
}

faults contains {"at": ["code-owners"], "is": "does not ask the code owners", "want": "require_code_owner_reviews"} if {
	forge == "classic"
	params.codeOwners
	is_object(reviews)
	not reviews.require_code_owner_reviews
}

faults contains {"at": ["stale-approvals"], "is": "keeps an approval when the head changes", "want": "dismiss_stale_reviews or require_last_push_approval"} if {
	forge == "classic"
	is_object(reviews)
	not reviews.dismiss_stale_reviews
	not reviews.require_last_push_approval
}

faults contains {"at": [key], "is": what, "want": "it switched off"} if {
	forge == "classic"
	some key, what in {"allow_force_pushes": "allows force pushes", "allow_deletions": "allows the branch to be deleted"}
	enabled(key)
}

faults contains {"at": ["administrators"], "is": "does not hold for administrators", "want": "enforce_admins"} if {
	forge == "classic"
	not enabled("enforce_admins")
}

faults contains {"at": ["bypass", who], "is": sprintf("lets %q go around the reviews", [who]), "want": "nobody, or an entry of the parameter bypass"} if {
	forge == "classic"
	is_object(reviews) # null: there are none
	some kind, key in {"users": "login", "teams": "slug", "apps": "slug"}
	some actor in object.get(reviews, ["bypass_pull_request_allowances", kind], [])
	who := object.get(actor, key, "?")
	not who in params.bypass
}

reviews := object.get(protection, "required_pull_request_reviews", null)

enabled(key) if protection[key].enabled == true

# GitLab.

faults contains {"at": ["push", b.name], "is": sprintf("lets pushes to %q go around merge requests", [b.name]), "want": "push access for no one"} if {
	forge == "gitlab"
	some b in gitlab_branches
	some level in b.push_access_levels
	level.access_level != 0
	not object.get(level, "access_level_description", "?") in params.bypass
}

faults contains {"at": ["force-push", b.name], "is": sprintf("allows force pushes to %q", [b.name]), "want": "allow_force_push off"} if {
	forge == "gitlab"
	some b in gitlab_branches
	b.allow_force_push == true
}

faults contains {"at": ["code-owners", b.name], "is": sprintf("does not ask the code owners of %q", [b.name]), "want": "code_owner_approval_required"} if {
	forge == "gitlab"
	params.codeOwners
	some b in gitlab_branches
	not b.code_owner_approval_required
}

approvals := protection.approvals if is_object(protection.approvals)

else := {}

faults contains {"at": ["stale-approvals"], "is": "keeps an approval when the head changes", "want": "reset_approvals_on_push"} if {
	forge == "gitlab"
	not approvals.reset_approvals_on_push
}

faults contains {"at": ["self-approval"], "is": "lets authors approve their own merge requests", "want": "merge_requests_author_approval off"} if {
	forge == "gitlab"
	not object.get(approvals, "merge_requests_author_approval", true) == false
}

faults contains {"at": ["approvals"], "is": sprintf("asks for %d approvals", [n]), "want": sprintf("at least %d", [params.reviews])} if {
	forge == "gitlab"
	n := sum([object.get(r, "approvals_required", 0) | some r in object.get(protection, "approval_rules", []); object.get(r, "rule_type", "regular") != "code_owner"])
	max([n, object.get(approvals, "approvals_before_merge", 0)]) < params.reviews
}
