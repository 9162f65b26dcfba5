# METADATA
# title: Host names are within the allowed domains
# description: |-
#   A route with an empty or wildcard host answers for names that nobody gave it, and catches the traffic of others;
#   a name outside of the environment's domains makes a service public that should not be, or under somebody else's
#   name. Read from Ingress, Gateway API, Istio, Traefik, OpenShift, Contour and Knative objects. A Gateway API route
#   without host names has those of its listeners, if they are in the tree. A Route of OpenShift without a host gets one
#   of its own below the router's domain: that is asked about where the allowed domains are configured.
# custom:
#   severity: medium
#   effects: {prod: deny, non-prod: warn}
#   over: {subject: objects, kinds: [Ingress, Gateway, HTTPRoute, TLSRoute, GRPCRoute, VirtualService, IngressRoute, IngressRouteTCP, Route, HTTPProxy, DomainMapping]}
#   scope: subject
#   params:
#     allowedDomains: {type: array, default: [], description: "host names that are allowed, as globs: * is one label, ** any number; empty allows every name that is no wildcard"}
#     allowedWildcards: {type: array, default: [], description: "wildcard hosts that are allowed, exactly as written"}
#   remediation: Name the host, within the domains of the environment.
#   language: yaml
#   before: |-
#     apiVersion: networking.k8s.io/v1
#     kind: Ingress
#     metadata: {name: shop}
#     spec:
#       rules:
#         - http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: shop, port: {number: 80}}}}]}
#   after: |-
#     apiVersion: networking.k8s.io/v1
#     kind: Ingress
#     metadata: {name: shop}
#     spec:
#       rules:
#         - host: shop.example.com
#           http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: shop, port: {number: 80}}}}]}
#   references:
#     - {title: "Kubernetes: Ingress, hostname wildcards", url: "https://kubernetes.io/docs/concepts/services-networking/ingress/#hostname-wildcards"}
#     - {title: "Gateway API: security model", url: "https://gateway-api.sigs.k8s.io/concepts/security-model/"}
#   waivable: "yes"
#   since: 0.1.0
package gate.rules.kubernetes["ingress-host"]

import data.gate.lib
import data.gate.lib.hosts
import data.gate.lib.kubernetes

deny contains finding if {
	some o in input.objects
	o.kind in {"Ingress", "Gateway", "ListenerSet", "XListenerSet", "HTTPRoute", "TLSRoute", "GRPCRoute", "VirtualService", "IngressRoute", "IngressRouteTCP", "Route", "HTTPProxy", "DomainMapping"}
	params := lib.params(o, "kubernetes/ingress-host")
	some h in hosts.of(o)
	fault := fault_of(params, lower(sprintf("%v", [h.host])), object.get(h, "generated", false))
	finding := {"subject": o.id, "path": h.path, "msg": sprintf("%s %q %s", [o.kind, o.name, fault])}
}

fault_of(params, host, generated) := "answers for every host; want a host name" if {
	host in {"", "*"}
	not generated
}

else := sprintf("gets a host name below the router's domain; want one of %s", [kubernetes.quoted(params.allowedDomains)]) if {
	generated
	count(params.allowedDomains) > 0
}

else := sprintf("answers for the wildcard host %q; want a host name", [host]) if {
	contains(host, "*")
	not host in params.allowedWildcards
}

else := sprintf("has the host %q; want one of %s", [host, kubernetes.quoted(params.allowedDomains)]) if {
	not contains(host, "*")
	count(params.allowedDomains) > 0
	not kubernetes.within(params.allowedDomains, host)
}
