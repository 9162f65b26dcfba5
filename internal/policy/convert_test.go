package policy

import (
	"encoding/json"
	"strings"
	"testing"

	"gate/internal/facts"

	"github.com/open-policy-agent/opa/v1/ast"
)

// The converter says what encoding/json says.
func TestDocumentEqualsJSON(t *testing.T) {
	n := int64(3)
	f := &facts.Facts{
		Schema: facts.Schema,
		Change: facts.Change{Subject: facts.Subject{ID: "change"}, Trailers: map[string]string{"b": "2", "a": "1"}, PullRequest: &facts.PullRequest{Number: 7}},
		Objects: []facts.Object{{
			Subject: facts.Subject{ID: "x", Scope: facts.Scope{Environment: "prod", Regulated: true}},
			Manifest: map[string]any{
				"int": int64(1) << 40, "float": 1.5, "big": 1e30, "small": 1e-9, "neg": -0.25, "null": nil, "list": []any{true, "é<>&", []any{}},
				"map": map[string]any{}, "nilmap": map[string]any(nil), "nillist": []any(nil), "strings": []string{"a"}, "number": json.Number("12.50"),
			},
			Change: &facts.ResourceChange{Action: "updated", Before: map[string]any{"a": 1}},
		}},
		Containers: []facts.Container{{Workload: facts.Workload{Replicas: &n}}, {}},
		Params:     map[string]map[string]map[string]any{"": {"r": {"p": []any{"x", int64(2)}}}},
	}
	text, err := json.Marshal(f)
	if err != nil {
		t.Fatal(err)
	}
	want, err := ast.ValueFromReader(strings.NewReader(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	got, err := document(f)
	if err != nil {
		t.Fatal(err)
	}
	if want.Compare(got) != 0 {
		t.Errorf("the values differ:\nwant %s\ngot  %s", want, got)
	}
	if want.Hash() != got.Hash() {
		t.Error("the hashes differ")
	}
}
