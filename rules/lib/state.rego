# Package gate.lib.state tells the states of Terraform stacks apart.
package gate.lib.state

# library is true for what nobody applies as it stands: a module that its callers
# give a state and upper bounds, or an example of how it is called.
library(s) if s.role in {"module", "example"}

# identity names the state of a stack. It is undefined for a stack that keeps it to
# itself, and where an attribute that tells two states apart is missing: it comes from
# -backend-config, from a variable, or is chosen when the stack is applied.
identity(s) := sprintf("%s at %s", [s.backend.type, concat(" ", [sprintf("%s=%v", [k, given[k]]) | some k in sort(object.keys(given))])]) if {
	row := places[s.backend.type]
	config := object.union(s.backend.config, {"workspace": workspace(s.backend.config)})
	every name in row.needs { known(config, name) }
	given := {k: v | some k in array.concat(row.needs, row.more); v := config[k]}
}

# workspace is the one that a cloud or remote block names, or the beginning of the
# names of all of its own; "" where it is chosen by tags or at run time.
workspace(config) := name if {
	name := config.workspaces.name
} else := sprintf("%s*", [prefix]) if {
	prefix := config.workspaces.prefix
	prefix != ""
} else := ""

known(config, name) if {
	is_string(config[name])
	config[name] != ""
}

# https://developer.hashicorp.com/terraform/language/backend: what a state is kept
# under, and what else makes another one of it.
places := {
	"s3": {"needs": ["bucket", "key"], "more": ["workspace_key_prefix", "endpoint", "endpoints"]},
	"gcs": {"needs": ["bucket", "prefix"], "more": []},
	"azurerm": {"needs": ["storage_account_name", "container_name", "key"], "more": ["environment"]},
	"http": {"needs": ["address"], "more": []},
	"oss": {"needs": ["bucket", "key"], "more": ["prefix", "endpoint"]},
	"cos": {"needs": ["bucket", "key"], "more": ["prefix", "region"]},
	"oci": {"needs": ["bucket", "namespace", "key"], "more": ["workspace_key_prefix", "region"]},
	"consul": {"needs": ["path", "address"], "more": ["datacenter"]},
	"pg": {"needs": ["conn_str", "schema_name"], "more": []},
	"kubernetes": {"needs": ["secret_suffix", "host"], "more": ["namespace"]},
	"cloud": {"needs": ["organization", "workspace"], "more": ["hostname", "project"]},
	"remote": {"needs": ["organization", "workspace"], "more": ["hostname"]},
}
