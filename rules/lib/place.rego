# Package gate.lib.place says once for an environment what holds for all of it.
package gate.lib.place

# subject stands for the environment of an object, or for the repository where
# there is none; name ends a message about it.
subject(o) := sprintf("environment/%s", [o.environment]) if o.environment != ""

subject(o) := input.repository.id if o.environment == ""

name(o) := sprintf("of %q", [o.environment]) if o.environment != ""

name(o) := "of this repository" if o.environment == ""
