# METADATA
# title: Change contract is complete and of this change
# description: |-
#   A production change contract says what was planned, decided, approved and done, and is what an auditor reads. One that
#   leaves out who, where or what, or that was written for another commit, proves nothing of this change.
#   Judged is the contract that is handed in with --contract; without one there is nothing to judge. Identity, target
#   (but cluster, namespace and stack), classification, predicted transition, decision and evidence are filled before
#   anything is applied; a list may be empty. Authorization, execution and verification are left out until they
#   happened, and whole from then on.
#   Repository, commit and pull request are those that are judged. The environment is one that the change reaches, by its
#   name or the name of its class; where it reaches production, it is one of production. Account and region are those of
#   one of its targets, where the configuration names them in the same form. The plan hash is the SHA-256 of a plan that
#   was handed in. What cannot be compared is noted. No time lies ahead, and approval, start and end follow each other.
#   What policyArtifact and approvalBindingHash are digests of is not told by their form: they are not compared.
# custom:
#   severity: high
#   effects: {prod: deny, non-prod: warn}
#   over: {subject: contract}
#   scope: subject
#   needs: []
#   params: {}
#   remediation: Write the contract from the change that is judged, with every field, its full commit and the SHA-256 of its plan (sha256sum plan.json), and hand in both.
#   language: text
#   before: |-
#     productionChangeContract:
#       identity: {changeId: CHG-7, repository: github.com/acme/platform}
#       target: {environment: prod}
#   after: |-
#     productionChangeContract:
#       identity: {changeId: CHG-7, repository: github.com/acme/platform, pullRequest: 7, commitSha: 4b825dc642cb6eb9a060e54bf8d69288fbee4904, author: alice}
#       target: {environment: prod, account: "111122223333", region: eu-west-1, service: shop}
#       classification: {changeType: infra-change, riskClass: high, destructive: false, regulatedData: false}
#       predictedTransition: {planArtifact: "s3://plans/7.json", planHash: e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855, diffSummary: "s3://plans/7.txt"}
#       decision: {policyDecision: require-approval, policyArtifact: "s3://decisions/7.json", requiredApprovers: [dba], exceptionsUsed: []}
#       evidence: {evidenceId: ev-7, retentionClass: standard}
#   references:
#     - {title: "in-toto attestation: statement and digests", url: "https://github.com/in-toto/attestation/blob/main/spec/v1/statement.md"}
#     - {title: "NIST SP 800-53 rev. 5, CM-3 configuration change control", url: "https://csrc.nist.gov/projects/cprt/catalog#/cprt/framework/version/SP_800_53_5_1_1/home?element=CM-03"}
#   waivable: approval
#   since: 0.1.0
package gate.rules.evidence["contract-complete"]

contract := input.contract

written := contract.document

# One finding for each section, as one line is edited.
deny contains finding([section], sprintf("the contract has no %s", [listed(section, missing)])) if {
	some section, fields in planned
	missing := [f | some f in fields; not filled([section, f])]
	count(missing) > 0
}

deny contains finding([section], sprintf("the contract has no %s; expected %s whole, or left out until it happened", [listed(section, missing), section])) if {
	some section, fields in later
	started(section)
	missing := [f | some f in fields; not filled([section, f])]
	count(missing) > 0
}

listed(section, fields) := concat(", ", [concat(".", [section, f]) | some f in fields])

deny contains finding(path, sprintf("the contract has no %s, but tells of a later step", [concat(".", path)])) if {
	some pair in [["authorization", "execution"], ["execution", "verification"]]
	started(pair[1])
	not started(pair[0])
	path := [pair[0]]
}

# An execution that ended has an end and a result.
deny contains finding(path, sprintf("the contract has no %s, but the execution ended", [concat(".", path)])) if {
	ended
	some field in ["completedAt", "result"]
	path := ["execution", field]
	not filled(path)
}

planned := {
	"identity": ["changeId", "repository", "pullRequest", "commitSha", "author"],
	"target": ["environment", "account", "region", "service"],
	"classification": ["changeType", "riskClass", "destructive", "regulatedData"],
	"predictedTransition": ["planArtifact", "planHash", "diffSummary"],
	"decision": ["policyDecision", "policyArtifact", "requiredApprovers", "exceptionsUsed"],
	"evidence": ["evidenceId", "retentionClass"],
}

later := {
	"authorization": ["approvedBy", "approvalTimestamp", "approvalBindingHash"],
	"execution": ["runnerIdentity", "startedAt"],
	"verification": ["postCheckArtifact", "driftAfterChange"],
}

started(section) if count(written[section]) > 0

ended if {
	some field in ["completedAt", "result"]
	filled(["execution", field])
}

ended if started("verification")

filled(path) if {
	value := object.get(written, path, null)
	not empty(value)
}

empty(null)

empty(0)

empty(value) if {
	is_string(value)
	trim_space(value) == ""
}

finding(path, msg) := {"subject": contract.id, "path": path, "msg": msg}

# Repository: by its address, or by the end of it where no host is written.
repository := lower(object.get(written, ["identity", "repository"], ""))

deny contains finding(["identity", "repository"], msg) if {
	filled(["identity", "repository"])
	count(contract.judged) > 0
	every own in contract.judged { not same_repository(own) }
	msg := sprintf("the contract is for repository %q; expected %q", [repository, contract.judged[0]])
}

same_repository(own) if contract.repository == own

same_repository(own) if {
	contract.repository == ""
	endswith(concat("", ["/", own]), concat("", ["/", trim(repository, "/")]))
}

commit := lower(object.get(written, ["identity", "commitSha"], ""))

judged_commits := [c | some c in [input.change.head, input.change.commit]; c != ""]

deny contains finding(["identity", "commitSha"], msg) if {
	filled(["identity", "commitSha"])
	count(judged_commits) > 0
	not commit in judged_commits
	msg := sprintf("the contract is for commit %q; expected %q, in full", [commit, judged_commits[0]])
}

deny contains finding(["identity", "pullRequest"], msg) if {
	filled(["identity", "pullRequest"])
	number := input.change.pullRequest.number
	number > 0
	number != written.identity.pullRequest
	msg := sprintf("the contract is for pull request %d; expected %d", [written.identity.pullRequest, number])
}

# Environment: one that the change reaches, of production if it reaches production.
environment := object.get(written, ["target", "environment"], "")

reached := [e | some e in input.environments; e.changed]

production := [e | some e in reached; e.class == "prod"]

expected := production if {
	count(production) > 0
} else := reached

names(environments) := {name | some e in environments; some name in [e.name, e.class]}

# The change reaches what is known of it: where that is no environment, it is none of another one.
candidates := expected if {
	count(expected) > 0
} else := input.environments

deny contains finding(["target", "environment"], msg) if {
	filled(["target", "environment"])
	count(candidates) > 0
	not environment in names(candidates)
	msg := sprintf("the contract is for environment %q; expected %s", [environment, concat(" or ", {sprintf("%q", [e.name]) | some e in candidates})])
}

# Targets, where the configuration has some: one has all that can be compared.
places := [t |
	some e in candidates
	environment in {e.name, e.class}
	some t in e.targets
]

deny contains finding(["target", name], msg) if {
	count(places) > 0
	every t in places { count(differing(t)) > 0 }
	name := min({n | some t in places; some n in differing(t)})
	msg := sprintf(
		"the contract is for %s %q, which no target of %q has; expected %s",
		[name, written.target[name], environment, concat(" or ", {sprintf("%q", [t[name]]) | some t in places; t[name] != ""})],
	)
}

differing(t) := {name |
	some name in ["account", "region"]
	filled(["target", name])
	comparable(name, t[name], written.target[name])
	plain(t[name]) != plain(written.target[name])
}

comparable("region", a, _) if a != ""

# An account has a number and a name: only what is of one form is compared.
comparable("account", a, b) if {
	a != ""
	numeric(a) == numeric(b)
}

numeric(text) := regex.match(`^[0-9-]+$`, text)

# West Europe is westeurope, and 1111-2222-3333 is 111122223333.
plain(text) := regex.replace(lower(text), `[\s-]`, "")

plan_hash := trim_prefix(written.predictedTransition.planHash, "sha256:")

deny contains finding(["predictedTransition", "planHash"], msg) if {
	plan_hash != ""
	count(contract.plans) > 0
	not plan_hash in {p.sha256 | some p in contract.plans}
	msg := sprintf("the contract is for plan %s; expected the SHA-256 of a plan that was handed in: %s", [plan_hash, concat(", ", [sprintf("%s %s", [p.name, p.sha256]) | some p in contract.plans])])
}

# Times. A clock may be a little ahead.
now := time.parse_rfc3339_ns(input.now)

ahead := 300000000000

times[path] := time.parse_rfc3339_ns(text) if {
	some path in [["authorization", "approvalTimestamp"], ["execution", "startedAt"], ["execution", "completedAt"]]
	filled(path)
	text := object.get(written, path, "")
}

deny contains finding(path, sprintf("%s of the contract lies ahead: %s", [concat(".", path), object.get(written, path, "")])) if {
	some path, at in times
	at > now + ahead
}

deny contains finding(pair[1], msg) if {
	some pair in [
		[["authorization", "approvalTimestamp"], ["execution", "startedAt"]],
		[["execution", "startedAt"], ["execution", "completedAt"]],
	]
	times[pair[1]] < times[pair[0]]
	msg := sprintf("%s of the contract is before %s; expected it behind", [concat(".", pair[1]), concat(".", pair[0])])
}

# What was not compared.
note contains {"subject": input.change.id, "path": [], "msg": sprintf("of the contract is not compared: %s", [concat("; ", unjudged)])} if count(unjudged) > 0

unjudged contains "the repository, whose own address is not known" if count(contract.judged) == 0

unjudged contains "the commit, as none is judged" if count(judged_commits) == 0

unjudged contains "the environment, as none is configured" if count(input.environments) == 0

unjudged contains "whether the change reaches the environment, as it is known to reach none" if {
	count(input.environments) > 0
	count(reached) == 0
}

unjudged contains "the plan hash, as no plan was handed in" if count(contract.plans) == 0
