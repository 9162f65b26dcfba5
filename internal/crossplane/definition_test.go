package crossplane

import (
	"slices"
	"testing"

	"gate/internal/doc"

	"github.com/google/go-cmp/cmp"
)

func TestDefinitions(t *testing.T) {
	xrd, _ := parse(t, `
apiVersion: apiextensions.crossplane.io/v1
kind: CompositeResourceDefinition
metadata: {name: xdatabases.acme.example.com}
spec:
  group: acme.example.com
  names: {kind: XDatabase, plural: xdatabases}
  claimNames: {kind: Database, plural: databases}
  versions:
    - name: v1
      served: true
      referenceable: true
      schema:
        openAPIV3Schema:
          type: object
          properties:
            spec:
              type: object
              required: [size]
              properties:
                size: {type: string}
`)
	got := Definitions(xrd)
	if len(got) != 2 {
		t.Fatalf("%d definitions", len(got))
	}
	claim := doc.Map(got[1], "spec")
	if claim["scope"] != "Namespaced" || doc.Text(got[0], "spec", "scope") != "Cluster" || doc.Text(got[1], "metadata", "name") != "databases.acme.example.com" {
		t.Errorf("claim: %v", got[1])
	}
	version := doc.Map(claim, "versions", 0)
	if version["storage"] != true || version["served"] != true {
		t.Errorf("version: %v", version)
	}
	schema := doc.Map(version, "schema", "openAPIV3Schema")
	spec := doc.Map(schema, "properties", "spec")
	if diff := cmp.Diff([]any{"size"}, spec["required"]); diff != "" {
		t.Error(diff)
	}
	fields := sortedFields(doc.Map(spec, "properties"))
	for _, want := range []string{"size", "resourceRef", "compositionSelector", "writeConnectionSecretToRef"} {
		if !slices.Contains(fields, want) {
			t.Errorf("a claim lacks %s: %v", want, fields)
		}
	}
	// The definition itself stays as it is.
	own := doc.Map(xrd, "spec", "versions", 0, "schema", "openAPIV3Schema", "properties")
	if diff := cmp.Diff([]string{"spec"}, sortedFields(own)); diff != "" {
		t.Error(diff)
	}
	doc.Map(xrd, "spec")["scope"] = "Namespaced"
	delete(doc.Map(xrd, "spec"), "claimNames")
	if got := Definitions(xrd); len(got) != 1 || doc.Text(got[0], "spec", "scope") != "Namespaced" {
		t.Errorf("namespaced: %v", got)
	}
	if got := Definitions(map[string]any{"kind": "CompositeResourceDefinition"}); got != nil {
		t.Errorf("broken: %v", got)
	}
}

func sortedFields(m map[string]any) []string {
	out := []string{}
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}
