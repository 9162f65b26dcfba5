# METADATA
# title: CODEOWNERS says what it seems to say
# description: |-
#   A forge reads CODEOWNERS without complaint: a line with a mistake is left out, a pattern that matches nothing stays,
#   and a rule that a later one takes over never asks anybody. Each of them looks like protection to whoever reads the
#   file, and is none. Where production is configured and there is no file at all, nobody owns it.
# custom:
#   severity: medium
#   effects: {prod: warn, non-prod: warn}
#   over: {subject: repository}
#   scope: subject
#   needs: []
#   params:
#     allowDead: {type: array, default: [], description: "patterns, as written, that may match nothing"}
#   remediation: Mend or delete the line, or put a file CODEOWNERS with the line of the message at the root; put general patterns first and special ones last, because the last match counts.
#   language: text
#   before: |-
#     /clusters/prod/ @acme/sre
#     * @acme/platform
#   after: |-
#     * @acme/platform
#     /clusters/prod/ @acme/sre
#   references:
#     - {title: "GitHub: about code owners", url: "https://docs.github.com/en/repositories/managing-your-repositorys-settings-and-features/customizing-your-repository/about-code-owners"}
#     - {title: "GitLab: CODEOWNERS syntax", url: "https://docs.gitlab.com/user/project/codeowners/reference/"}
#   waivable: "yes"
#   since: 0.1.0
package gate.rules.repository["codeowners-valid"]

import data.gate.lib
import data.gate.lib.codeowners

deny contains finding if {
	input.repository.codeowners == null
	production := [e | some e in input.environments; e.class == "prod"]
	count(production) > 0
	finding := {
		"subject": input.repository.id, "path": [],
		"msg": sprintf("nobody owns production: there is no CODEOWNERS; expected one at the root, with %q for a first line", [codeowners.first(production[0])]),
	}
}

deny contains finding if {
	some i, problem in input.repository.codeowners.problems
	finding := {
		"subject": input.repository.id,
		"path": ["codeowners", "problems", i],
		"msg": sprintf("%s; the line owns nothing", [problem.message]),
	}
}

deny contains finding if {
	some i, rule in input.repository.codeowners.rules
	rule.matches == 0
	not rule.pattern in object.get(lib.params(input.repository, "repository/codeowners-valid"), "allowDead", [])
	finding := {
		"subject": input.repository.id,
		"path": ["codeowners", "rules", i],
		"msg": sprintf("pattern %q matches no file", [rule.pattern]),
	}
}

deny contains finding if {
	some i, rule in input.repository.codeowners.rules
	rule.matches > 0
	rule.wins == 0
	finding := {
		"subject": input.repository.id,
		"path": ["codeowners", "rules", i],
		"msg": sprintf("pattern %q decides about no file: a later pattern takes all %d that it matches", [rule.pattern, rule.matches]),
	}
}
