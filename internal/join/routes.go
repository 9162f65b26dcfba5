package join

import (
	"cmp"
	"reflect"
	"slices"

	"gate/internal/doc"
	"gate/internal/facts"
)

const gatewayGroup = "gateway.networking.k8s.io"

// routes gives the host names of the listeners to routes that name none: such a
// route serves what its listener serves (Gateway API, HTTPRouteSpec hostnames).
// A listener that is not in the tree, or serves every name, leaves the route
// without.
//
// It reads routes and gateways, and writes Hosts of the routes.
func routes(d *document) {
	for _, i := range d.kinds(gatewayGroup, "HTTPRoute", "GRPCRoute", "TLSRoute") {
		o := d.Objects[i]
		if len(doc.List(o.Manifest, "spec", "hostnames")) > 0 {
			continue
		}
		hosts, all := []string{}, true
		for _, ref := range doc.List(o.Manifest, "spec", "parentRefs") {
			got := listenerHosts(d, o, ref)
			all = all && got != nil
			hosts = append(hosts, got...)
		}
		if all && len(hosts) > 0 {
			slices.Sort(hosts)
			d.Objects[i].Hosts = slices.Compact(hosts)
		}
	}
}

// listenerHosts are the names of the listeners that a reference attaches to, or
// nil if one of them is unknown or serves every name.
func listenerHosts(d *document, route facts.Object, ref any) []string {
	if cmp.Or(doc.Text(ref, "kind"), "Gateway") != "Gateway" {
		return nil
	}
	gw := d.find(route, gatewayGroup, "Gateway", cmp.Or(doc.Text(ref, "namespace"), route.Namespace), doc.Text(ref, "name"))
	if gw == nil {
		return nil
	}
	var out []string
	section, port := doc.Text(ref, "sectionName"), doc.At(ref, "port")
	for _, l := range doc.List(gw.Manifest, "spec", "listeners") {
		if section != "" && section != doc.Text(l, "name") || port != nil && !reflect.DeepEqual(port, doc.At(l, "port")) {
			continue
		}
		host := doc.Text(l, "hostname")
		if host == "" {
			return nil
		}
		out = append(out, host)
	}
	return out
}
