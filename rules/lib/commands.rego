# Package gate.lib.commands reads the commands that jobs of CI definitions run.
package gate.lib.commands

infrastructure := {"terraform", "tofu", "terragrunt", "atlantis"}

# with_value are options of Terraform and Terragrunt that take the next word.
with_value := {
	"-var", "-var-file", "-target", "-replace", "-state", "-state-out", "-backup", "-lock-timeout", "-parallelism", "-exclude",
	"--terragrunt-working-dir", "--working-dir", "--terragrunt-config", "--config", "--terragrunt-source", "--source",
	"--terragrunt-include-dir", "--terragrunt-exclude-dir", "--queue-include-dir", "--queue-exclude-dir", "--terragrunt-iam-role",
	"--terragrunt-log-level", "--log-level", "--terragrunt-parallelism", "--parallelism", "--terragrunt-tfpath", "--tf-path",
}

# operands are the words of a command that are no options, by their index.
operands(c) := [i |
	some i, word in c.words
	i > 0
	not startswith(word, "-")
	count({c.words[i - 1]} & with_value) == 0
]

# applies is the index of the word that lets a command change infrastructure.
applies(c) := i if {
	c.words[0] in infrastructure
	found := [n | some n in operands(c); count({c.words[n]} & {"run", "run-all"}) == 0]
	i := found[0]
	known(c, i)
	c.words[i] in {"apply", "destroy", "apply-all", "destroy-all"}
	count({"-help", "--help", "-h", "-refresh-only"} & {w | some w in c.words}) == 0
}

# own_plan is true where a command certainly makes the plan that it applies.
own_plan(c) if c.words[applies(c)] in {"destroy", "destroy-all", "apply-all"}

own_plan(c) if {
	i := applies(c)
	c.words[0] != "atlantis"
	count([n | some n in operands(c); n > i]) == 0
	count([n | some n in c.unknown; n > i]) == 0
}

# plan is the plan file that a command applies, as it is written.
plan(c) := c.words[n] if {
	i := applies(c)
	n := [n | some n in operands(c); n > i][0]
	known(c, n)
}

# known is true of a word that stands in the command as it is.
known(c, i) if count([n | some n in c.unknown; n == i]) == 0

# text is a command as it is quoted.
text(c) := concat(" ", array.slice(c.words, 0, 6)) if count(c.words) <= 6

text(c) := sprintf("%s …", [concat(" ", array.slice(c.words, 0, 6))]) if count(c.words) > 6

# production is true where a command certainly reaches production.
production(c) if {
	c.environment != ""
	c.class == "prod"
}

# where tells from what it is known that a command reaches an environment.
where(c) := sprintf(" (%q by %s)", [c.environment, c.by]) if c.environment != ""

where(c) := "" if c.environment == ""

# changes_cluster is the verb by which a command changes what a controller keeps.
# What a controller does not keep, or is made of, is left out.
changes_cluster(c) := verb if {
	c.words[0] in {"kubectl", "oc"}
	verb := verb_of(c, {"apply", "edit", "delete", "patch", "replace"})
	not passing_thing(c)
}

changes_cluster(c) := verb if {
	c.words[0] == "helm"
	verb := verb_of(c, {"upgrade", "install", "uninstall"})
	not passing_thing(c)
}

verb_of(c, verbs) := c.words[i] if {
	i := min([n | some n, word in c.words; word in verbs; known(c, n)])
	every j, word in array.slice(c.words, 1, i) {
		option_or_value(c, j + 1, word)
	}
}

option_or_value(_, _, word) if startswith(word, "-")

option_or_value(c, i, _) if {
	startswith(c.words[i - 1], "-")
	not contains(c.words[i - 1], "=")
}

passing_thing(c) if {
	some word in c.words
	regex.match(`^--dry-run|^(pods?|jobs?|po|pod/.*|job/.*|events?|leases?)$|(?i)argo-?cd|flux`, word)
}
