package terraform

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// A policy document is written as the provider does: what AWS takes as one or
// as a list is kept, and what is not known is marked.
func TestRenderPolicy(t *testing.T) {
	t.Parallel()
	statement := func(effect string) map[string]any { return map[string]any{"effect": effect, "actions": []any{"s3:*"}} }
	read := map[string]any{"Effect": "Allow", "Action": "s3:*"}
	for _, c := range []struct {
		name           string
		after, unknown map[string]any
		want           map[string]any
		partial        bool
	}{
		{"nothing", nil, nil, map[string]any{"Version": "2012-10-17", "Statement": []any{}}, false},
		{"a version", map[string]any{"version": "2008-10-17"}, nil, map[string]any{"Version": "2008-10-17", "Statement": []any{}}, false},
		{"one block that is no list", map[string]any{"statement": statement("Allow")}, nil, map[string]any{"Version": "2012-10-17", "Statement": []any{read}}, false},
		{"a source document with one statement", map[string]any{"source_policy_documents": []any{`{"Statement": {"Effect": "Deny"}}`}, "statement": []any{statement("Allow")}}, nil,
			map[string]any{"Version": "2012-10-17", "Statement": []any{map[string]any{"Effect": "Deny"}, read}}, false},
		{"a source document with a list", map[string]any{"source_policy_documents": []any{`{"Statement": [{"Effect": "Deny"}]}`}}, nil,
			map[string]any{"Version": "2012-10-17", "Statement": []any{map[string]any{"Effect": "Deny"}}}, false},
		{"a source document that is none", map[string]any{"source_policy_documents": []any{"x"}}, nil,
			map[string]any{"Version": "2012-10-17", "Statement": []any{map[string]any{"Sid": unknownText, "Effect": "Allow", "Action": unknownText, "Resource": unknownText}}}, true},
		{"actions that are not known", map[string]any{"statement": []any{map[string]any{"effect": "Allow"}}}, map[string]any{"statement": []any{map[string]any{"actions": true}}},
			map[string]any{"Version": "2012-10-17", "Statement": []any{map[string]any{"Effect": "Allow", "Action": unknownText}}}, true},
	} {
		got, partial := renderPolicy(c.after, c.unknown)
		if diff := cmp.Diff(c.want, got); diff != "" || partial != c.partial {
			t.Errorf("%s: partial is %v\n%s", c.name, partial, diff)
		}
	}
}
