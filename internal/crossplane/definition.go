package crossplane

import "maps"

// Definitions returns the CustomResourceDefinitions that Crossplane makes of a
// CompositeResourceDefinition: of the composite resource, and of its claim.
// Versions stand in the order of the definition, and a schema in the same
// place: spec.versions[i].schema.openAPIV3Schema. Fields that Crossplane adds
// are not described further.
func Definitions(xrd map[string]any) []map[string]any {
	spec := object(xrd["spec"])
	if text(xrd["kind"]) != "CompositeResourceDefinition" || text(spec["group"]) == "" {
		return nil
	}
	scope := "Cluster"
	if text(spec["scope"]) == "Namespaced" { // of apiextensions.crossplane.io/v2; LegacyCluster has claims
		scope = "Namespaced"
	}
	var out []map[string]any
	if names := object(spec["names"]); text(names["kind"]) != "" {
		out = append(out, definition(spec, names, scope, compositeFields))
	}
	if names := object(spec["claimNames"]); text(names["kind"]) != "" {
		out = append(out, definition(spec, names, "Namespaced", claimFields))
	}
	return out
}

// What Crossplane adds to the spec of composite resources and of claims
// (crossplane/crossplane, internal/xcrd/schemas.go).
var (
	compositeFields = []string{
		"crossplane", "claimRef", "compositionRef", "compositionSelector", "compositionRevisionRef", "compositionRevisionSelector",
		"compositionUpdatePolicy", "environmentConfigRefs", "publishConnectionDetailsTo", "resourceRefs", "writeConnectionSecretToRef",
	}
	claimFields = []string{
		"compositeDeletePolicy", "compositionRef", "compositionSelector", "compositionRevisionRef", "compositionRevisionSelector",
		"compositionUpdatePolicy", "publishConnectionDetailsTo", "resourceRef", "writeConnectionSecretToRef",
	}
	statusFields = []string{"claimConditionTypes", "conditions", "connectionDetails", "crossplane"}
)

func definition(spec, names map[string]any, scope string, fields []string) map[string]any {
	versions := []any{}
	list, _ := spec["versions"].([]any)
	for _, e := range list {
		v := object(e)
		schema := object(clone(object(object(v["schema"])["openAPIV3Schema"])))
		if schema == nil {
			schema = map[string]any{}
		}
		schema["type"] = "object"
		properties := ensure(schema, "properties")
		properties["apiVersion"], properties["kind"] = map[string]any{"type": "string"}, map[string]any{"type": "string"}
		properties["metadata"] = map[string]any{"type": "object"}
		for name, added := range map[string][]string{"spec": fields, "status": statusFields} {
			part := ensure(properties, name)
			part["type"] = "object"
			under := ensure(part, "properties")
			for _, f := range added {
				if under[f] == nil {
					under[f] = map[string]any{"x-kubernetes-preserve-unknown-fields": true}
				}
			}
		}
		versions = append(versions, map[string]any{
			"name": v["name"], "served": v["served"], "storage": v["referenceable"], "schema": map[string]any{"openAPIV3Schema": schema},
		})
	}
	return map[string]any{
		"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
		"metadata": map[string]any{"name": text(names["plural"]) + "." + text(spec["group"])},
		"spec":     map[string]any{"group": spec["group"], "scope": scope, "names": maps.Clone(names), "versions": versions},
	}
}

// ensure returns the object at a key, making it if it is none.
func ensure(m map[string]any, key string) map[string]any {
	o := object(m[key])
	if o == nil {
		o = map[string]any{}
		m[key] = o
	}
	return o
}
