# Package gate.lib.codeowners writes lines of CODEOWNERS that would give paths an
# owner. The file at the root is read by GitHub and by GitLab.
package gate.lib.codeowners

# first is a line for what the globs of an environment say; those that
# CODEOWNERS does not know are left out.
first(environment) := line(pattern) if {
	patterns := [p | some glob in environment.paths; not regex.match(`[\[{!?]`, glob); p := anchored(glob)]
	pattern := patterns[0]
} else := line("*")

anchored(glob) := "*" if glob in {"**", "**/*"}

else := trim_suffix(glob, "**") if startswith(glob, "**/")

else := sprintf("/%s", [trim_suffix(glob, "**")])

# missing are lines for the directories of paths, three at most.
missing(paths) := sprintf("a line such as %s", [concat(", ", [sprintf("%q", [line(d)]) | some d in array.slice(sort(directories(paths)), 0, 3)])])

directories(paths) := {d |
	some path in paths
	parts := split(path, "/")
	d := concat("/", array.concat(array.concat([""], array.slice(parts, 0, count(parts) - 1)), [""]))
}

line(pattern) := sprintf("%s @ORGANISATION/TEAM", [pattern])
