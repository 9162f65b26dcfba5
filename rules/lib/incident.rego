# Package gate.lib.incident finds the incident that a change names. A reference
# is looked for behind the word "Incident", so that a number that happens to
# stand in a description is none; texts come without HTML comments and code
# fences, in which templates keep their examples.
package gate.lib.incident

# in_text returns the references that lines such as "Incident: INC-1234",
# "**Incident link:** <https://…>" or "Incident #1234" name, in the given form.
in_text(text, form) := {reference |
	some line in split(text, "\n")
	parts := regex.find_all_string_submatch_n(`(?i)^[\s>*_#|-]*incident(?:[ _-](?:id|link|number|ref|reference|ticket|url))?[\s*_|]*[:#|=][\s*_|]*(.+)$`, line, 1)[0]
	some reference in in_value(parts[1], form)
}

# in_value returns the words of a value that have the form, without the signs
# that Markdown puts around them. A number of zeros is a placeholder.
in_value(value, form) := {word |
	some raw in regex.split(`[\s\[\]()<>,;|"'\x60*]+`, value)
	word := trim_right(raw, ".:_")
	regex.match(sprintf(`^(?:%s)$`, [form]), word)
	not regex.match(`^[A-Za-z]+-?0+$`, word)
}

# in_labels returns the references of labels such as "incident:INC-1234" or
# "INC-1234".
in_labels(labels, form) := {reference |
	some label in labels
	value := regex.replace(label, `(?i)^incident\s*[:/= ]\s*`, "")
	some reference in in_value(value, form)
}

# emergency_labels returns those labels of a change that declare it an
# emergency.
emergency_labels(change, labels) := {label |
	some label in change.pullRequest.labels
	some known in labels
	lower(label) == lower(known)
}
