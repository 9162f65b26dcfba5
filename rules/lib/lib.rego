# Package gate.lib is what more than one rule needs.
package gate.lib

# params returns the merged parameters of a rule for a subject's environment.
params(subject, rule) := input.params[subject.environment][rule]

# has_value is true for a present value that is neither null nor "".
has_value(obj, path) if {
	value := object.get(obj, path, null)
	value != null
	value != ""
}

# matches_any is true if a glob of the list matches the text; "*" stays within
# one segment, "**" crosses them.
matches_any(patterns, text, delimiters) if {
	some pattern in patterns
	glob.match(pattern, delimiters, text)
}
