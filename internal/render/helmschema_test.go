package render

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"helm.sh/helm/v3/pkg/chart"
)

// A reference is followed inside of the chart; what is outside of it is told, and
// the rest of the schema counts.
func TestSchemaReferences(t *testing.T) {
	t.Parallel()
	remote := `"https://example.com/s.json"`
	for _, c := range []struct {
		name, schema string
		files        map[string]string
		values       map[string]any
		outside      []string
		err          string // a part of it; empty: the values fit
	}{
		{name: "a file of the host", schema: `{"$ref": "file:///etc/passwd"}`, outside: []string{"file:///etc/passwd"}},
		{name: "a page", schema: `{"$ref": ` + remote + `}`, outside: []string{"https://example.com/s.json"}},
		{name: "the rest counts", schema: `{"properties": {"a": {"$ref": "https://example.com/s.json#/definitions/a"}, "b": {"type": "integer"}}}`,
			values: map[string]any{"a": "x", "b": "x"}, outside: []string{"https://example.com/s.json#/definitions/a"}, err: "got string, want integer"},
		{name: "beside it counts", schema: `{"properties": {"b": {"$ref": ` + remote + `, "type": "integer"}}}`,
			values: map[string]any{"b": "x"}, outside: []string{"https://example.com/s.json"}, err: "got string, want integer"},
		{name: "beside it does not count in old drafts", schema: `{"$schema": "http://json-schema.org/draft-07/schema#", "properties": {"b": {"$ref": ` + remote + `, "type": "integer"}}}`,
			values: map[string]any{"b": "x"}, outside: []string{"https://example.com/s.json"}},
		{name: "a file of the chart", schema: `{"properties": {"a": {"$ref": "schemas/a.json#/$defs/a"}}}`,
			files: map[string]string{"schemas/a.json": `{"$defs": {"a": {"type": "integer"}}}`}, values: map[string]any{"a": "x"}, err: "got string, want integer"},
		{name: "a file of the chart that leads outside", schema: `{"properties": {"a": {"$ref": "a.json"}}}`,
			files: map[string]string{"a.json": `{"$ref": ` + remote + `}`}, values: map[string]any{"a": "x"}, outside: []string{"https://example.com/s.json"}},
		{name: "above the chart", schema: `{"$ref": "../../../etc/passwd"}`, outside: []string{"../../../etc/passwd"}},
		{name: "itself by its name", schema: `{"$id": "https://example.com/own.json", "$defs": {"a": {"type": "integer"}}, "properties": {"a": {"$ref": "https://example.com/own.json#/$defs/a"}}}`,
			values: map[string]any{"a": "x"}, err: "got string, want integer"},
		{name: "an own dialect", schema: `{"$schema": "https://example.com/dialect", "type": "object"}`, outside: []string{"https://example.com/dialect"}},
		{name: "none of what is unknown", schema: `{"not": {"$ref": ` + remote + `}}`, outside: []string{"https://example.com/s.json"}},
		{name: "one of what is unknown", schema: `{"properties": {"a": {"oneOf": [{"$ref": ` + remote + `}, {"type": "string"}]}}}`,
			values: map[string]any{"a": "x"}, outside: []string{"https://example.com/s.json"}},
		{name: "a value that is called so", schema: `{"properties": {"$ref": {"type": "string"}, "a": {"enum": [{"$ref": "https://example.com/x"}]}}}`,
			values: map[string]any{"$ref": "https://example.com/y"}},
		{name: "a property that is called default", schema: `{"properties": {"default": {"$ref": ` + remote + `}}}`, outside: []string{"https://example.com/s.json"}},
		{name: "what is not there", schema: `{"$ref": "#/$defs/none"}`, err: "none"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			ch := &chart.Chart{Schema: []byte(c.schema)}
			for name, data := range c.files {
				ch.Files = append(ch.Files, &chart.File{Name: name, Data: []byte(data)})
			}
			if c.values == nil {
				c.values = map[string]any{}
			}
			outside, err := checkSchema(ch, c.values)
			if diff := cmp.Diff(c.outside, outside); diff != "" {
				t.Errorf("outside: -want +got:\n%s", diff)
			}
			if c.err == "" && err != nil || c.err != "" && (err == nil || !strings.Contains(err.Error(), c.err)) {
				t.Errorf("got %v, want %q", err, c.err)
			}
		})
	}
}
