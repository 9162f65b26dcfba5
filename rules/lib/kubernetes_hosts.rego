# Package gate.lib.hosts reads the host names that objects answer for. Each one
# is {host, path}; the host "" or "*" is every host. Listeners without names
# (TCP, UDP) and names of services inside the mesh are left out.
package gate.lib.hosts

import data.gate.lib

# of lists the hosts of an object of any API that exposes services.
of(o) := ingress(o) if o.kind == "Ingress"

of(o) := gateway(o.manifest.spec) if {
	o.group in {"gateway.networking.k8s.io", "gateway.networking.x-k8s.io"}
	o.kind in {"Gateway", "ListenerSet", "XListenerSet"}
}

of(o) := route(o) if {
	o.group == "gateway.networking.k8s.io"
	o.kind in {"HTTPRoute", "GRPCRoute", "TLSRoute"}
}

of(o) := istio_gateway(o.manifest.spec) if {
	o.group == "networking.istio.io"
	o.kind == "Gateway"
}

of(o) := virtual_service(o.manifest.spec) if {
	o.group == "networking.istio.io"
	o.kind == "VirtualService"
}

of(o) := traefik(o.manifest.spec) if {
	o.group in {"traefik.io", "traefik.containo.us"}
	o.kind in {"IngressRoute", "IngressRouteTCP"}
}

of(o) := openshift(o.manifest.spec) if {
	o.group == "route.openshift.io"
	o.kind == "Route"
}

of(o) := [{"host": lib.text(v, "fqdn"), "path": ["spec", "virtualhost", "fqdn"]} | v := o.manifest.spec.virtualhost; is_object(v)] if {
	o.group == "projectcontour.io" # a proxy without virtual host is included by another one
	o.kind == "HTTPProxy"
}

of(o) := [{"host": o.name, "path": ["metadata", "name"]}] if {
	o.group == "serving.knative.dev"
	o.kind == "DomainMapping"
}

# A rule without host serves every host; so does the default backend. Nginx
# takes further names from an annotation.
ingress(o) := array.concat(
	array.concat(rules(o), aliases(o)),
	[{"host": "", "path": ["spec", field]} |
		some field in ["defaultBackend", "backend"]
		is_object(o.manifest.spec[field])
	],
)

rules(o) := [{"host": lib.text(r, "host"), "path": ["spec", "rules", i, "host"]} | some i, r in o.manifest.spec.rules]

aliases(o) := [{"host": name, "path": path} |
	path := ["metadata", "annotations", "nginx.ingress.kubernetes.io/server-alias"]
	some part in split(lib.text(o.manifest, path), ",")
	name := trim_space(part)
	name != ""
]

gateway(spec) := [{"host": lib.text(l, "hostname"), "path": ["spec", "listeners", i, "hostname"]} |
	some i, l in spec.listeners
	not lib.text(l, "protocol") in {"TCP", "UDP"}
]

route(o) := [{"host": h, "path": ["spec", "hostnames", i]} | some i, h in names] if {
	names := lib.list(o.manifest, ["spec", "hostnames"])
	count(names) > 0
} else := [{"host": h, "path": ["spec", "hostnames"]} | some h in o.hosts] if {
	o.hosts
} else := [] if {
	parents := lib.list(o.manifest, ["spec", "parentRefs"])
	every ref in parents { # a route of the mesh is reached by the service's name
		ref.kind in {"Service", "ServiceEntry"}
	}
	count(parents) > 0
} else := [{"host": "", "path": ["spec", "hostnames"]}]

# Hosts are "name" or "namespace/name"; "./*" and "*/*" are every host.
istio_gateway(spec) := [{"host": name, "path": ["spec", "servers", i, "hosts", k]} |
	some i, server in spec.servers
	not lib.text(server, ["port", "protocol"]) in {"TCP", "MONGO", "MYSQL"}
	some k, host in server.hosts
	is_string(host)
	parts := split(host, "/")
	name := parts[count(parts) - 1]
]

# A virtual service without gateways, or for "mesh" alone, is not exposed. "*"
# stands for the hosts of its gateways, which are judged there.
virtual_service(spec) := [{"host": host, "path": ["spec", "hosts", i]} |
	some gateway in spec.gateways
	gateway != "mesh"
	some i, host in spec.hosts
	is_string(host)
	host != "*"
	contains(host, ".")
	not regex.match(`\.svc(\.cluster\.local)?$`, host)
]

# The matcher names hosts in backticks or quotes: Host(`a`, `b`) || HostSNI(`c`).
traefik(spec) := [h |
	some i, r in spec.routes
	some h in matched(lib.text(r, "match"), ["spec", "routes", i, "match"])
]

matched(text, path) := [{"host": host, "path": path} | some host in names] if {
	bounded(text)
	names := {name |
		some call in regex.find_all_string_submatch_n(matcher, text, -1)
		call[1] in host_matchers
		some quoted in regex.find_all_string_submatch_n("`([^`]*)`|\"([^\"]*)\"", call[2], -1)
		name := named(call[1], concat("", [quoted[1], quoted[2]]))
	}
	count(names) > 0
} else := [{"host": "", "path": path}]

host_matchers := {"Host", "HostHeader", "HostSNI", "HostRegexp", "HostSNIRegexp"}

# matcher is one call of an expression; its quoted arguments may hold brackets.
matcher := "([A-Za-z]+)\\(((?:`[^`]*`|\"[^\"]*\"|[^)`\"])*)\\)"

# bounded is true if the expression cannot hold for a host that it does not
# name. H is a call that names hosts, P any other.
bounded(text) if {
	calls := regex.replace(regex.replace(text, matcher, "<$1>"), `\s`, "")
	letters := regex.replace(regex.replace(calls, `<(Host|HostHeader|HostSNI|HostRegexp|HostSNIRegexp)>`, "H"), `<[A-Za-z]+>`, "P")
	regex.match(`^H(\|\|H)*$`, simpler(simpler(simpler(simpler(letters)))))
}

# simpler settles what stands innermost: a negated host is any other one, one
# host is enough in a conjunction, and each alternative needs its own.
simpler(text) := regex.replace(regex.replace(plain, `\((H\|\|)*P(\|\|[HP])*\)`, "P"), `\(H(\|\|H)*\)`, "H") if {
	positive := regex.replace(text, `![HP]`, "P")
	paths := regex.replace(regex.replace(positive, `P(&&P)+`, "P"), `P&&H`, "H")
	plain := regex.replace(paths, `H(&&[HP])+`, "H")
}

named(call, name) := name if not endswith(call, "Regexp")

named(call, pattern) := sprintf("*%s*", [pattern]) if endswith(call, "Regexp")

# Without a host the router makes one up.
# A route without a host gets one from the router, of its own: NAME-NAMESPACE or
# the subdomain, below the domain of the router
# (https://docs.redhat.com/en/documentation/openshift_container_platform/4.17/html/networking/configuring-routes).
openshift(spec) := [{"host": sprintf("*.%s", [lib.text(spec, "host")]), "path": ["spec", "wildcardPolicy"]}] if {
	spec.wildcardPolicy == "Subdomain"
} else := [{"host": lib.text(spec, "host"), "path": ["spec", "host"]}] if {
	lib.text(spec, "host") != ""
} else := [{"host": "", "path": ["spec", "host"], "generated": true}]
