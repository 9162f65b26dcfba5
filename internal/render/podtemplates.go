package render

// ClusterScoped says whether a kind is known to have no namespace. Kinds whose
// definitions stand in the tree are not looked up.
func ClusterScoped(apiVersion, kind string) bool { return scopes{}.cluster(apiVersion, kind) }
