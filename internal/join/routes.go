package pipeline

import (
	"cmp"
	"slices"

	"gate/internal/facts"
)

const gatewayGroup = "gateway.networking.k8s.io"

// joinRoutes gives the host names of the listeners to routes that name none:
// such a route serves what its listener serves (Gateway API, HTTPRouteSpec
// hostnames). A listener that is not in the tree, or serves every name, leaves
// the route without.
func (j *joiner) joinRoutes() {
	for _, i := range j.kinds(gatewayGroup, "HTTPRoute", "GRPCRoute", "TLSRoute") {
		o := j.objects[i]
		if len(listAt(o.Manifest, "spec", "hostnames")) > 0 {
			continue
		}
		hosts, all := []string{}, true
		for _, ref := range listAt(o.Manifest, "spec", "parentRefs") {
			got := j.listenerHosts(o, ref)
			all = all && got != nil
			hosts = append(hosts, got...)
		}
		if all && len(hosts) > 0 {
			slices.Sort(hosts)
			j.objects[i].Hosts = slices.Compact(hosts)
		}
	}
}

// listenerHosts are the names of the listeners that a reference attaches to, or
// nil if one of them is unknown or serves every name.
func (j *joiner) listenerHosts(route facts.Object, ref any) []string {
	if cmp.Or(textAt(ref, "kind"), "Gateway") != "Gateway" {
		return nil
	}
	gw := j.find(route, gatewayGroup, "Gateway", cmp.Or(textAt(ref, "namespace"), route.Namespace), textAt(ref, "name"))
	if gw == nil {
		return nil
	}
	var out []string
	section, port := textAt(ref, "sectionName"), at(ref, "port")
	for _, l := range listAt(gw.Manifest, "spec", "listeners") {
		if section != "" && section != textAt(l, "name") || port != nil && port != at(l, "port") {
			continue
		}
		host := textAt(l, "hostname")
		if host == "" {
			return nil
		}
		out = append(out, host)
	}
	return out
}
