# Package gate.lib is what more than one rule needs.
package gate.lib

# params returns the merged parameters of a rule for a subject's environment.
params(subject, rule) := input.params[subject.environment][rule]

# has_value is true for a present value that is neither null nor "".
has_value(obj, path) if {
	is_object(obj)
	value := object.get(obj, path, null)
	value != null
	value != ""
}

# list and text read what a person wrote: [] and "" for what is not there, is
# null or has another type. An object that is wrong in one field must not keep a
# rule from judging the others.
list(obj, path) := value if {
	is_object(obj)
	value := object.get(obj, path, [])
	is_array(value)
} else := []

text(obj, path) := value if {
	is_object(obj)
	value := object.get(obj, path, "")
	is_string(value)
} else := ""

# everything is true for a pattern that leaves nothing out: "*", "**", "https://*".
everything(pattern) if {
	is_string(pattern)
	regex.match(`^([a-z+]+://)?[*/]*[*]$`, pattern)
}

# matches_any is true if a glob of the list matches the text; "*" stays within
# one segment, "**" crosses them.
matches_any(patterns, text, delimiters) if {
	some pattern in patterns
	glob.match(pattern, delimiters, text)
}

# beside is true where what an entry of the index makes counts for another one:
# what is applied counts for all, a variant of a unit for itself, and one that a
# file or a link makes for those that others make of other units.
beside(lender, _) if not input.index.variants[unit_of(lender)]

beside(lender, entry) if unit_of(lender) == unit_of(entry)

beside(lender, entry) if {
	a := input.index.variants[unit_of(lender)]
	b := input.index.variants[unit_of(entry)]
	a.by in {"file", "link"}
	a.by == b.by
	a.of != b.of
}

unit_of(entry) := split(entry.id, "#")[0]

# applied is true for a change of an object that reaches the cluster, or may: not
# where what deploys it leaves the object as it is, or behind when it goes.
applied(o) if not text(o, ["change", "outcome"]) in {"not-applied", "orphaned"}

# doubt is why it is not known whether a change of an object reaches the cluster,
# as it ends a message; nothing where it is known.
doubt(o) := sprintf(" (whether it is applied is not known: %s)", [o.change.why]) if {
	o.change.outcome == "unknown"
} else := ""
