package join

import (
	"strings"

	"gate/internal/doc"
	"gate/internal/facts"
)

// destinations are where Argo CD and Flux objects deploy to.
//
// It reads these objects, and writes Index.Destinations.
func destinations(d *document) {
	out := []facts.Destination{}
	for _, i := range d.kinds(argoGroup, "Application", "ApplicationSet") {
		o := d.Objects[i]
		spec := applicationSpec(o)
		dest := doc.Map(o.Manifest, append(spec, "destination")...)
		to := facts.Destination{Subject: o.Subject, Kind: o.Kind, Name: o.Name,
			Cluster: doc.Text(dest, "name"), Server: doc.Text(dest, "server"), Namespace: doc.Text(dest, "namespace")}
		to.Path = append(spec, "destination", "server")
		if to.Cluster != "" {
			to.Path = append(spec, "destination", "name")
		}
		to.Templated = o.Kind == "ApplicationSet" && strings.Contains(to.Cluster+to.Server, "{{")
		to.Here = to.Cluster == "in-cluster" || to.Cluster == "" && inCluster(to.Server)
		out = append(out, to)
	}
	for _, i := range append(d.kinds(fluxKustomize, "Kustomization"), d.kinds(fluxHelm, "HelmRelease")...) {
		o := d.Objects[i]
		to := facts.Destination{Subject: o.Subject, Kind: o.Kind, Name: o.Name, Namespace: doc.Text(o.Manifest, "spec", "targetNamespace"),
			Path: []any{"spec", "kubeConfig", "secretRef", "name"}, Server: doc.Text(o.Manifest, "spec", "kubeConfig", "secretRef", "name")}
		if ref := doc.Text(o.Manifest, "spec", "kubeConfig", "configMapRef", "name"); to.Server == "" && ref != "" {
			to.Server, to.Path = ref, []any{"spec", "kubeConfig", "configMapRef", "name"}
		}
		to.Here = to.Server == ""
		out = append(out, to)
	}
	d.Index.Destinations = out
}

func inCluster(server string) bool {
	return strings.TrimSuffix(server, "/") == "https://kubernetes.default.svc" || strings.TrimSuffix(server, "/") == "https://kubernetes.default.svc.cluster.local"
}
