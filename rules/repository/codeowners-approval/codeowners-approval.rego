# METADATA
# title: Code owners approve production changes
# description: |-
#   Whoever answers for a path should see what changes in it before it runs in production. The rule names the paths that
#   changed and their owners by the CODEOWNERS file of the target branch; that one of them approves this very head, and
#   is not its author, is settled by the decision. A production path without an owner has nobody to ask: all of them are
#   one finding for each environment, and the role that the configuration has for such paths (`unownedPaths`) approves.
#   Without that role and without any CODEOWNERS the rule asks nobody, and says so in a note.
# custom:
#   severity: high
#   effects: {prod: require-approval, non-prod: "off"}
#   over: {subject: files}
#   scope: subject
#   needs: [base]
#   params:
#     exempt: {type: array, default: ["**/*.md"], description: "globs of paths that need no owner's approval"}
#   requires: code-owner
#   remediation: Ask one of the named owners to approve the latest commit in the pull request (GitHub "Review changes", GitLab "Approve"). Paths without an owner get one by a line in CODEOWNERS, merged before in a change of its own, since the file of the target branch counts.
#   language: text
#   before: |-
#     # CODEOWNERS
#     /apps/ @acme/apps
#     # changed: clusters/prod/payments/limits.yaml
#   after: |-
#     # CODEOWNERS
#     /apps/ @acme/apps
#     /clusters/prod/ @acme/sre
#     # changed: clusters/prod/payments/limits.yaml, approved by @acme/sre
#   references:
#     - {title: "GitHub: about code owners", url: "https://docs.github.com/en/repositories/managing-your-repositorys-settings-and-features/customizing-your-repository/about-code-owners"}
#     - {title: "NIST SP 800-53 rev. 5, CM-3 configuration change control", url: "https://csrc.nist.gov/projects/cprt/catalog#/cprt/framework/version/SP_800_53_5_1_1/home?element=CM-3"}
#   waivable: "approval"
#   since: 0.1.0
package gate.rules.repository["codeowners-approval"]

import data.gate.lib
import data.gate.lib.codeowners

# One finding for all paths of an environment that nobody owns, at the first.
deny contains finding if {
	asked
	some file in changed
	count(file.owners) == 0
	free := {f.path | some f in changed; f.environment == file.environment; count(f.owners) == 0}
	file.path == min(free)
	finding := {
		"subject": file.id, "path": [],
		"msg": sprintf(
			"%s in %q, and nobody owns it; expected %s in %s of the target branch",
			[amount(free), file.environment, codeowners.missing(free), file_of_owners],
		),
	}
}

# There is somebody to ask: whoever the file names, or who stands in for owners.
asked if input.change.codeowners != ""

asked if input.change.unownedRole != ""

default file_of_owners := "CODEOWNERS"

file_of_owners := input.change.codeowners if input.change.codeowners != ""

# Without CODEOWNERS there is nobody to ask; repository/codeowners-valid asks for
# the file.
note contains {"subject": input.change.id, "path": [], "msg": msg} if {
	not asked
	paths := {f.path | some f in changed}
	count(paths) > 0
	some environment in input.environments
	environment.name == min({f.environment | some f in changed})
	msg := sprintf(
		"no code owner is asked about production: the target branch has no CODEOWNERS; put one at the root, with %q for a first line",
		[codeowners.first(environment)],
	)
}

# One finding for each set of owners, at their first file.
deny contains finding if {
	some file in changed
	count(file.owners) > 0
	same := {f.path | some f in changed; f.environment == file.environment; f.owners == file.owners}
	file.path == min(same)
	finding := {
		"subject": file.id, "path": [],
		"msg": sprintf("%s in %q; expected the approval of the latest commit by %s", [amount(same), file.environment, concat(" or ", file.owners)]),
	}
}

amount(paths) := sprintf("%q changes", [min(paths)]) if count(paths) == 1

amount(paths) := sprintf("%q and %d more files change", [min(paths), count(paths) - 1]) if count(paths) > 1

# A production path is one that the configuration puts into an environment.
changed contains file if {
	some file in input.change.files
	file.environment != ""
	file.class == "prod"
	not lib.matches_any(object.get(lib.params(file, "repository/codeowners-approval"), "exempt", []), file.path, ["/"])
}
