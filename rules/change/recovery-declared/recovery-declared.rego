# METADATA
# title: Irreversible transition declares its recovery
# description: |-
#   Most changes are taken back by applying the previous state. Some are not: a deleted database comes back from a copy
#   or not at all, an engine does not go back to its older version. Who approves such a change must read how it is
#   recovered, and "revert" is no answer, because the revert cannot bring back what is gone.
#   The declaration stands in the description behind "Recovery" (or "Rollback plan", "Roll-forward", "Backout"), or as
#   trailer of the commit.
# custom:
#   severity: high
#   effects: {prod: require-approval, non-prod: "off"}
#   over: {subject: change}
#   scope: tree
#   needs: [pull-request]
#   params:
#     words: {type: number, default: 3, description: "how many words beside those for reverting a declaration has at least"}
#     exempt: {type: array, default: [], description: "globs of resource addresses and object ids that need no declaration"}
#   requires: elevated
#   remediation: Write behind "Recovery" in the description how the data comes back (which backup or snapshot, tried when, how long it takes), or how to go forward; with such a text nobody is asked. The description is read from --event FILE (of GitHub, $GITHUB_EVENT_PATH).
#   language: text
#   before: |-
#     Drop the old orders database
#
#     Recovery: revert this PR
#   after: |-
#     Drop the old orders database
#
#     Recovery: restore snapshot orders-final-2026-11-20 into a new instance (tried on staging, 40 minutes),
#     then point the service at it.
#   references:
#     - {title: "Google SRE book: data integrity", url: "https://sre.google/sre-book/data-integrity/"}
#     - {title: "NIST SP 800-53 rev. 5, CP-10 system recovery and reconstitution", url: "https://csrc.nist.gov/projects/cprt/catalog#/cprt/framework/version/SP_800_53_5_1_1/home?element=CP-10"}
#   waivable: "yes"
#   since: 0.1.0
package gate.rules.change["recovery-declared"]

import data.gate.lib

deny contains finding if {
	not declared
	some r in input.resources
	r.mode == "managed"
	not exempt(r, r.address)
	some step in transitions(r)
	finding := {"subject": r.id, "path": step.path, "msg": message(step, sprintf("%q", [r.address]))}
}

deny contains finding if {
	not declared
	some o in input.deletedObjects
	lib.applied(o)
	class := data.recovery.objects[sprintf("%s/%s", [o.group, o.kind])]
	not exempt(o, o.id)
	step := {"class": class, "what": "deleting"}
	finding := {"subject": o.id, "path": [], "msg": message(step, sprintf("%s %q", [o.kind, concat("/", [o.namespace, o.name])]))}
}

message(step, name) := sprintf("%s %s is %s, and %s; expected behind \"Recovery\" how it comes back", [step.what, name, step.class, said])

said := "the pull request declares no recovery" if count(declarations) == 0

said := sprintf("the pull request says %q", [substring(shortest, 0, 80)]) if {
	count(declarations) > 0
	shortest := min(declarations)
}

exempt(subject, name) if {
	some pattern in object.get(lib.params(subject, "change/recovery-declared"), "exempt", [])
	glob.match(pattern, [], name)
}

# The ways in which a resource's transition cannot be taken back.
transitions(r) := {step |
	some action, what in {"delete": "deleting", "forget": "forgetting"}
	action in r.actions
	not "create" in r.actions
	step := {"path": [], "what": what, "class": irreversible(r.type)}
} | {step |
	some action in ["delete", "forget"]
	action in r.actions
	"create" in r.actions
	step := {"path": forcing(r), "what": "replacing", "class": irreversible(r.type)}
} | {step |
	"update" in r.actions
	some attribute, class in data.recovery.updates[r.type]
	not same(r, attribute)
	step := {"path": [attribute], "what": sprintf("changing %s of", [attribute]), "class": class}
} | {step |
	r.actions == ["create"]
	r.origin == "plan"
	step := {"path": [], "what": "creating", "class": data.recovery.creates[r.type]}
}

# Applying the previous state makes a new one, without what it held.
irreversible(type) := class if {
	class := object.get(data.recovery.types, type, data.recovery.classes[data.iac_critical[type].class])
	class != "reversible"
}

forcing(r) := r.replacePaths[0] if count(r.replacePaths) > 0

forcing(r) := [] if count(r.replacePaths) == 0

# A value that is not known before the apply is not taken for the same.
same(r, attribute) if {
	object.get(r.before, attribute, null) == object.get(r.after, attribute, null)
	not r.unknown[attribute]
}

declared if {
	some text in declarations
	words := {word | some word in regex.split(`[^\p{L}\p{N}]+`, lower(text)); count(word) > 1; not word in fillers}
	count(words) >= lib.params(input.change, "change/recovery-declared").words
}

declarations contains trim_space(parts[1]) if {
	some parts in regex.find_all_string_submatch_n(
		`(?i)(?:^|\n)[ \t#>*_-]*(?:recovery|roll[ -]?back|roll[ -]?forward|back[ -]?out)(?: plan| strategy| procedure| steps)?[ \t*_]*(?::[ \t*_]*|\n)((?:[^\n]|\n[^#\n]|\n\n[^#\n])+)`,
		input.change.pullRequest.body, -1,
	)
}

declarations contains value if {
	some key in ["recovery", "rollback", "rollback-plan", "backout"]
	value := input.change.trailers[key]
}

# Words that say no more than that the change is taken back, or nothing.
fillers := {
	"revert", "reverts", "reverting", "reverted", "rollback", "roll", "back", "backout", "undo", "git", "the", "this", "that", "these", "an", "pr", "mr", "pull",
	"merge", "request", "commit", "commits", "change", "changes", "we", "will", "can", "could", "to", "just", "simply", "by", "via", "and", "or", "then", "re",
	"apply", "reapply", "again", "previous", "prior", "old", "last", "version", "state", "release", "none", "na", "tbd", "todo", "not", "no", "needed",
	"necessary", "applicable", "required", "it", "of", "in", "case", "if", "on", "fails", "failure", "for", "with", "is", "be", "please", "plan", "see", "above",
	"terraform", "argocd", "argo", "flux", "sync", "deploy", "redeploy", "standard", "usual", "normal",
}
