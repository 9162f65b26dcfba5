package join

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestRoutes(t *testing.T) {
	t.Parallel()
	const gateways = `
---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: edge, namespace: ingress}
spec:
  listeners:
    - {name: web, hostname: b.example.com, port: 80}
    - {name: tls, hostname: a.example.com, port: 443}
---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: any, namespace: shop}
spec: {listeners: [{name: named, hostname: c.example.com, port: 80}, {name: all, port: 81}]}
---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: odd, namespace: shop}
spec: {listeners: [{name: odd, hostname: d.example.com, port: {number: 80}}]}
`
	for _, c := range []struct {
		name, kind, spec string
		want             []string
	}{
		{"every listener", "HTTPRoute", "{parentRefs: [{name: edge, namespace: ingress}]}", []string{"a.example.com", "b.example.com"}},
		{"each name once", "GRPCRoute", "{parentRefs: [{name: edge, namespace: ingress}, {name: edge, namespace: ingress, sectionName: web}]}", []string{"a.example.com", "b.example.com"}},
		{"by section", "TLSRoute", "{parentRefs: [{name: edge, namespace: ingress, sectionName: tls}]}", []string{"a.example.com"}},
		{"by port", "HTTPRoute", "{parentRefs: [{name: edge, namespace: ingress, port: 80}]}", []string{"b.example.com"}},
		{"of the route's namespace", "HTTPRoute", "{parentRefs: [{name: any, sectionName: named}]}", []string{"c.example.com"}},
		{"names of its own", "HTTPRoute", "{hostnames: [x.example.com], parentRefs: [{name: edge, namespace: ingress}]}", nil},
		{"a listener of every name", "HTTPRoute", "{parentRefs: [{name: any}]}", nil},
		{"one gateway is elsewhere", "HTTPRoute", "{parentRefs: [{name: edge, namespace: ingress}, {name: none}]}", nil},
		{"of a service", "HTTPRoute", "{parentRefs: [{name: edge, namespace: ingress, kind: Service}]}", nil},
		{"of no such section", "HTTPRoute", "{parentRefs: [{name: edge, namespace: ingress, sectionName: none}]}", nil},
		{"no route", "UDPRoute", "{parentRefs: [{name: edge, namespace: ingress}]}", nil},
		{"ports of another shape", "HTTPRoute", "{parentRefs: [{name: odd, port: {number: 80}}]}", []string{"d.example.com"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			d := documentOf(t, prod(`
apiVersion: gateway.networking.k8s.io/v1
kind: `+c.kind+`
metadata: {name: r, namespace: shop}
spec: `+c.spec+gateways))
			routes(d)
			if diff := cmp.Diff(c.want, d.Objects[0].Hosts); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}
