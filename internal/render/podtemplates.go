package render

import "gate/internal/source"

// PodTemplates returns the paths of the pod templates in a manifest; the empty
// path says that the object is a pod itself.
func PodTemplates(manifest map[string]any) []source.Path {
	var out []source.Path
	for _, t := range podTemplates(manifest) {
		out = append(out, t.at)
	}
	return out
}

// ClusterScoped says whether a kind is known to have no namespace. Kinds whose
// definitions stand in the tree are not looked up.
func ClusterScoped(apiVersion, kind string) bool { return scopes{}.cluster(apiVersion, kind) }
