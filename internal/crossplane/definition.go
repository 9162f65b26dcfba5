package crossplane

import (
	"maps"

	"gate/internal/doc"
)

// Definitions returns the CustomResourceDefinitions that Crossplane makes of a
// CompositeResourceDefinition: of the composite resource, and of its claim.
// Versions stand in the order of the definition, and a schema in the same
// place: spec.versions[i].schema.openAPIV3Schema. Fields that Crossplane adds
// are not described further.
func Definitions(xrd map[string]any) []map[string]any {
	spec := doc.Map(xrd, "spec")
	if doc.Text(xrd, "kind") != "CompositeResourceDefinition" || doc.Text(spec, "group") == "" {
		return nil
	}
	scope := "Cluster"
	if doc.Text(spec, "scope") == "Namespaced" { // of apiextensions.crossplane.io/v2; LegacyCluster has claims
		scope = "Namespaced"
	}
	var out []map[string]any
	if names := doc.Map(spec, "names"); doc.Text(names, "kind") != "" {
		out = append(out, definition(spec, names, scope, compositeFields))
	}
	if names := doc.Map(spec, "claimNames"); doc.Text(names, "kind") != "" {
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
	for _, v := range doc.List(spec, "versions") {
		schema := doc.Map(doc.Clone(doc.Map(v, "schema", "openAPIV3Schema")))
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
			"name": doc.At(v, "name"), "served": doc.At(v, "served"), "storage": doc.At(v, "referenceable"), "schema": map[string]any{"openAPIV3Schema": schema},
		})
	}
	return map[string]any{
		"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
		"metadata": map[string]any{"name": doc.Text(names, "plural") + "." + doc.Text(spec, "group")},
		"spec":     map[string]any{"group": spec["group"], "scope": scope, "names": maps.Clone(names), "versions": versions},
	}
}

// ensure returns the object at a key, making it if it is none.
func ensure(m map[string]any, key string) map[string]any {
	o := doc.Map(m, key)
	if o == nil {
		o = map[string]any{}
		m[key] = o
	}
	return o
}
