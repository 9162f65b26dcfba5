package join

import (
	"cmp"
	"strings"

	"gate/internal/doc"
	"gate/internal/facts"
)

// destinations are where Argo CD and Flux objects deploy to.
//
// It reads these objects, and writes Index.Destinations.
func destinations(d *document) {
	out := []facts.Destination{}
	for _, i := range deliverers(d) {
		out = append(out, destinationOf(d.Objects[i]))
	}
	d.Index.Destinations = out
}

// destinationOf is where an object of Argo CD or Flux deploys to.
func destinationOf(o facts.Object) facts.Destination {
	to := facts.Destination{Subject: o.Subject, Kind: o.Kind, Name: o.Name}
	if o.Group == argoGroup {
		spec := applicationSpec(o)
		dest := doc.Map(o.Manifest, append(spec, "destination")...)
		to.Cluster, to.Server, to.Namespace = doc.Text(dest, "name"), doc.Text(dest, "server"), doc.Text(dest, "namespace")
		to.Path = append(spec, "destination", "server")
		if to.Cluster != "" {
			to.Path = append(spec, "destination", "name")
		}
		to.Templated = o.Kind == "ApplicationSet" && strings.Contains(to.Cluster+to.Server, "{{")
		to.Here = here(to.Cluster, to.Server)
		return to
	}
	to.Namespace = doc.Text(o.Manifest, "spec", "targetNamespace")
	to.Path, to.Server = []any{"spec", "kubeConfig", "secretRef", "name"}, doc.Text(o.Manifest, "spec", "kubeConfig", "secretRef", "name")
	if ref := doc.Text(o.Manifest, "spec", "kubeConfig", "configMapRef", "name"); to.Server == "" && ref != "" {
		to.Server, to.Path = ref, []any{"spec", "kubeConfig", "configMapRef", "name"}
	}
	to.Here = to.Server == ""
	return to
}

// here says whether a destination is the cluster of the controller itself.
func here(cluster, server string) bool {
	return cluster == "in-cluster" || cluster == "" && inCluster(server)
}

// elsewhere is the name or address of a cluster that is another one than that
// of the controller, "" if none is named.
func elsewhere(cluster, server string) string {
	if here(cluster, server) {
		return ""
	}
	return cmp.Or(cluster, server)
}

func inCluster(server string) bool {
	return strings.TrimSuffix(server, "/") == "https://kubernetes.default.svc" || strings.TrimSuffix(server, "/") == "https://kubernetes.default.svc.cluster.local"
}
