package crossplane

import (
	"slices"
	"testing"

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
	claim := object(got[1]["spec"])
	if claim["scope"] != "Namespaced" || object(got[0]["spec"])["scope"] != "Cluster" || object(got[1]["metadata"])["name"] != "databases.acme.example.com" {
		t.Errorf("claim: %v", got[1])
	}
	version := object(claim["versions"].([]any)[0])
	if version["storage"] != true || version["served"] != true {
		t.Errorf("version: %v", version)
	}
	schema := object(object(version["schema"])["openAPIV3Schema"])
	spec := object(object(schema["properties"])["spec"])
	if diff := cmp.Diff([]any{"size"}, spec["required"]); diff != "" {
		t.Error(diff)
	}
	fields := sortedFields(object(spec["properties"]))
	for _, want := range []string{"size", "resourceRef", "compositionSelector", "writeConnectionSecretToRef"} {
		if !slices.Contains(fields, want) {
			t.Errorf("a claim lacks %s: %v", want, fields)
		}
	}
	// The definition itself stays as it is.
	own := object(object(object(object(object(xrd["spec"])["versions"].([]any)[0])["schema"])["openAPIV3Schema"])["properties"])
	if diff := cmp.Diff([]string{"spec"}, sortedFields(own)); diff != "" {
		t.Error(diff)
	}
	object(xrd["spec"])["scope"] = "Namespaced"
	delete(object(xrd["spec"]), "claimNames")
	if got := Definitions(xrd); len(got) != 1 || object(got[0]["spec"])["scope"] != "Namespaced" {
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
