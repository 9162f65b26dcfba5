package terraform

import (
	"strings"

	"gate/internal/doc"
	"gate/internal/facts"
)

// azapiBody is where resources of Azure/azapi hold the body of a request.
var azapiBody = []string{"body"}

// azapiResource says whether a type is one that holds the body of a request.
func azapiResource(typ string) bool { return typ == "azapi_resource" || typ == "azapi_update_resource" }

// azapiType is the type of Azure that a resource names, without the version.
func azapiType(r *facts.Resource) string {
	values := r.After
	if values == nil {
		values = r.Before
	}
	typ, _, _ := strings.Cut(doc.Text(values, "type"), "@")
	return typ
}

// bodyOf is the body of a request: an object, or text in JSON, which may be known in
// part only.
func bodyOf(values map[string]any, documents []facts.ResourceDocument) any {
	if body, ok := values["body"].(map[string]any); ok {
		return body
	}
	for _, d := range documents {
		if len(d.Path) == 1 && d.Path[0] == "body" {
			return d.Value
		}
	}
	if text, ok := values["body"].(string); ok {
		if body, ok := parseDocument(text); ok {
			return body
		}
	}
	return nil
}
