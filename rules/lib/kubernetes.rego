# Package gate.lib.kubernetes is what more than one rule about Kubernetes
# objects needs.
package gate.lib.kubernetes

import data.gate.lib

# pods lists the pod templates of an object: the fact, the path of the pod spec
# and the spec itself.
pods(o) := [{"fact": pod, "path": pod.path, "spec": object.get(o.manifest, pod.path, {})} |
	some pod in object.get(o, "pods", [])
]

# containers lists the containers of a pod spec of all three kinds.
containers(spec) := [c |
	some field in ["initContainers", "containers", "ephemeralContainers"]
	some c in spec[field]
]

# exempt is true for an object that a parameter of globs over namespace/name
# lists.
exempt(patterns, namespace, name) if lib.matches_any(patterns, sprintf("%s/%s", [namespace, name]), ["/"])

# within is true for a host name in one of the domains: "*" stands for one
# label, "**" for any number.
within(domains, host) if lib.matches_any(domains, lower(host), ["."])

# rules lists the rules of a role with their index.
rules(o) := [{"index": i, "rule": r} |
	o.group == "rbac.authorization.k8s.io"
	o.kind in {"Role", "ClusterRole"}
	some i, r in o.manifest.rules
]

# quoted joins texts as a person would list them.
quoted(list) := concat(", ", [sprintf("%q", [x]) | some x in list])
